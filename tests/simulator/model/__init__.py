"""Tests of the simulated rack's physics."""
