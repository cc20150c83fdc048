"""Modbus over TCP, RTU, RTU over TCP and ASCII: framing, bus and transport."""
