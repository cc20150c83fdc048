"""Open Rack v3 high-power shelf: words typed by hand from the map's binary points."""

from tests.drivers.harness import read_registers


async def test_six_supplies_sixteen_registers_apart() -> None:
    # 277.25 V x 64 and 10.5 A x 1024 of the first, 276 V and 9.75 A of the last
    outcome = await read_registers(
        "orv3-power-shelf", {257: 17_744, 258: 10_752, 337: 17_664, 338: 9984, 289: 0xFFFF}
    )

    assert outcome.value("rack_psu_input_voltage_volts", psu="1") == 277.25
    assert outcome.value("rack_psu_input_current_amperes", psu="1") == 10.5
    assert outcome.value("rack_psu_input_voltage_volts", psu="6") == 276
    assert outcome.value("rack_psu_input_current_amperes", psu="6") == 9.75
    assert outcome.value("rack_psu_input_voltage_volts", psu="3") is None
    assert len(outcome.readings) == 12
    assert outcome.duplicates() == []
    assert outcome.failures == ()
