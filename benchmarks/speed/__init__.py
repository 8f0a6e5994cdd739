"""How fast Rounds counts, beside a bare scan and beside its peers, on the same rows in the same hour."""
