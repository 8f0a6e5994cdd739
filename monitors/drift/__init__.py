"""How far counts moved from the reference: one file, one distance."""
