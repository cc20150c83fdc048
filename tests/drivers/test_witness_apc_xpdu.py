"""APC InfraStruXure PDU: values typed by hand from PowerNet-MIB's xPDU definitions."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.318.1.1.15"


async def test_a_transformer_has_no_neutral_at_its_input() -> None:
    outcome = await read_varbinds(
        "apc-xpdu",
        {
            f"{BASE}.3.1.4.1.2.1": 4801,
            f"{BASE}.3.1.4.1.2.3": 4786,
            f"{BASE}.3.1.4.1.3.1": -1,
            f"{BASE}.3.4.14.1.2.1": 2080,
            f"{BASE}.3.4.14.1.3.2": 1199,
            f"{BASE}.3.4.14.1.4.2": 423,
            f"{BASE}.3.4.14.1.5.2": 48,
            f"{BASE}.3.4.14.1.6.2": 51,
            f"{BASE}.3.4.14.1.7.2": 94,
        },
    )

    assert outcome.value("rack_inlet_voltage_volts", inlet="main", line="L1-L2") == 480.1
    assert outcome.value("rack_inlet_voltage_volts", inlet="main", line="L3-L1") == 478.6
    assert outcome.value("rack_inlet_voltage_volts", inlet="main", phase="1") is None
    assert outcome.value("rack_output_phase_voltage_volts", line="L1-L2") == 208.0
    assert outcome.value("rack_output_phase_voltage_volts", phase="2") == 119.9
    assert outcome.value("rack_output_phase_current_amperes", phase="2") == 42.3
    assert outcome.value("rack_output_phase_power_watts", phase="2") == 4800
    assert outcome.value("rack_output_phase_apparent_power_voltamperes", phase="2") == 5100
    assert outcome.value("rack_output_phase_power_factor_ratio", phase="2") == 0.94
    assert outcome.failures == ()


async def test_totals_and_states() -> None:
    outcome = await read_varbinds(
        "apc-xpdu",
        {
            f"{BASE}.3.4.1.0": 599,
            f"{BASE}.3.4.2.0": 37,
            f"{BASE}.3.4.3.0": 144,
            f"{BASE}.3.4.4.0": 150,
            f"{BASE}.3.4.5.0": 96,
            f"{BASE}.3.5.1.0": -1,
            f"{BASE}.4.1.2.1.2.3": "Q2 Output",
            f"{BASE}.4.1.2.1.3.3": 2,
            f"{BASE}.7.1.0": 1,
            f"{BASE}.7.2.0": 2,
            f"{BASE}.7.3.0": 3,
        },
    )

    assert outcome.value("rack_output_frequency_hertz") == 59.9
    assert outcome.value("rack_output_current_amperes", line="N") == 3.7
    assert outcome.value("rack_output_power_watts") == 14_400
    assert outcome.value("rack_output_apparent_power_voltamperes") == 15_000
    assert outcome.value("rack_output_power_factor_ratio") == 0.96
    assert outcome.value("rack_output_residual_current_amperes") is None
    breaker = {"branch": "Q2 Output", "index": "3", "quantity": "position"}
    assert outcome.value("rack_branch_state", **breaker) == "closed"
    assert outcome.value("rack_device_state", part="emergency_power_off") == "armed"
    assert outcome.value("rack_device_state", part="transformer") == "over_temperature"
    assert outcome.value("rack_device_state", part="fans") == "not_present"


async def test_a_rating_of_two_is_a_neutral_connection_and_zero_an_empty_position() -> None:
    ratings = {1: 20, 2: 0, 3: 2}
    rows: dict[str, int | str] = {f"{BASE}.4.2.3.1.2.{n}": a for n, a in ratings.items()}
    rows |= {f"{BASE}.4.2.3.1.5.{n}": 10 * n for n in ratings}

    outcome = await read_varbinds("apc-xpdu", rows)

    currents = {
        r.labels["branch"]: r.value
        for r in outcome.good
        if r.metric == "rack_branch_current_amperes"
    }
    assert currents == {"1": 1.0, "3": 3.0}
    limits = [r for r in outcome.good if r.metric == "rack_branch_current_limit_amperes"]
    assert [(r.labels["branch"], r.value) for r in limits] == [("1", 20)]
