"""Fuzzing: readers of outside input given bytes under atheris, and the seeds that are kept."""
