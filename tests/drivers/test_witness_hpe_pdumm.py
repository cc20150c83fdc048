"""HP PDU Management Module: values typed by hand from CPQPOWER-MIB, currents as it gives them."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.232.165.2"


async def test_two_pdus_and_their_breakers() -> None:
    outcome = await read_varbinds(
        "hpe-pdumm",
        {
            f"{BASE}.1.2.1.8.1": 2,
            f"{BASE}.1.2.1.8.2": 4,
            f"{BASE}.3.1.1.2.1": 23,
            f"{BASE}.3.1.1.4.1": 1610,
            f"{BASE}.3.1.1.4.2": -1,
            f"{BASE}.3.2.1.2.1.3": 231,
            f"{BASE}.3.2.1.3.1.3": 7,
            f"{BASE}.3.2.1.4.1.3": 43,
            f"{BASE}.3.2.1.5.1.3": 2,
        },
    )

    assert outcome.value("rack_device_state") == "ok"
    assert outcome.value("rack_device_state", unit="2") == "failed"
    assert outcome.value("rack_inlet_utilization_ratio") == 0.23
    assert outcome.value("rack_inlet_power_watts") == 1610
    assert outcome.value("rack_inlet_power_watts", unit="2") is None
    assert outcome.value("rack_branch_voltage_volts", branch="3") == 231
    assert outcome.value("rack_branch_current_amperes", branch="3") == 7
    assert outcome.value("rack_branch_utilization_ratio", branch="3") == 0.43
    assert outcome.value("rack_branch_state", branch="3", quantity="load") == "overload_warning"
    assert outcome.failures == ()
