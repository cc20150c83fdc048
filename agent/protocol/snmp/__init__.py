"""SNMP without I/O: BER, messages, the user-based security model and table walks."""
