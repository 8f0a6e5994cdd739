"""What can only be said of a group against others: one file, one metric."""
