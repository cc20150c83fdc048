"""Look at and steer a running simulation: HTTP, terminal, trace log."""
