"""Write the page of faults: the verdicts of a commissioning run on each physical fault."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.commission.spec.generation import open_generation
from agent.parse.yaml_source import load
from simulator.model import FAULTS

TABLE = Path(__file__).parents[1] / "tests" / "end_to_end" / "faults_seen.yaml"
"""The expected verdicts of each fault; a test injects them and compares the runs."""

_HEAD = """\
# Faults and the checks that detect them

Each physical fault of the simulator, injected into a rack during stage L11:
`rackagent commission configs/racks/nvl72.yaml --stage L11 --simulated --fault NAME`. The checks
named detect it, every other check passes or does not apply; without a fault all of them pass.
`RACKAGENT_FAULTS=all python -m pytest tests/end_to_end/test_faults_seen.py` injects them all again.

| fault | symptom | fails | marginal | cannot be judged |
|---|---|---|---|---|"""

_MATRIX = """\
## Fault x check

F fails, M is marginal, E cannot be judged: data that contradict each other, or are frozen. A fault
for which an abort limit ends the run is in no row.
"""

LETTERS = {"FAIL": "F", "MARGINAL": "M", "ERROR": "E"}


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault as injected (``--fault``), and the verdicts of the checks that detect it."""

    name: str
    order: str
    generation: str
    seen: Mapping[str, str]
    aborts: str
    note: str


def planted() -> dict[str, Planted]:
    """Return the table by fault, in the order of its file."""
    return {name: _planted(name, row) for name, row in load(TABLE).data.items()}


def _planted(name: str, row: Mapping[str, object]) -> Planted:
    seen: dict[str, str] = {}
    for verdict in LETTERS:
        checks = row.get(verdict.lower(), "")
        seen |= dict.fromkeys(str(checks).split(), verdict)
    return Planted(
        name=name,
        order=str(row.get("plant", name)),
        generation=str(row.get("generation", "nvl72")),
        seen=seen,
        aborts=str(row.get("aborts", "")),
        note=str(row.get("note", "")),
    )


def page(generated: str) -> str:
    """Return the whole page."""
    rows = planted()
    notes = [f"- `{row.name}`: {row.note}." for row in rows.values() if row.note]
    table = [_row(row) for row in rows.values()]
    return "\n".join([generated, "", _HEAD, *table, "", *notes, "", _MATRIX, *_matrix(rows), ""])


def _row(row: Planted) -> str:
    named = [
        ", ".join(f"`{check}`" for check, verdict in row.seen.items() if verdict == wanted)
        for wanted in LETTERS
    ]
    if row.aborts:
        named[2] = f"everything: abort limit `{row.aborts}` ends the run"
    return f"| `{row.order}` | {FAULTS[row.name].signature} | {' | '.join(named)} |"


def _matrix(rows: Mapping[str, Planted]) -> Iterator[str]:
    """Yield a table of the checks that detect something, with the faults as columns."""
    order: dict[str, None] = {}
    for name in dict.fromkeys(row.generation for row in rows.values()):
        order |= dict.fromkeys(open_generation(name).checks("L11"))
    seeing = [check for check in order if any(check in row.seen for row in rows.values())]
    yield f"| check | {' | '.join(f'`{name}`' for name in rows)} |"
    yield f"|---|{'---|' * len(rows)}"
    for check in seeing:
        cells = (LETTERS.get(row.seen.get(check, ""), "") for row in rows.values())
        yield f"| `{check}` | {' | '.join(cells)} |"
