"""The YAML of a drafted profile: complete, valid by the usual rules, with every guess marked."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.authoring.draft.guess import Guess, guess, words
from agent.authoring.draft.mibs import Mibs
from agent.authoring.draft.tables import RecordedColumn, Table, find_tables
from agent.authoring.draft.vocabulary import FRAGMENTS, INFO, KINDS, LABELS
from agent.model import smi
from agent.model.catalogue import CATALOGUE
from agent.model.values import VarBind

VENDORS = smi.oid("1.3.6.1.4.1")
_NET_SNMP = (smi.oid("1.3.6.1.4.1.8072"), smi.oid("1.3.6.1.4.1.2021"))
_SYS_DESCR = smi.oid("1.3.6.1.2.1.1.1.0")
_SYS_OBJECT_ID = smi.oid("1.3.6.1.2.1.1.2.0")
_SAMPLES = 4
_SAMPLE_LENGTH = 24
_COLUMNS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Left:
    """A column that did not become a point, and the reason."""

    table: Table
    column: RecordedColumn
    why: str


@dataclass(slots=True)
class ProfileDraft:
    """A drafted profile: its text, its points by column, helper columns, and the other columns."""

    name: str
    text: str = ""
    points: dict[bytes, Guess] = field(default_factory=dict)
    point_rows: int = 0
    helper_rows: int = 0
    left: list[Left] = field(default_factory=list)


def make_draft(
    name: str, rows: Sequence[VarBind], mibs: Mibs, origin: str, fragments: Iterable[str] = ()
) -> ProfileDraft:
    """Draft a profile called ``name`` from a recording's ``rows``.

    ``origin`` is the recording's name in comments; the draft may include ``fragments``.
    """
    return _Page(name, rows, mibs, origin, frozenset(fragments)).finish()


class _Page:
    """A writer of the sections of one profile."""

    def __init__(
        self,
        name: str,
        rows: Sequence[VarBind],
        mibs: Mibs,
        origin: str,
        fragments: frozenset[str],
    ) -> None:
        self.draft = ProfileDraft(name)
        self._rows = rows
        self._origin = origin
        self._fragments = fragments
        self._tables = find_tables((r for r in rows if r[0].startswith(VENDORS)), mibs)
        self._names = self._name_columns()
        self._lookups: dict[str, bytes] = {}
        self._taken: set[tuple[str, ...]] = set()
        self._helping: set[bytes] = set()
        self._modules: dict[str, None] = {}
        self._anchors: dict[str, str] = {}

    def finish(self) -> ProfileDraft:
        """Return the draft with its text."""
        points = [line for table in self._tables for line in self._table(table)]
        info = list(self._info())
        lines = [*self._head(), *self._identify(), *info, *self._lookup_lines()]
        lines += ["", "points:", *points] if points else ["", "points: []"]
        draft = self.draft
        draft.helper_rows = sum(
            len(column.cells)
            for table in self._tables
            for column in table.columns
            if column.oid in self._helping and column.oid not in draft.points
        )
        draft.left = [each for each in draft.left if each.column.oid not in self._helping]
        lines += self._rest()
        draft.text = "\n".join(lines) + "\n"
        return draft

    # --- points -------------------------------------------------------------------------------

    def _table(self, table: Table) -> Iterator[str]:
        heading = True
        for column in table.columns:
            found = guess(column, table.about)
            if isinstance(found, str):
                self.draft.left.append(Left(table, column, found))
                continue
            if heading:
                name = table.about.name if table.about is not None else smi.dotted(table.entry)
                yield f"  # --- {name} {'-' * max(3, 90 - len(name))}"
                heading = False
            self.draft.points[column.oid] = found
            self.draft.point_rows += len(column.cells)
            if column.about is not None:
                self._modules[column.about.module] = None
            yield from self._point(table, column, found)

    def _point(self, table: Table, column: RecordedColumn, found: Guess) -> Iterator[str]:
        name = column.about.name if column.about is not None else ""
        oid = smi.dotted(column.oid) + (".0" if table.scalar else "")
        yield f"  # guess: {name}: {'; '.join(found.reasons)}"
        yield f"  - metric: {found.metric}"
        yield f"    oid: {oid}  # {_samples(column)}"
        parts: list[str] = []
        labels: dict[str, str] = {}
        if not table.scalar:
            parts, labels = self._index(table, column, found)
            yield f"    index: [{', '.join(_quoted(part) for part in parts)}]"
        if found.quantity:
            labels["quantity"] = found.quantity
        given = [f"{k}={v}" for k, v in labels.items() if k not in ("name", "index")]
        key = (found.metric, *sorted(given), *(p for p in parts if not p.startswith("_")))
        if key in self._taken:
            labels["name"] = " ".join(words(name)) or oid
        self._taken.add(key)
        if labels:
            inside = ", ".join(f"{label}: {_quoted(text)}" for label, text in labels.items())
            yield f"    labels: {{{inside}}}"
        if found.unit:
            yield f"    unit: {_quoted(found.unit)}"
        if found.scale:
            yield f"    scale: {found.scale}"
        if found.states is not None:
            yield f"    states: {self._states(found.states)}"
        if found.absent:
            yield f"    absent: [{', '.join(map(str, found.absent))}]"

    def _states(self, states: Mapping[int, str]) -> str:
        """Return an enumeration in full at its first use, then by its anchor."""
        inside = ", ".join(f"{raw}: {_quoted(text)}" for raw, text in states.items())
        if inside in self._anchors:
            return f"*{self._anchors[inside]}"
        self._anchors[inside] = f"states_{len(self._anchors) + 1}"
        return f"&{self._anchors[inside]} {{{inside}}}"

    def _index(
        self, table: Table, column: RecordedColumn, found: Guess
    ) -> tuple[list[str], dict[str, str]]:
        """Return the index parts, and labels that are not index parts."""
        named = column.about.index if column.about is not None else ()
        lengths = {len(index) for index in column.cells}
        allowed = CATALOGUE[found.metric].labels
        parts: list[str] = []
        if named and lengths == {len(named)}:
            for name in named:
                label = _label(name)
                parts.append(label if label in allowed and label not in parts else f"_{_own(name)}")
        elif lengths == {1}:
            parts = ["_row"]
        else:
            parts = ["_row:rest"]
        parts = [f"{part}_{n}" if part in parts[:n] else part for n, part in enumerate(parts)]
        labels = {}
        mute = [part.partition(":")[0] for part in parts if part.startswith("_")]
        if mute:
            labels["index"] = ".".join(f"{{{part}}}" for part in mute)
        name_column = self._names.get(named) if named else None
        if name_column is not None and name_column.about is not None:
            lookup = "_".join(words(name_column.about.name))
            self._lookups[lookup] = name_column.oid
            self._helping.add(name_column.oid)
            labels["name"] = f"{{{lookup}}}"
        return parts, labels

    def _name_columns(self) -> Mapping[tuple[str, ...], RecordedColumn]:
        """Return by index the column in which the user or the device names the rows."""
        found: dict[tuple[str, ...], RecordedColumn] = {}
        for table in self._tables:
            for column in table.columns:
                about = column.about
                if about is None or table.scalar or not about.index or not column.texts:
                    continue
                if words(about.name)[-1] in ("name", "label") and any(column.texts):
                    found.setdefault(about.index, column)
        return found

    # --- the other sections -------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        descr = _one_line(self._text(_SYS_DESCR)) or self.draft.name
        components = {each.component for each in self.draft.points.values()}
        metrics = " ".join(each.metric for each in self.draft.points.values())
        kind = next((k for k, telling in KINDS if re.search(telling, metrics)), "other")
        yield f"# Drafted from {self._origin}. Nothing here is verified: compare every guess with"
        yield "# the datasheet or the device's web page, then delete its mark."
        yield f"profile: {self.draft.name}"
        yield f"title: {_quoted(descr)}  # guess: sysDescr"
        yield f"kind: {kind}  # guess: it has {', '.join(sorted(components)) or 'nothing known'}"
        yield "protocol: snmp"
        yield "verified: datasheet  # 'recording' or 'hardware' once it is"
        yield f"source: {_quoted(', '.join(self._modules) or 'a recording without its MIB')}"
        included = [
            name
            for name, root in FRAGMENTS.items()
            if name in self._fragments and any(r[0].startswith(smi.oid(root)) for r in self._rows)
        ]
        if included:
            yield ""
            yield f"include: [{', '.join(included)}]"

    def _identify(self) -> Iterator[str]:
        object_id = next((v for o, _, v in self._rows if o == _SYS_OBJECT_ID), None)
        own = [o for o, _, _ in self._rows if o.startswith(VENDORS) and not o.startswith(_NET_SNMP)]
        parts = []
        if isinstance(object_id, bytes) and object_id.startswith(VENDORS):
            parts.append(f"sys_object_id: {smi.dotted(object_id)}")
            own = own if object_id.startswith(_NET_SNMP) else []
        if own:
            parts.append(f"probe: {smi.dotted(own[0])}")
        if parts:
            yield ""
            yield f"identify: {{{', '.join(parts)}}}  # guess: others of the family may differ"

    def _info(self) -> Iterator[str]:
        lines = []
        for name, telling in INFO:
            for table in self._tables:
                column = next((c for c in table.columns if _tells(c, telling)), None)
                if column is not None and column.about is not None:
                    where = f"oid: {smi.dotted(column.oid)}.0"
                    if not table.scalar:
                        where = f"column: {smi.dotted(column.oid)}"
                    self._helping.add(column.oid)
                    lines.append(f"  {name}: {{{where}}}  # guess: {column.about.name}")
                    break
        if lines:
            yield ""
            yield "info:"
            yield from lines

    def _lookup_lines(self) -> Iterator[str]:
        if self._lookups:
            yield ""
            yield "lookups:"
        for name, oid in self._lookups.items():
            yield f"  {name}: {{column: {smi.dotted(oid)}}}  # guess: names the rows"

    def _rest(self) -> Iterator[str]:
        """Return the columns that did not become points, as comments."""
        if self.draft.left:
            yield ""
            yield "# --- not drafted: add points for what you need " + "-" * 52
        for number, left in enumerate(self.draft.left):
            if number == _COLUMNS_SHOWN * 10:
                yield f"# and {len(self.draft.left) - number} columns more"
                break
            about = left.column.about
            dotted = smi.dotted(left.column.oid) + (".0" if left.table.scalar else "")
            name = f" {about.name}" if about is not None else ""
            yield f"# {dotted}{name} = {_samples(left.column)}: {left.why}"

    def _text(self, oid: bytes) -> str:
        value = next((v for o, _, v in self._rows if o == oid), None)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def slug(text: str) -> str:
    """Return a profile's name, derived from the name of a file."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "draft"


def _tells(column: RecordedColumn, telling: str) -> bool:
    about = column.about
    if about is None or not any(text.strip() for text in column.texts):
        return False
    return re.search(telling, " ".join(words(about.name))) is not None


def _label(name: str) -> str:
    """Return the label for an index's name: ``outlet`` for ``st4OutletIndex``; else ""."""
    named = words(name)
    return next((label for label, telling in LABELS if telling.intersection(named)), "")


def _own(name: str) -> str:
    return re.sub(r"[^a-z0-9_]", "", "_".join(words(name))) or "part"


def _samples(column: RecordedColumn) -> str:
    shown = []
    for _, tag, value in list(column.cells.values())[:_SAMPLES]:
        if tag == smi.OBJECT_ID and isinstance(value, bytes):
            shown.append(smi.dotted(value))
        else:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            shown.append(_one_line(text)[:_SAMPLE_LENGTH] or "''")
    more = f" ... ({len(column.cells)} rows)" if len(column.cells) > _SAMPLES else ""
    return ", ".join(shown) + more


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() and ord(c) < 128 else " " for c in text).split())


def _quoted(text: str) -> str:
    """Return ``text`` as YAML: plain if that is safe, else in single quotes."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_/-]*", text) and text.lower() not in _YAML_WORDS:
        return text
    return "'" + text.replace("'", "''") + "'"


_YAML_WORDS = frozenset(("yes", "no", "on", "off", "true", "false", "null", "y", "n"))
