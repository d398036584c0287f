"""Stand-ins of shops and hubs that speak their wire formats over real HTTP.

Used by the demo and the tests only; imports nothing else of the project.
"""
