"""SunSpec meter behind a common model of 66 registers: the same model, one register further."""

from tests.drivers.test_witness_sunspec_meter import TestMeter as Meter


class TestMeterBehind66(Meter):
    """The number of the meter model stands at 40070."""

    profile = "sunspec-meter-66"
    model = 40070
