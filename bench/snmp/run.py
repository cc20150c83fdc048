"""Compare the agent with pysnmp and snmp_exporter in one run, as a table and as JSON.

Client on one core, responder on another; the clients take turns, and medians count. The main figure
is CPU seconds per 100,000 varbinds from datagrams to the exposed text.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.snmp.cell import rss_mb
from bench.snmp.peers import CLIENT_CORE, SERVER_CORE, MissingError, Peers, peers, pinned
from bench.snmp.rig import ROWS

RESULTS = Path(__file__).parents[1] / "results" / "snmp.json"

Measured = dict[str, float]
_ONCE_S = 60.0
_TARGETS = 32
_PYSNMP_TARGETS = 4  # it would spend the round on its first polls
_MEMORY_TARGETS = 1000
_WARM_UP_S = 0.5

_NAMES = {
    "native_v2c": "native v2c",
    "native_v3": "native v3",
    "native_v2c_asyncio": "native v2c, asyncio's loop",
    "pysnmp_v2c": "pysnmp v2c",
    "exporter_v2c": "snmp_exporter v2c",
    "exporter_v3": "snmp_exporter v3",
}


def cell(
    beside: Peers, what: str, engine: str, version: str, targets: int, seconds: float, loop: str
) -> Measured:
    """Run a measurement of the agent in its own process on the client's core."""
    arguments = [what, engine, version, str(targets), str(seconds), loop, str(beside.snmp_port)]
    command = pinned(CLIENT_CORE, sys.executable, "-m", "bench.snmp.cell", *arguments)
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=_ONCE_S + seconds
    )
    measured: Measured = json.loads(done.stdout)
    return measured


def exporter(beside: Peers, version: str, seconds: float) -> Measured:
    """Read the same rows through snmp_exporter, over HTTP from the server's core."""
    process = _load(beside, version, _TARGETS, _WARM_UP_S, seconds)
    assert process.stdout is not None
    with process:
        _, size = process.stdout.readline().split()
        before_s = beside.exporter_cpu_s()
        line = process.stdout.readline().split()
        cpu_s = beside.exporter_cpu_s() - before_s
    if process.returncode:
        raise RuntimeError("snmp_exporter did not answer every scrape")
    scrapes, wall_s = int(line[1]), float(line[2])
    return {
        "scrapes_per_s": scrapes / wall_s,
        "cpu_s_per_100k": cpu_s / (scrapes * ROWS) * 1e5,
        "bytes_per_scrape": float(size),
    }


def exporter_memory(beside: Peers) -> Measured:
    """Measure snmp_exporter after two scrapes of each of 1,000 targets; it stores none of them."""
    with _load(beside, "v2c", _TARGETS, 0, 0) as process:
        process.communicate(timeout=_ONCE_S)
    return {"rss_mb": rss_mb(beside.exporter.pid)}


def _load(
    beside: Peers, version: str, targets: int, warm_up_s: float, seconds: float
) -> subprocess.Popen[str]:
    ports = [str(beside.exporter_port), str(beside.snmp_port)]
    rest = [f"bench_{version}", str(targets), str(warm_up_s), str(seconds)]
    command = pinned(SERVER_CORE, str(beside.folder / "scrape_load"), *ports, *rest)
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def contenders(beside: Peers, seconds: float) -> dict[str, Callable[[], Measured]]:
    """Return the clients that take turns in every round, by their name in the results."""

    def ours(engine: str, version: str, targets: int, loop: str) -> Callable[[], Measured]:
        return lambda: cell(beside, "poll", engine, version, targets, seconds, loop)

    return {
        "native_v2c": ours("native", "v2c", _TARGETS, "uvloop"),
        "exporter_v2c": lambda: exporter(beside, "v2c", seconds),
        "native_v3": ours("native", "v3", _TARGETS, "uvloop"),
        "exporter_v3": lambda: exporter(beside, "v3", seconds),
        "native_v2c_asyncio": ours("native", "v2c", _TARGETS, "asyncio"),
        "pysnmp_v2c": ours("pysnmp", "v2c", _PYSNMP_TARGETS, "uvloop"),
    }


def singles(beside: Peers, seconds: float) -> dict[str, Measured]:
    """Measure once: GET of ten OIDs, and memory."""
    memory = (_MEMORY_TARGETS, 0, "uvloop")
    return {
        "get10_native_v2c": cell(beside, "get", "native", "v2c", _TARGETS, seconds, "uvloop"),
        "get10_native_v3": cell(beside, "get", "native", "v3", _TARGETS, seconds, "uvloop"),
        "get10_pysnmp_v2c": cell(
            beside, "get", "pysnmp", "v2c", _PYSNMP_TARGETS, seconds, "uvloop"
        ),
        "memory_native_v2c": cell(beside, "memory", "native", "v2c", *memory),
        "memory_native_v3": cell(beside, "memory", "native", "v3", *memory),
        "memory_exporter": exporter_memory(beside),
    }


def ratios(medians: dict[str, Measured]) -> dict[str, float]:
    """Return the ratios of the agent to the peers; above 1 is better."""

    def less_cpu(ours: str, theirs: str) -> float:
        return medians[theirs]["cpu_s_per_100k"] / medians[ours]["cpu_s_per_100k"]

    def more_scrapes(ours: str, theirs: str) -> float:
        return medians[ours]["scrapes_per_s"] / medians[theirs]["scrapes_per_s"]

    return {
        "v2c_cpu": less_cpu("native_v2c", "exporter_v2c"),
        "v3_cpu": less_cpu("native_v3", "exporter_v3"),
        "v2c_scrapes": more_scrapes("native_v2c", "exporter_v2c"),
        "v3_scrapes": more_scrapes("native_v3", "exporter_v3"),
        "v2c_cpu_pysnmp": less_cpu("native_v2c", "pysnmp_v2c"),
    }


def show(
    console: Console,
    medians: dict[str, Measured],
    once: dict[str, Measured],
    found: dict[str, float],
    rounds: int,
) -> None:
    """Print the tables."""
    table = Table(title=f"{ROWS} rows per scrape, wire to Prometheus text; medians of {rounds}")
    for heading in ("client", "scrapes/s", "CPU s / 100k varbinds", "kB / scrape"):
        table.add_column(heading, justify="left" if heading == "client" else "right")
    for key, name in _NAMES.items():
        one = medians[key]
        table.add_row(
            name,
            f"{one['scrapes_per_s']:,.0f}",
            f"{one['cpu_s_per_100k']:.3f}",
            f"{one['bytes_per_scrape'] / 1000:.1f}",
        )
    console.print(table)
    others = Table(title="once")
    for heading in ("what", "result"):
        others.add_column(heading)
    for key, one in once.items():
        others.add_row(key, ", ".join(f"{name} {value:,.1f}" for name, value in one.items()))
    console.print(others)
    console.print({name: round(value, 2) for name, value in found.items()})


def main() -> int:
    """Measure, print, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", default="", help="only clients whose name contains this")
    options = parser.parse_args()
    console = Console()
    try:
        with peers() as beside, Progress(console=console, transient=True) as progress:
            turns = contenders(beside, options.seconds)
            turns = {name: one for name, one in turns.items() if options.only in name}
            raw: dict[str, list[Measured]] = {name: [] for name in turns}
            task = progress.add_task("rounds", total=options.rounds * len(turns))
            for _ in range(options.rounds):
                for name, measure in turns.items():
                    raw[name].append(measure())
                    progress.advance(task)
            once = {} if options.only else singles(beside, options.seconds / 2)
    except MissingError as error:
        console.print(f"bench-snmp: {error}", style="red")
        return 2
    medians = {
        name: {key: median(one[key] for one in measured) for key in measured[0]}
        for name, measured in raw.items()
    }
    if options.only:
        console.print(medians)
        return 0
    found = ratios(medians)
    show(console, medians, once, found, options.rounds)
    RESULTS.parent.mkdir(exist_ok=True)
    document = {"ratios": found, "medians": medians, "once": once, "rounds": raw}
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    console.print(f"written: {RESULTS.relative_to(Path.cwd())}", style="dim")
    return 0


if __name__ == "__main__":
    sys.exit(main())
