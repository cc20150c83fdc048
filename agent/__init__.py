"""The rackagent daemon: poll, decode, normalise, expose."""
