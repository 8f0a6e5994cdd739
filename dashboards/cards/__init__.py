"""Formats a model's card is written in: one file, one format, each with `written(card, at)`."""
