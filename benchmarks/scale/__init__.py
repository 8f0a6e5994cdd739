"""How far it goes: a night of 500 models through Prefect and MLflow, and ten years of days in one ledger."""
