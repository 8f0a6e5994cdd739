"""What people do with the tool: one file, one metric."""
