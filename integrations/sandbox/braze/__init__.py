"""A stand-in of Braze's REST API, whose counts follow the shops' real orders."""
