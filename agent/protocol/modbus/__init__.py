"""Modbus without I/O: queries, replies and their framing."""
