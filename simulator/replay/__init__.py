"""Replay of recordings whose values move over time."""
