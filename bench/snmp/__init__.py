"""SNMP compared with pysnmp and snmp_exporter: the cost of a poll from datagrams to text."""
