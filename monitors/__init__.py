"""Arithmetic and judgement over counts: no network, no clock, no scheduler, no web."""
