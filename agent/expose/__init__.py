"""The outputs of the agent: Prometheus, HTTP, JSON and MQTT."""
