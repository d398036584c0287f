"""Running the whole product as one foreground process: what ``manage.py up`` does."""
