"""Speed, scale and validity, measured; not part of the tests."""
