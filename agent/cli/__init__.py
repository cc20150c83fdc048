"""The command line, one file per kind of command."""

from agent.cli.program import app, guarded, main
from agent.cli.status import Status

__all__ = ["Status", "app", "guarded", "main"]
