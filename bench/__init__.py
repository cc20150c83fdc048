"""Measurements; each writes its figures to bench/results."""
