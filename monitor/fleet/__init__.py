"""The fleet as a file: accounts, stores, integrations and subscriptions in YAML.

``loading`` reads and checks a file, ``comparing`` finds what it would change, ``applying`` changes
it in one transaction, ``exporting`` writes the file that describes what is stored, ``schema``
documents the format. docs/fleet.md is the guide for people.
"""
