"""Transports: all access to sockets and serial ports, behind ``Transport.fetch``."""
