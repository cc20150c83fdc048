"""Where readings leave the agent: Prometheus, HTTP, JSON and the start page."""
