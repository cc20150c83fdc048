"""HW group leak detectors: the four values of HWg-WLD-MIB, typed by hand."""

from tests.drivers.harness import read_varbinds

WLD = "1.3.6.1.4.1.21796.4.5.4.1"


async def test_water_is_a_leak_and_a_cut_cable_is_a_fault() -> None:
    rows: dict[str, int | str] = {}
    for row, value in enumerate((0, 1, 2, 3), 1):
        rows |= {f"{WLD}.2.{row}": f"Cable {row}", f"{WLD}.3.{row}": 1 if value == 0 else 3}
        rows |= {f"{WLD}.4.{row}": f"27C0{row}", f"{WLD}.5.{row}": row, f"{WLD}.6.{row}": value}
    outcome = await read_varbinds("hwg-wld", rows)

    def all_four(metric: str, **labels: str) -> list[object]:
        cables = [(str(row), f"Cable {row}") for row in (1, 2, 3, 4)]
        return [outcome.value(metric, sensor=n, name=name, **labels) for n, name in cables]

    assert all_four("rack_leak_detected") == [0, 1, None, None]
    assert all_four("rack_leak_sensor_fault") == [0, 0, 1, 1]
    assert all_four("rack_leak_state") == ["normal", "flooded", "disconnected", "invalid"]
    assert all_four("rack_sensor_state", quantity="alarm") == ["normal", "alarm", "alarm", "alarm"]
    assert outcome.failures == ()
