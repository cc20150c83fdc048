"""Tests of the Modbus framing, bus and transport."""
