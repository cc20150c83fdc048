"""Power monitor module of a shelf of supplies: words typed by hand from the published map."""

from tests.drivers.harness import Outcome, read_registers


def active(outcome: Outcome) -> set[tuple[str | None, str | None, str | None]]:
    """Part, alarm and severity of what is raised."""
    return {
        (r.labels.get("part"), r.labels.get("alarm"), r.labels.get("severity"))
        for r in outcome.good
        if r.metric == "rack_alarm_active" and r.value == 1
    }


class TestSupplies:
    """Which modules are there, what is wrong, and the errors on their bus."""

    profile = "orv3-hpr-pmm-psu"

    async def test_modules_are_there_and_planned(self) -> None:
        # modules 1, 2 and 6 are there; all six are planned; the cable is in
        outcome = await read_registers(self.profile, {87: 0b100011, 90: 0b111111, 86: 1})

        def state(module: int, quantity: str) -> object:
            labels = {"component": f"module_{module}", "class": "module", "quantity": quantity}
            return outcome.value("rack_component_state", **labels)

        present = [state(module, "presence") for module in range(1, 7)]
        assert present == ["present", "present", "absent", "absent", "absent", "present"]
        assert state(3, "plan") == "planned"
        cable = outcome.value("rack_component_state", component="share_cable", quantity="presence")
        assert cable == "present"

    async def test_alarms(self) -> None:
        outcome = await read_registers(
            self.profile, {88: 1 << 4, 89: 1 | 1 << 8 | 1 << 10, 93: 1 << 1 | 1 << 13}
        )

        assert active(outcome) == {
            ("module_5", "module", None),
            (None, "missing_modules", None),
            (None, "module_alerts", None),
            (None, "busbar_overtemperature", "critical"),
            ("module_1", "module_link", None),
            ("module_11", "module_link", None),
        }

    async def test_bus_errors_of_each_module(self) -> None:
        outcome = await read_registers(self.profile, {94: 2, 95: 3, 96: 4, 101: 5, 102: 6, 107: 7})

        errors = "rack_bus_errors_total"
        assert outcome.value(errors, kind="serial_crc") == 2
        assert outcome.value(errors, kind="monitor_crc") == 3
        assert outcome.value(errors, kind="module_crc", index="1") == 4
        assert outcome.value(errors, kind="module_crc", index="6") == 5
        assert outcome.value(errors, kind="module_timeout", index="1") == 6
        assert outcome.value(errors, kind="module_timeout", index="6") == 7
        assert outcome.duplicates() == []
        assert outcome.failures == ()
