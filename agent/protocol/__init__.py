"""Wire formats without I/O: encoding and decoding of SNMP and Modbus messages."""
