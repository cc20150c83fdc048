"""The command line, one file per kind of command."""

from agent.cli.program import Status, app, guarded, main

__all__ = ["Status", "app", "guarded", "main"]
