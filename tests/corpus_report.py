"""Reads every recording of the corpus as a device and compares it with the oracle, row by row.

``python -m tests.corpus_report [all | FOLDER/NAME ...]`` replays each recording as an SNMP agent,
reads it as ``rackagent read --profile auto`` would, prints a line per device and per class, and
writes the same to ``build/corpus.json``. A row is read where a good reading comes from its OID
and agrees after conversion to the base unit; wrong where a reading comes from it and differs. Why
rows are left out stands in ``tests/drivers/recordings``; rows where the oracle itself is wrong
are counted.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent.app.event_loop import run_loop
from agent.authoring.snmprec_read import read_recording
from agent.model.credentials import SnmpCredentials
from agent.model.limits import Limits
from agent.model.series import OidSource
from agent.model.values import Quality, Reading
from agent.parse.url import Url
from agent.poll.read_once import Target, read_device
from agent.poll.reader import DeviceRead
from agent.profile.library import Library, open_library
from simulator.wire.mib_view import StaticView
from simulator.wire.snmp_responder import SnmpResponder
from tests.drivers.harness import UNITS, agrees, corpus
from tests.drivers.recorded import ORACLE, Recorded
from tests.drivers.recordings import FOLDERS, RECORDINGS

ROOT = Path(__file__).parents[1]

UNWRITTEN = Recorded("auto", (None, None, None))
"""Stands for a recording that nobody has written reasons for yet."""


@dataclass
class Tally:
    """Rows of the oracle with verdict ``ok``: how many, and what became of them."""

    total: int = 0
    read: int = 0
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    explained: list[str] = field(default_factory=list)
    """Rows that are not read, or read otherwise, each with its written reason."""
    oracle: int = 0
    """How many of the explained rows are errors of the oracle itself."""

    def share(self) -> float:
        """Read rows, 0 to 1; 1 where there is nothing to read."""
        return self.read / self.total if self.total else 1.0

    def share_of_right(self) -> float:
        """The same of the rows where the oracle is not in error."""
        right = self.total - self.oracle
        return self.read / right if right else 1.0

    def add(self, other: "Tally") -> None:
        """Sum up."""
        self.total += other.total
        self.read += other.read
        self.wrong += other.wrong
        self.missing += other.missing
        self.explained += other.explained
        self.oracle += other.oracle

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "total": self.total,
            "read": self.read,
            "share": round(self.share(), 4),
            "oracle_errors": self.oracle,
            "share_without_oracle_errors": round(self.share_of_right(), 4),
            "wrong": self.wrong,
            "missing": self.missing,
            "explained": self.explained,
        }


@dataclass
class Device:
    """One recording and what the agent made of it."""

    name: str
    profile: str
    readings: int
    failures: list[str]
    duplicates: int
    classes: dict[str, Tally]

    def measured(self) -> Tally:
        """All classes but states."""
        return _sum(tally for cls, tally in self.classes.items() if cls != "state")


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


async def read_recorded(recording: Path, library: Library) -> DeviceRead:
    """What one full read of the recording, served as an agent, gives."""
    responder = SnmpResponder(StaticView(read_recording(recording)))
    port = await responder.start()
    try:
        url = Url("snmp", "127.0.0.1", port)
        return await read_device(Target(url, SnmpCredentials(), Limits(timeout_s=5.0)), library)
    finally:
        responder.close()


def judge(
    name: str, look: DeviceRead, rows: Iterable[Mapping[str, Any]], recorded: Recorded
) -> Device:
    """Compare a read with the oracle's rows; ``recorded`` gives the reasons of this recording."""
    by_oid: dict[str, list[Reading]] = {}
    for reading in look.readings:
        if isinstance(reading.source, OidSource):
            by_oid.setdefault(reading.source.oid, []).append(reading)
    classes: dict[str, Tally] = {}
    for row in rows:
        if row["verdict"] != "ok" or row["cls"] not in (*UNITS, "state"):
            continue
        tally = classes.setdefault(row["cls"], Tally())
        tally.total += 1
        found = [r for r in by_oid.get(row["oid"], ()) if r.quality is not Quality.BAD]
        spelt = f"{name} {row['oid']} {row['descr']!r} = {row['expected']} {row['unit']}"
        reason = recorded.reason(row)
        if any(agrees(row, reading) for reading in found):
            tally.read += 1
        elif reason is not None:
            tally.explained.append(f"{spelt}: {reason}")
            tally.oracle += reason.startswith(ORACLE)
        elif found:
            shown = ", ".join(f"{r.metric} {r.value!r} {r.unit}" for r in found)
            tally.wrong.append(f"{spelt}: {shown}")
        else:
            tally.missing.append(spelt)
    keys = Counter((r.metric, tuple(sorted(r.labels.items()))) for r in look.readings)
    return Device(
        name=name,
        profile=look.profile.name if look.profile else "none",
        readings=len(look.readings),
        failures=[f"{failure.kind}: {failure.message}" for failure in look.failures],
        duplicates=sum(count - 1 for count in keys.values()),
        classes=classes,
    )


async def examine(names: Iterable[str]) -> list[Device]:
    """Every named recording (``pdu/apc_ap8853``), read and judged."""
    library = open_library()
    devices = []
    root = corpus() / "snmp"
    for name in names:
        look = await read_recorded(root / f"{name}.snmprec", library)
        oracle = json.loads((root / f"{name}.expected.json").read_text(encoding="utf-8"))
        recorded = RECORDINGS.get(name, UNWRITTEN)
        devices.append(judge(name, look, oracle["sensors"], recorded))
    return devices


def judged_recordings() -> list[str]:
    """Return the recordings that ``tests/drivers/recordings`` judges, folder by folder."""
    return [name for name in every_recording() if name in RECORDINGS]


def every_recording() -> list[str]:
    """Return all recordings, folder by folder."""
    root = corpus() / "snmp"
    return [
        f"{folder}/{path.stem}"
        for folder in FOLDERS
        for path in sorted((root / folder).glob("*.snmprec"))
    ]


def show(devices: list[Device], console: Console) -> None:
    """The tables: per device, per class, per folder."""
    heads = ("device", "profile", "readings", "measured", "states", "wrong", "unexplained")
    table = Table(*heads, box=None)
    for device in devices:
        measured, states = device.measured(), device.classes.get("state", Tally())
        wrong = len(measured.wrong) + len(states.wrong)
        table.add_row(
            device.name,
            device.profile,
            str(device.readings),
            f"{measured.read}/{measured.total}",
            f"{states.read}/{states.total}",
            str(wrong or ""),
            str(len(measured.missing) + len(states.missing) or ""),
        )
    console.print(table)
    for title, tallies in (("class", by_class(devices)), ("folder", by_folder(devices))):
        heads = (title, "read", "share", "wrong", "unexplained", "explained", "oracle in error")
        table = Table(*heads, box=None)
        for name, tally in tallies.items():
            counts = f"{tally.read}/{tally.total}"
            left = (len(tally.wrong), len(tally.missing), len(tally.explained), tally.oracle)
            table.add_row(name, counts, f"{100 * tally.share():.1f} %", *map(str, left))
        console.print(table)


def by_class(devices: list[Device]) -> dict[str, Tally]:
    """Sums over all devices, per class of the oracle, and over the measured ones."""
    names = sorted({cls for device in devices for cls in device.classes})
    sums = {cls: _sum(d.classes[cls] for d in devices if cls in d.classes) for cls in names}
    return sums | {"measured": _sum(device.measured() for device in devices)}


def by_folder(devices: list[Device]) -> dict[str, Tally]:
    """Sums of the measured classes and of the states, per folder."""
    sums: dict[str, Tally] = {}
    for folder in FOLDERS:
        mine = [device for device in devices if device.name.startswith(f"{folder}/")]
        if mine:
            sums[folder] = _sum(device.measured() for device in mine)
            sums[f"{folder} states"] = _sum(d.classes.get("state", Tally()) for d in mine)
    return sums


def as_json(devices: list[Device]) -> dict[str, Any]:
    """The whole report for a program."""
    return {
        "devices": [
            {
                "name": device.name,
                "profile": device.profile,
                "readings": device.readings,
                "failures": device.failures,
                "duplicates": device.duplicates,
                "classes": {cls: tally.as_json() for cls, tally in device.classes.items()},
            }
            for device in devices
        ],
        "classes": {name: tally.as_json() for name, tally in by_class(devices).items()},
        "folders": {name: tally.as_json() for name, tally in by_folder(devices).items()},
    }


def main() -> None:
    """Report on the recordings named on the command line, on all for ``all``, or on the judged."""
    given = sys.argv[1:]
    names = every_recording() if given == ["all"] else given or judged_recordings()
    devices = run_loop(examine(track(names, "reading recordings", console=Console(stderr=True))))
    show(devices, Console(width=None if sys.stdout.isatty() else 160))
    target = ROOT / "build" / "corpus.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(as_json(devices), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
