"""From an address that a person typed to the shop behind it: platform, version, API, time zone.

``typed`` understands what was typed, ``site`` opens the front page, a module per platform looks for its
own API, and ``detect`` asks them in turn. Everything is read without credentials and changes nothing.
"""
