"""SNMP beside pysnmp and snmp_exporter: what a poll costs from the wire to the text."""
