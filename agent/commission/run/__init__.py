"""Execution of a run: stimuli, hold times, abort limits, and undoing of stimuli."""
