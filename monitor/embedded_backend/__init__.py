"""Django's PostgreSQL backend that brings its server up when the first query needs it."""
