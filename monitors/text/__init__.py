"""Numbers taken from text where the text lives: one file, one measure."""
