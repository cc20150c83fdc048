"""Shipped profiles against recordings of real devices: every trusted row, by its OID."""

import pytest

from tests.drivers.harness import Comparison, compare

pytestmark = pytest.mark.corpus

COMPLETE = [
    ("pdu/apc_ap8853", "apc-rpdu2"),
    ("pdu/apc_ap7900b", "apc-rpdu2"),
    ("pdu/apc_apdu9959eu3", "apc-rpdu2"),
    ("pdu/raritan-pdu_px2", "raritan-pdu2"),
    ("pdu/raritan-pdu_px2-temp", "raritan-pdu2"),
    ("pdu/sentry4", "servertech-sentry4"),
]
"""Every trusted row of the oracle, states too, is read and agrees."""

MEASURED = (
    "voltage",
    "current",
    "power",
    "power_consumed",
    "temperature",
    "frequency",
    "fanspeed",
    "humidity",
)

SENTINELS = {
    "apc-rpdu2": (-1,),
    "raritan-pdu2": (-1,),
    "servertech-sentry4": (-1, -410),
}


def assert_clean(found: Comparison, profile: str) -> None:
    assert found.outcome.duplicates() == []
    assert found.outcome.failures == ()
    assert found.sentinels(*SENTINELS[profile]) == []


@pytest.mark.parametrize(("recording", "profile"), COMPLETE)
async def test_every_trusted_row_is_read(recording: str, profile: str) -> None:
    found = await compare(recording, profile)

    assert found.rows(), "the oracle has rows"
    assert found.missing() == []
    assert found.wrong() == []
    assert_clean(found, profile)


async def test_raritan_px3_is_read_but_for_what_the_device_calls_unavailable() -> None:
    found = await compare("pdu/raritan-pdu_px3", "raritan-pdu2")

    assert len(found.rows(MEASURED)) == 129
    assert found.missing(MEASURED) == []
    assert found.wrong(MEASURED) == []
    assert_clean(found, "raritan-pdu2")
    # 15 idle outlets have no power factor: state -1 (unavailable). The oracle reads 0.
    unavailable = found.wrong(["power_factor"])
    assert len(unavailable) == 15
    assert all("is -1" in row for row in unavailable)
    assert found.missing(["power_factor"]) == []
    # States stand in column 3; the oracle reads the value column 4, which is 0 for all of them.
    values = found.missing(["state"])
    assert len(values) == len(found.rows(["state"])) == 30
    for row in found.rows(["state"]):
        column_3 = row["oid"].replace(".3.1.4.", ".3.1.3.")
        assert [r.value is not None for r in found.outcome.at(column_3)] == [True]


async def test_raritan_power_factor_has_its_digits() -> None:
    found = await compare("pdu/raritan-pdu_px3", "raritan-pdu2")

    assert found.outcome.value("rack_inlet_power_factor_ratio", inlet="I1") == 0.98


async def test_what_the_oracle_does_not_list_is_read_too() -> None:
    found = await compare("pdu/raritan-pdu_px3", "raritan-pdu2")

    assert len([r for r in found.outcome.good if r.metric == "rack_outlet_state"]) >= 24
