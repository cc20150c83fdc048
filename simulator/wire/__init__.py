"""Protocol servers of the simulator: SNMP responder and Modbus server, with their faults."""
