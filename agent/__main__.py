"""``python -m agent`` is the same as ``rackagent``."""

from agent.cli import main

main()
