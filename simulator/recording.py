"""Recordings as the simulator replays them: the agent reads the same files."""

from agent.recording import parse_recording, read_recording

__all__ = ["parse_recording", "read_recording"]
