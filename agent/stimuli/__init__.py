"""Carry out what a configuration has for stimuli: commands, and writes that somebody confirmed."""
