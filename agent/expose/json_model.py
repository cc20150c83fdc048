"""Readings and devices as JSON objects, the shape that other programs rely on."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from agent.model.series import OidSource, RegisterSource, Source
from agent.model.values import Failure, Identity, Quality, Raw, Reading, Value

Json = dict[str, Any]


def reading(record: Reading) -> Json:
    """One reading; ``reason`` appears only where the quality is not good."""
    good = record.quality is Quality.GOOD
    return {
        "metric": record.metric,
        "labels": dict(record.labels),
        "value": None if record.quality is Quality.BAD else _value(record.value),
        "unit": record.unit,
        "quality": record.quality.value,
        "observed_at": timestamp(record.observed_at),
        "source": source(record.source, record.raw),
    } | ({} if good else {"reason": record.reason})


def source(place: Source, raw: Raw) -> Json:
    """Where a reading came from and what stood there."""
    match place:
        case OidSource(oid):
            return {"oid": oid, "raw": _raw(raw)}
        case RegisterSource(table, address, count):
            words = _raw(raw)
            listed = words if isinstance(words, list) else [] if raw is None else [words]
            return {"table": table, "address": address, "count": count, "raw": listed}


def failure(record: Failure) -> Json:
    """One thing that could not be read."""
    return {"kind": record.kind, "message": record.message}


def identity(known: Identity | None) -> Json:
    """What a device says of itself; null where it says nothing."""
    known = known or Identity()
    return {
        "vendor": known.vendor,
        "model": known.model,
        "serial": known.serial,
        "firmware": known.firmware,
        "sys_object_id": known.sys_object_id,
    }


def document(
    known: Identity | None,
    profile: str | None,
    kind: str | None,
    readings: Iterable[Reading],
    failures: Iterable[Failure],
) -> Json:
    """One read of one device, as ``rackagent read --format json`` prints it."""
    return {
        "device": {"profile": profile, "kind": kind} | identity(known),
        "readings": [reading(record) for record in readings],
        "failures": [failure(record) for record in failures],
    }


def timestamp(unix_s: float) -> str:
    """RFC 3339 in UTC, in whole seconds: ``2026-11-22T07:00:00Z``."""
    return datetime.fromtimestamp(math.floor(unix_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _value(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _raw(raw: Raw) -> int | float | str | list[int] | None:
    """JSON has no octets and no infinities: those become text that cannot be mistaken."""
    match raw:
        case bytes():
            return _octets(raw)
        case tuple():
            return list(raw)
        case float():
            return raw if math.isfinite(raw) else repr(raw)
        case _:
            return raw


def _octets(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return f"0x{raw.hex()}"
    # text that starts like our hex is shown as hex too, so that every form has one meaning
    return text if text.isprintable() and not text.startswith("0x") else f"0x{raw.hex()}"
