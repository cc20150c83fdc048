"""Faults of racks and wires: their names, schedules and injection."""
