"""What reading registers costs, and how close to the wire a serial line is read."""
