"""The instruments of each kind of device: its points and their values."""
