"""A laboratory: simulated fleets and faults, judged and told by the real judge and the real alerting."""
