"""Device profiles and the few drivers that YAML cannot replace."""
