"""Carry out a run: apply stimuli, hold steps, watch limits, undo."""
