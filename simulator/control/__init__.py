"""Watch and control a running simulation: HTTP, terminal, trace log."""
