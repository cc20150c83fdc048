"""Physical faults: how each changes the rack, and how it is undone."""
