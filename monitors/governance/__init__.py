"""Governance: what people agreed, decided and owe, and how it can be shown later; all of it in the ledger."""
