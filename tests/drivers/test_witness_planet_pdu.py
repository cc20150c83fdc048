"""PLANET: values typed by hand from the definitions of DIGIPDU-MIB."""

from tests.drivers.harness import read_varbinds

SMART = "1.3.6.1.4.1.10456.3"
FEED, OUTLET, PDU = f"{SMART}.3.2.1", f"{SMART}.3.3.1", f"{SMART}.3.4.1"


async def test_currents_are_tenths_of_amperes() -> None:
    outcome = await read_varbinds(
        "planet-pdu",
        {
            f"{FEED}.3.1": 231,
            f"{FEED}.5.1": 37,
            f"{FEED}.6.1": 850,
            f"{FEED}.13.1": 12,
            f"{OUTLET}.4.3": 3,
            f"{OUTLET}.7.3": 5,
            f"{OUTLET}.9.3": 110,
        },
    )

    assert outcome.value("rack_inlet_voltage_volts", inlet="1") == 231
    assert outcome.value("rack_inlet_current_amperes", inlet="1") == 3.7
    assert outcome.value("rack_inlet_power_watts", inlet="1") == 850
    assert outcome.value("rack_branch_current_amperes", inlet="1", branch="1") == 1.2
    assert outcome.value("rack_outlet_state", outlet="3") == "on_pending"
    assert outcome.value("rack_outlet_current_amperes", outlet="3") == 0.5
    assert outcome.value("rack_outlet_power_watts", outlet="3") == 110


async def test_a_frequency_counts_only_where_it_can_be_hertz() -> None:
    hertz = await read_varbinds("planet-pdu", {f"{FEED}.4.1": 50})
    tenths = await read_varbinds("planet-pdu", {f"{FEED}.4.1": 500})

    assert hertz.value("rack_inlet_frequency_hertz", inlet="1") == 50
    assert tenths.value("rack_inlet_frequency_hertz", inlet="1") is None


async def test_the_first_pdu_of_the_chain_is_not_counted_twice() -> None:
    outcome = await read_varbinds(
        "planet-pdu",
        {
            f"{FEED}.6.1": 850,
            f"{PDU}.8.1": 850,
            f"{PDU}.8.2": 120,
            f"{PDU}.4.3": 0,
            f"{PDU}.8.3": 0,
        },
    )

    assert outcome.value("rack_inlet_power_watts", inlet="1") == 850
    assert outcome.value("rack_inlet_power_watts", inlet="1", unit="2") == 120
    assert len([r for r in outcome.readings if r.metric == "rack_inlet_power_watts"]) == 2


async def test_a_setting_turns_degrees_into_fahrenheit() -> None:
    sensor = f"{SMART}.3.5.1"
    rows: dict[str, int | str] = {f"{sensor}.2.1": 1, f"{sensor}.3.1": 770}
    outcome = await read_varbinds("planet-pdu", rows | {f"{SMART}.1.11.0": 1})

    assert outcome.value("rack_sensor_temperature_celsius", sensor="inbuilt-1") == 25
