"""Cloudflare by its API, version 4: the zone in front of a shop."""
