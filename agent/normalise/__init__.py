"""Conversion of native values to readings in base units and back, and its state per device."""
