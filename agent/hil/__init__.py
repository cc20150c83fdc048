"""Tests on a rack, simulated or real, through the agent's own reading of it."""
