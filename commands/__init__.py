"""The command line: one file is one command, found by being there."""
