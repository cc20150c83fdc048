"""The running agent: wiring, reload, logs, watchdog."""
