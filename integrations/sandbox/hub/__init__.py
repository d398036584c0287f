"""The hub process: a Sendcloud stand-in that imports from the shops over HTTP."""
