"""Open Rack v3 capacitor bank unit: status words typed by hand from the published map."""

from tests.drivers.harness import read_registers


async def test_alarms_say_which_way_the_current_goes() -> None:
    # 154 holds the faults of discharging, 155 those of charging
    outcome = await read_registers(
        "orv3-capacitor-unit",
        {
            104: 1 << 9 | 1 << 7,
            153: 1 << 3 | 1,
            154: 1 << 4,
            155: 1 << 3,
            157: 1 << 5,
            164: 1 << 10,
        },
    )

    active = {
        (r.labels.get("part"), r.labels["alarm"], r.labels.get("severity"))
        for r in outcome.good
        if r.value == 1
    }
    assert active == {
        (None, "cell_overvoltage", "critical"),
        (None, "end_of_life", None),
        (None, "fan_1", None),
        (None, "temperature", "critical"),
        ("discharger", "input_undervoltage", "critical"),
        ("charger", "output_overvoltage", "critical"),
        ("temperature", "busbar_clip", "critical"),
        (None, "input_loss", None),
    }
    assert outcome.duplicates() == []
    assert outcome.failures == ()
