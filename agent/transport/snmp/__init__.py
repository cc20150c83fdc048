"""SNMP transport over shared UDP sockets, and the reception of traps and informs."""
