"""Prefect, and everything that reaches outside: sources, engines, MLflow, Evidently, channels."""
