"""Any SNMP agent: values typed by hand from SNMPv2-MIB, IF-MIB and LM-SENSORS-MIB."""

from tests.drivers.harness import library, read_varbinds


def test_it_is_the_profile_of_last_resort() -> None:
    fallbacks = [p.name for p in library().all() if any(rule.fallback for rule in p.identify)]
    assert fallbacks == ["snmp-generic"]


async def test_interfaces_and_uptime() -> None:
    outcome = await read_varbinds(
        "snmp-generic",
        {
            "1.3.6.1.2.1.1.3.0": 4200,
            "1.3.6.1.2.1.2.2.1.2.1": "lo",
            "1.3.6.1.2.1.2.2.1.8.1": 1,
            "1.3.6.1.2.1.2.2.1.14.1": 0,
        },
    )

    assert outcome.value("rack_uptime_seconds_total") == 42
    assert outcome.value("rack_port_oper_state", port="lo") == "up"
    assert outcome.value("rack_port_receive_errors_total", port="lo") == 0
    assert outcome.failures == ()


async def test_a_negative_fan_speed_that_became_unsigned_is_no_speed() -> None:
    lm = "1.3.6.1.4.1.2021.13.16"
    outcome = await read_varbinds(
        "snmp-generic",
        {
            f"{lm}.2.1.2.1": "Core 0",
            f"{lm}.2.1.3.1": 41_500,
            f"{lm}.3.1.2.1": "fan1",
            f"{lm}.3.1.3.1": 4_294_944_255,
            f"{lm}.4.1.2.1": "in0",
            f"{lm}.4.1.3.1": 12_187,
        },
    )

    temperature = outcome.value("rack_sensor_temperature_celsius", sensor="Core 0", index="1")
    assert temperature == 41.5
    assert outcome.value("rack_fan_speed_rpm", fan="fan1", index="1") is None
    assert outcome.value("rack_sensor_voltage_volts", sensor="in0", index="1") == 12.187
