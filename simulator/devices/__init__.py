"""Simulated devices: what each shows of the rack model over its protocol."""
