"""Socomec: values typed by hand; each place was seen in a recording, no MIB is public."""

from tests.drivers.harness import read_varbinds

OUTPUT = "1.3.6.1.4.1.4555.2.30.2"


async def test_voltages_and_currents_stand_in_pairs_of_tenths() -> None:
    outcome = await read_varbinds(
        "socomec-pdu",
        {
            f"{OUTPUT}.1.0": 499,
            f"{OUTPUT}.2.0": 2273,
            f"{OUTPUT}.3.0": 14,
            f"{OUTPUT}.6.0": 2310,
            f"{OUTPUT}.7.0": 25,
        },
    )

    assert outcome.value("rack_output_frequency_hertz") == 49.9
    assert outcome.value("rack_output_phase_voltage_volts", phase="1") == 227.3
    assert outcome.value("rack_output_phase_current_amperes", phase="1") == 1.4
    assert outcome.value("rack_output_phase_voltage_volts", phase="3") == 231
    assert outcome.value("rack_output_phase_current_amperes", phase="3") == 2.5
