"""SNMP: messages, security, the walker and the session over shared datagram sockets."""
