"""Configured stimuli: commands, and writes that the user has confirmed."""
