"""Modbus without I/O: questions, answers and their framing."""
