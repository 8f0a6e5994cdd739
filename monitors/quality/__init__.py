"""Whether the data are all there and make sense: one file, one metric."""
