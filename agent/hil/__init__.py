"""Tests on a simulated or real rack, which read it with the agent's profiles and transports."""
