"""The records of the agent: values, units, metrics, credentials and errors; no I/O."""
