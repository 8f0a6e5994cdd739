"""One file, one page: each declares a `router`, and is found by being here."""
