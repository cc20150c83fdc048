"""The JSON shape that other programs rely on, literally."""

import json
import math
from dataclasses import replace

import pytest

from agent.expose import json_model
from agent.model.series import OidSource, RegisterSource, Source
from agent.model.values import Failure, Identity, Quality, Raw, Reading, Value
from tests.agent.expose.rack import NOW, Rack

OID = OidSource("1.3.6.1.4.1.318.1.1.26.6.3.1.6.1")
VOLTAGE = Reading(
    "pdu-a", "rack_phase_voltage_volts", {"phase": "1"}, 242.0, "V", Quality.GOOD, "", NOW, OID, 242
)


def test_one_read_of_one_device() -> None:
    identity = Identity("APC", "AP8853", None, "v6.4", "1.3.6.1.4.1.318.1.3.4.6", "a long text")
    failures = [Failure("timeout", "no answer to GETBULK")]
    made = json_model.document(identity, "apc-rpdu2", "pdu", [VOLTAGE], failures)
    assert json.loads(json.dumps(made)) == {
        "device": {
            "profile": "apc-rpdu2",
            "kind": "pdu",
            "vendor": "APC",
            "model": "AP8853",
            "serial": None,
            "firmware": "v6.4",
            "sys_object_id": "1.3.6.1.4.1.318.1.3.4.6",
        },
        "readings": [
            {
                "metric": "rack_phase_voltage_volts",
                "labels": {"phase": "1"},
                "value": 242.0,
                "unit": "V",
                "quality": "good",
                "observed_at": "2026-11-22T07:00:00Z",
                "source": {"oid": "1.3.6.1.4.1.318.1.1.26.6.3.1.6.1", "raw": 242},
            }
        ],
        "failures": [{"kind": "timeout", "message": "no answer to GETBULK"}],
    }


def test_a_device_that_said_nothing() -> None:
    made = json_model.document(None, None, None, [], [])
    assert set(made["device"].values()) == {None}
    assert made["readings"] == made["failures"] == []


@pytest.mark.parametrize("value", [None, -1.0])
def test_a_bad_reading_is_null_and_says_why(value: Value) -> None:
    bad = replace(VOLTAGE, value=value, quality=Quality.BAD, reason="sentinel -1")
    made = json_model.reading(bad)
    assert (made["value"], made["quality"], made["reason"]) == (None, "bad", "sentinel -1")


def test_an_uncertain_reading_keeps_its_value_and_says_why() -> None:
    made = json_model.reading(replace(VOLTAGE, quality=Quality.UNCERTAIN, reason="clamped"))
    assert (made["value"], made["quality"], made["reason"]) == (242.0, "uncertain", "clamped")


def test_a_number_that_json_cannot_hold_is_null() -> None:
    assert json_model.reading(replace(VOLTAGE, value=math.nan))["value"] is None


@pytest.mark.parametrize(
    ("place", "raw", "shown"),
    [
        (OID, 242, {"oid": OID.oid, "raw": 242}),
        (OID, None, {"oid": OID.oid, "raw": None}),
        (OID, 1.5, {"oid": OID.oid, "raw": 1.5}),
        (OID, math.nan, {"oid": OID.oid, "raw": "nan"}),
        (OID, b"", {"oid": OID.oid, "raw": ""}),
        (OID, b"swp1", {"oid": OID.oid, "raw": "swp1"}),
        (OID, "Zürich °C".encode(), {"oid": OID.oid, "raw": "Zürich °C"}),
        (OID, b"\x00\x1b\x21\xff", {"oid": OID.oid, "raw": "0x001b21ff"}),
        (OID, b"two\nlines", {"oid": OID.oid, "raw": "0x74776f0a6c696e6573"}),
        (OID, b"0x12", {"oid": OID.oid, "raw": "0x30783132"}),
        (
            RegisterSource("holding", 36865, 1),
            (231,),
            {"table": "holding", "address": 36865, "count": 1, "raw": [231]},
        ),
        (
            RegisterSource("input", 0, 2),
            (0x4148, 0),
            {"table": "input", "address": 0, "count": 2, "raw": [16712, 0]},
        ),
        (
            RegisterSource("coil", 3, 1),
            1,
            {"table": "coil", "address": 3, "count": 1, "raw": [1]},
        ),
        (
            RegisterSource("holding", 3, 1),
            None,
            {"table": "holding", "address": 3, "count": 1, "raw": []},
        ),
    ],
)
def test_what_stood_on_the_wire(place: Source, raw: Raw, shown: dict[str, object]) -> None:
    assert json_model.source(place, raw) == shown


@pytest.mark.parametrize(
    ("unix_s", "text"), [(NOW + 0.999, "2026-11-22T07:00:00Z"), (0.0, "1970-01-01T00:00:00Z")]
)
def test_times_are_utc_in_whole_seconds(unix_s: float, text: str) -> None:
    assert json_model.timestamp(unix_s) == text


def test_a_state_is_shown_by_its_name() -> None:
    state = next(r for r in Rack().store.readings("pdu-a") if r.metric == "rack_outlet_state")
    assert json_model.reading(state)["value"] == "on"
    assert json_model.reading(state)["unit"] == ""
