"""Commissioning: from readings to a verdict with evidence."""
