"""How well scores and decisions meet outcomes: one file, one metric."""
