"""What is particular to recorded switches: what the oracle does not list, and optics in dBm."""

import pytest

from tests.drivers.harness import compare
from tests.drivers.recordings import read

pytestmark = pytest.mark.corpus


@pytest.mark.parametrize(
    ("name", "metric", "least"),
    [
        ("edgecos_dcs203", "rack_port_receive_bytes_total", 50),
        ("edgecos_dcs203", "rack_optic_receive_power_watts", 20),
        ("cumulus_bgp", "rack_port_oper_state", 60),
        ("arista_eos", "rack_optic_transmit_power_watts", 30),
        ("arubaos-cx_100gb", "rack_optic_receive_power_watts", 4),
        ("dnos_s4048", "rack_psu_input_power_watts", 2),
        ("fs-switch-dc_fs-switch-dc", "rack_optic_bias_current_amperes", 18),
    ],
)
def test_what_the_oracle_does_not_list_is_read_too(name: str, metric: str, least: int) -> None:
    found = read(f"switch/{name}")

    assert len([r for r in found.outcome.good if r.metric == metric]) >= least


def test_the_oracles_dbm_are_the_watts_that_the_device_gives() -> None:
    found = read("switch/arubaos-cx_100gb")
    rows = [row for row in found.expected if row["cls"] == "dbm"]

    assert rows
    for row in rows:
        (reading,) = found.outcome.at(row["oid"])
        assert isinstance(reading.value, float)
        assert reading.value == pytest.approx(10 ** (row["expected"] / 10) / 1000)


async def test_the_generic_profile_reads_a_switch_like_the_switch_profile() -> None:
    own = read("switch/cumulus_bgp")
    generic = await compare("switch/cumulus_bgp", "snmp-generic")

    assert len(generic.outcome.readings) == len(own.outcome.readings)
