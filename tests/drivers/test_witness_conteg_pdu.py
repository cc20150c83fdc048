"""Conteg: SCHLEIFENBAUER-DATABUS-MIB, which Conteg took over, below a number of its own."""

from tests.drivers.test_witness_schleifenbauer_databus import TestSchleifenbauer as Databus


class TestConteg(Databus):
    """The same tables, columns and units."""

    profile = "conteg-pdu"
    bus = "1.3.6.1.4.1.28402.12.1.1"
