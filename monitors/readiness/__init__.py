"""Data readiness: whether a source could carry a model, judged from counts before there is one."""
