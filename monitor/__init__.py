"""The product: collects, judges, alerts, refreshes and shows."""
