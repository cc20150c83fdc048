"""Next steps for a device without a profile: what was read, and how to write a profile."""

from collections import Counter
from collections.abc import Iterable, Sequence

from agent.model.series import OidSource
from agent.model.values import Reading
from agent.profile.points import Profile

_STANDARDS = (
    ("1.3.6.1.2.1.1.", "SNMPv2-MIB"),
    ("1.3.6.1.2.1.2.", "IF-MIB"),
    ("1.3.6.1.2.1.31.", "IF-MIB"),
    ("1.3.6.1.2.1.47.", "ENTITY-MIB"),
    ("1.3.6.1.2.1.99.", "ENTITY-SENSOR-MIB"),
    ("1.3.6.1.4.1.9.9.91.", "CISCO-ENTITY-SENSOR-MIB"),
    ("1.3.6.1.4.1.2021.13.16.", "LM-SENSORS-MIB"),
    ("1.0.8802.1.1.2.", "LLDP-MIB"),
)


def is_fallback(profile: Profile) -> bool:
    """Return whether ``profile`` is the generic fallback of its protocol."""
    return any(rule.fallback for rule in profile.identify)


def unknown_device(
    url: str,
    sys_object_id: str | None,
    sys_descr: str | None,
    readings: Sequence[Reading] | None = None,
) -> list[str]:
    """Return lines for stderr. ``readings`` is None if nothing was read yet."""
    reported = ", ".join(
        text
        for text in (
            f"sysObjectID {sys_object_id}" if sys_object_id else "",
            f"sysDescr {' '.join(sys_descr.split())!r}" if sys_descr else "",
        )
        if text
    )
    lines = [f"note: no profile fits this device; it reports: {reported or 'no identity'}"]
    if readings is not None:
        counts = standards(readings)
        found = ", ".join(f"{name} ({count})" for name, count in counts.items())
        lines.append(f"note: only standard MIBs were read (number of readings): {found or 'none'}")
    lines.append(f"note: to write a profile, record it: rackagent walk {url} --out device.snmprec")
    lines.append("note: and draft: rackagent profiles draft device.snmprec --mib FILE")
    return lines


def standards(readings: Iterable[Reading]) -> dict[str, int]:
    """Return the number of readings of each standard MIB, the most first."""
    counts: Counter[str] = Counter()
    for reading in readings:
        if isinstance(reading.source, OidSource):
            oid = reading.source.oid
            name = next((name for root, name in _STANDARDS if oid.startswith(root)), "others")
            counts[name] += 1
    return dict(counts.most_common())
