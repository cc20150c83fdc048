"""A hundred simulated racks and one agent that polls them."""
