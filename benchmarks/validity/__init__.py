"""Whether verdicts can be trusted: studies on made-up data whose truth is known.

Each module here with a `study()` is one; it returns Markdown. `python -m benchmarks.validity`
runs them all and writes docs/validity.md.
"""
