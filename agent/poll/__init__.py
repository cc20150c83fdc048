"""Readers of devices: identification, scheduled polls, single reads and scans."""
