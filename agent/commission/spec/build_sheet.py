"""A rack's build sheet: serials, parts, slots, MACs, firmware, and the cable plan.

A sheet is YAML, or two CSV tables (devices, and cables with ``--cables``). The tables may also be
exports of NetBox (4.x); columns are found by their headings.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from agent.commission.spec.models import find_unit
from agent.model.errors import ConfigError, Problem
from agent.parse.plain_file import read_plain
from agent.parse.strict_model import StrictModel
from agent.parse.yaml_source import Document, load

_ROWS_MAX = 20_000
_BYTES_MAX = 4 * 1024 * 1024
_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*(\S+)")
_LINKS = {"G": "Gbit/s", "Gbps": "Gbit/s", "M": "Mbit/s", "Mbps": "Mbit/s"}


class SheetDevice(StrictModel):
    """One device or, with ``component``, one part of it. Empty fields are not compared."""

    device: str = Field(min_length=1, description="its name in the configuration, or its role")
    component: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    mac: str = ""
    slot: str = ""

    @property
    def place(self) -> str:
        """Device and part, as text."""
        return f"{self.device} {self.component}".rstrip()


class SheetEnd(StrictModel):
    """One end of a cable."""

    device: str = Field(min_length=1)
    port: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"{self.device} {self.port}"


class SheetCable(StrictModel):
    """One cable, and the planned rate of its link, such as ``400 Gbit/s``."""

    a: SheetEnd
    b: SheetEnd
    speed: str = ""

    def speed_b_s(self) -> float | None:
        """Return the planned rate in bytes per second; None if the sheet has none.

        Raises ValueError for a text that is not a rate.
        """
        if not self.speed:
            return None
        match = _SPEED.fullmatch(self.speed.strip())
        if match is None:
            raise ValueError(f"{self.speed!r} is not a rate such as 400 Gbit/s")
        unit = find_unit(_LINKS.get(match.group(2), match.group(2)))
        if unit.base != "B/s":
            raise ValueError(f"{self.speed!r} is not a rate such as 400 Gbit/s")
        return float(match.group(1)) * float(unit.factor)


class Sheet(StrictModel):
    """The planned devices and cables of a rack."""

    rack: str = ""
    devices: list[SheetDevice] = Field(default_factory=list)
    cables: list[SheetCable] = Field(default_factory=list)


_DEVICE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "device": ("device", "name"),
    "component": ("component", "part", "inventory item"),
    "vendor": ("vendor", "manufacturer"),
    "model": ("model", "part number", "device_type", "device type", "type"),
    "serial": ("serial", "serial number"),
    "firmware": ("firmware", "cf_firmware", "firmware version"),
    "mac": ("mac", "mac address", "mac_address"),
    "slot": ("slot", "position", "position (u)"),
}
_CABLE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "a_device": ("a_device", "device", "side_a_device", "device a"),
    "a_port": ("a_port", "port", "side_a_name", "termination a"),
    "b_device": ("b_device", "remote_device", "side_b_device", "device b"),
    "b_port": ("b_port", "remote_port", "side_b_name", "termination b"),
    "speed": ("speed", "cf_speed"),
    "status": ("status",),
}
"""Accepted headings: those of this format, and those of NetBox's import and export (4.x)."""


def load_sheet(path: Path, cables: Path | None = None) -> Sheet:
    """Read the build sheet in ``path``; with CSV tables, ``cables`` is the table of cables.

    Raises ConfigError with file, line and key of every mistake.
    """
    if path.suffix.lower() != ".csv":
        if cables is not None:
            raise ConfigError(f"--cables needs a CSV table of devices; list the cables in {path}")
        document = load(path)
        sheet = document.validate(Sheet)
        problems = list(_wrong(document, sheet))
        if problems:
            raise ConfigError(problems)
        return sheet
    devices = [row for _, row in _rows(path, _DEVICE_COLUMNS, ("device",))]
    found = []
    if cables is not None:
        ends = ("a_device", "a_port", "b_device", "b_port")
        for line, row in _rows(cables, _CABLE_COLUMNS, ends):
            if row.get("status", "").lower() in ("planned", "decommissioning"):
                continue  # not connected, according to NetBox
            if missing := [end for end in ends if not row.get(end)]:
                raise ConfigError([Problem(str(cables), line, missing[0], "is empty")])
            found.append(_cable(row))
    try:
        sheet = Sheet.model_validate({"devices": devices, "cables": found})
    except ValidationError as error:
        detail = error.errors()[0]
        place = int(detail["loc"][1])
        raise ConfigError([Problem(str(path), place + 2, "", detail["msg"])]) from None
    document = Document(str(cables or path), {}, {})
    if problems := list(_wrong(document, sheet)):
        raise ConfigError(problems)
    return sheet


def _cable(row: Mapping[str, str]) -> dict[str, object]:
    return {
        "a": {"device": row["a_device"], "port": row["a_port"]},
        "b": {"device": row["b_device"], "port": row["b_port"]},
        "speed": row.get("speed", ""),
    }


def _rows(
    path: Path, columns: Mapping[str, tuple[str, ...]], needed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells by key. Raises ConfigError for a table without these columns."""
    name = str(path)
    try:
        text = read_plain(path, _BYTES_MAX).decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError([Problem(name, 0, "", f"cannot be read: {reason}")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(name, 0, "", f"is not UTF-8 text: {error.reason}")]) from None
    try:
        yield from _parsed(text, name, columns, needed)
    except csv.Error as error:
        raise ConfigError([Problem(name, 0, "", f"is not CSV: {error}")]) from None


def _parsed(
    text: str, name: str, columns: Mapping[str, tuple[str, ...]], needed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if ";" in head else ",")
    headings = {(heading or "").strip().lower(): heading for heading in reader.fieldnames or ()}
    known = {
        own: next((headings[n] for n in names if n in headings), None)
        for own, names in columns.items()
    }
    missing = [own for own in needed if known[own] is None]
    if missing:
        wanted = " or ".join(columns[missing[0]])
        raise ConfigError([Problem(name, 1, "", f"has no column {wanted}")])
    for count, row in enumerate(reader):
        if count >= _ROWS_MAX:
            raise ConfigError([Problem(name, 0, "", f"has more than {_ROWS_MAX} rows")])
        cells = {own: (row.get(h) or "").strip() for own, h in known.items() if h is not None}
        if any(cells.values()):
            yield reader.line_num, cells


def _wrong(document: Document, sheet: Sheet) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, place in enumerate(device.place for device in sheet.devices):
        if place in seen:
            yield document.problem(("devices", number), f"duplicate device or part {place}")
        seen.add(place)
    owner: dict[str, str] = {}  # a chassis listed as a part has the serial of its device
    for number, device in enumerate(sheet.devices):
        if owner.setdefault(device.serial or device.place, device.device) != device.device:
            message = f"duplicate serial {device.serial}, also of {owner[device.serial]}"
            yield document.problem(("devices", number, "serial"), message)
    used: set[str] = set()
    for number, cable in enumerate(sheet.cables):
        try:
            cable.speed_b_s()
        except ValueError as error:
            yield document.problem(("cables", number, "speed"), str(error))
        for end in (cable.a, cable.b):
            if str(end) in used:
                yield document.problem(("cables", number), f"{end} has two cables")
            used.add(str(end))
