"""DigiPower PDU: values typed by hand from the definitions of DigiPower-PDU-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.17420.1.2"


async def test_two_pdus_and_a_probe() -> None:
    outcome = await read_varbinds(
        "digipower-pdu",
        {
            f"{BASE}.9.1.11.0": 83,
            f"{BASE}.9.1.17.0": 230,
            f"{BASE}.9.16.11.0": 5,
            f"{BASE}.9.3.11.0": -1,
            f"{BASE}.7.0": 24,
            f"{BASE}.8.0": 38,
        },
    )

    assert outcome.value("rack_inlet_current_amperes") == 8.3
    assert outcome.value("rack_inlet_voltage_volts") == 230
    assert outcome.value("rack_inlet_current_amperes", unit="16") == 0.5
    assert outcome.value("rack_inlet_current_amperes", unit="3") is None
    assert outcome.value("rack_air_temperature_celsius") == 24
    assert outcome.value("rack_relative_humidity_ratio") == 0.38
    assert outcome.failures == ()
