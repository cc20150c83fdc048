"""Readings to an MQTT broker, stored first and forwarded then."""
