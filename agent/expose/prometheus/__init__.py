"""Readings and the agent's own state as Prometheus metrics."""
