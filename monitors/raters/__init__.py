"""Raters: people who read outputs, how far they agree, and what they found."""
