"""What people look at: reads the ledger, writes only what a person signs."""
