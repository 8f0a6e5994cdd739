"""The bias audit that a committee decides on: one report model, written as JSON, HTML and PDF."""
