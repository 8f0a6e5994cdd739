"""Channels: one file, one way to tell people, found by being there."""
