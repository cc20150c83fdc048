"""Read devices: identify them, poll them on schedule, read them once, scan for them."""
