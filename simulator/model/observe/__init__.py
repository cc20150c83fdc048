"""What each kind of device shows of the rack."""
