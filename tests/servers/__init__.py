"""The laboratory of real servers: shops behind nginx and Apache that are broken one by one, and mended."""
