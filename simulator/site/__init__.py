"""A simulated site: its racks and devices on the addresses of a configuration."""
