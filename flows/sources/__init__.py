"""Where predictions come from: one file, one source, found by being there."""
