"""Cloudflare's API, version 4: the part that reads zones."""
