"""Readings to an MQTT broker, by store and forward."""
