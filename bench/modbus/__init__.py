"""CPU cost of reading registers, and reads of a serial line against its physical minimum."""
