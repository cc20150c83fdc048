"""A first profile of a device nobody has described: recording and MIB files in, YAML page out."""
