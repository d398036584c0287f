"""A mail server that delivers to a web page: nothing leaves the machine."""
