"""Shipped configuration: model files, their demo data, Prometheus rules and the JSON Schema."""
