"""Braze, behind Shopify: how many events a workspace receives. It imports no orders and has no refresh."""
