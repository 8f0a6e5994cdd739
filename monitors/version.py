"""The version of Rounds, which every audit names."""

VERSION = "0.1.0"
SOFTWARE = f"rounds {VERSION}"
