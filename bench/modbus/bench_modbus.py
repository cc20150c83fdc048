"""Measure Modbus clients in turns, and serial reads against their line's physical minimum.

``python -m bench.modbus.bench_modbus [--seconds S] [--rounds N]`` compiles the C server, runs every
combination of client, connections, registers and event loop in processes of their own, in turn, and
writes bench/results/modbus.json. Every ratio is the agent's time / the peer's: below 1 is faster.
"""

import argparse
import asyncio
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from agent.model.limits import Limits
from agent.model.values import ReadRegisters, Request
from agent.plan import CYCLE_S, make_plan
from agent.plan.modbus import blocks as plan_blocks
from agent.plan.wire import serial_line_cost
from agent.profile.library import open_library
from agent.profile.spec import ProfileLimits
from agent.protocol.modbus.framing import query
from agent.transport.modbus.bus import ModbusBus

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RESULT = ROOT / "bench" / "results" / "modbus.json"
CLIENTS = ("ours", "pymodbus", "handwritten")
CONNECTIONS, REGISTERS, LOOPS = (1, 32, 256), (10, 125), ("asyncio", "uvloop")
FIRST_PORT = 21_000

# The registers of whole maps that were published for Open Rack v3 (first, last): 243 values of the
# RPU, 65 of the HPR PSU, 127 of the HPR BBU. The profiles leave settings and histories out.
WHOLE_MAPS: dict[str, tuple[int, str, tuple[tuple[int, int], ...]]] = {
    "orv3-rpu (whole map)": (
        19_200,
        "N",
        (
            (6561, 6572), (6596, 6637), (6639, 6640), (6642, 6667), (36864, 36889), (36912, 36919),
            (37120, 37142), (37375, 37379), (37888, 37892), (37904, 37905), (40960, 41005),
            (41088, 41088), (41216, 41310), (41473, 41474), (41985, 41989), (42112, 42112),
        ),
    ),
    "orv3-hpr-psu (whole map)": (
        115_200,
        "E",
        ((0, 57), (60, 99), (101, 103), (105, 122), (124, 125)),
    ),
    "orv3-hpr-bbu (whole map)": (
        115_200,
        "E",
        (
            (0, 31), (48, 49), (52, 80), (90, 102), (104, 121), (123, 123), (133, 170), (179, 232),
            (234, 238), (256, 262), (288, 291), (293, 296), (298, 301), (304, 308), (310, 313),
        ),
    ),
}  # fmt: skip
PROFILES = ("orv3-rpu", "orv3-hpr-psu")


@dataclass(frozen=True)
class Planned:
    """The requests of one full read of a device, and its line."""

    name: str
    baudrate: int
    parity: str
    blocks: tuple[tuple[int, int], ...]


def planned() -> list[Planned]:
    """Return the plans of the agent's profiles (identity and every interval) and of whole maps."""
    library = open_library([ROOT / "drivers" / "profiles"])
    found = []
    for name in PROFILES:
        profile = library.get(name)
        plan, line = make_plan(profile), profile.serial
        found.append(_planned(name, line.baudrate, line.parity, (*plan.identity, *plan.requests)))
    for name, (baudrate, parity, ranges) in WHOLE_MAPS.items():
        parts = {(n, 1): 0.0 for first, last in ranges for n in range(first, last + 1)}
        wire = serial_line_cost(baudrate, parity)
        reads = plan_blocks({"holding": parts}, ProfileLimits(), wire, CYCLE_S)
        found.append(_planned(name, baudrate, parity, reads))
    return found


def _planned(name: str, baudrate: int, parity: str, requests: Iterable[Request]) -> Planned:
    reads = [request for request in requests if isinstance(request, ReadRegisters)]
    return Planned(name, baudrate, parity, tuple((r.address, r.count) for r in reads))


@contextmanager
def server(program: Path, seconds: int) -> Iterator[None]:
    """Run the C server on one port per connection."""
    command = [str(program), str(FIRST_PORT), str(max(CONNECTIONS)), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != b"ready\n":
                raise SystemExit("the C server did not start")
            yield
        finally:
            process.terminate()


def cell(
    client: str, connections: int, registers: int, seconds: float, loop: str
) -> dict[str, float]:
    """Run one measurement."""
    arguments = [client, connections, registers, seconds, loop, FIRST_PORT]
    command = [sys.executable, "-m", "bench.modbus.cell", *map(str, arguments)]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120).stdout
    result: dict[str, float] = json.loads(output)
    return result


def clients(seconds: float, rounds: int) -> list[dict[str, object]]:
    """Return every cell's medians. Clients alternate in a round, so that drift affects all."""
    rows: list[dict[str, object]] = []
    for loop in LOOPS:
        for registers in REGISTERS:
            for connections in CONNECTIONS:
                samples: dict[str, list[dict[str, float]]] = {client: [] for client in CLIENTS}
                for _ in range(rounds):
                    for client in CLIENTS:
                        samples[client].append(cell(client, connections, registers, seconds, loop))
                for client in CLIENTS:
                    rate = statistics.median(s["requests_per_s"] for s in samples[client])
                    cpu = statistics.median(s["cpu_us"] for s in samples[client])
                    rows.append(
                        {
                            "client": client, "loop": loop, "registers": registers,
                            "connections": connections, "requests_per_s": round(rate),
                            "cpu_us_per_request": round(cpu, 1),
                        }
                    )  # fmt: skip
                    print(json.dumps(rows[-1]), flush=True)
    return rows


def ratio(rows: Sequence[dict[str, object]], other: str, registers: int) -> float:
    """Return the agent's CPU per request over the peer's: median of loops and connections."""

    def cpu(client: str) -> list[float]:
        return [
            float(str(row["cpu_us_per_request"]))
            for row in rows
            if row["client"] == client and row["registers"] == registers
        ]

    ours, theirs = cpu("ours"), cpu(other)
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 3)


async def read_line(
    path: str, baudrate: int, parity: str, blocks: Sequence[tuple[int, int]], reads: int
) -> None:
    """Read the whole map ``reads`` times, with a rest before each."""
    bus = ModbusBus.serial(path, baudrate, parity)
    for _ in range(reads):
        await asyncio.sleep(0.05)
        for address, count in blocks:
            payload = await bus.read(query(1, "holding", address, count), Limits())
            if payload != b"".join(at.to_bytes(2, "big") for at in range(address, address + count)):
                raise SystemExit(f"wrong answer from {path}")
    await bus.close()


def line(asked: Planned, loop: str, reads: int) -> dict[str, object]:
    """Measure full reads of one device, and the minimum time of its bits and silences.

    The line's time is that of the bits of request and reply, of the silence before the reply, and
    of the idle line before the next request: measured at the device, so that its own delay on a
    busy machine is not counted, and the agent's is. The least idle time is one silence.
    """
    baudrate, parity, blocks = asked.baudrate, asked.parity, asked.blocks
    command = [sys.executable, "-m", "bench.modbus.paced_line", str(baudrate), parity]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as device:
        assert device.stdout is not None
        path = device.stdout.readline().strip()
        run = uvloop.run if loop == "uvloop" else asyncio.run
        run(read_line(path, baudrate, parity, blocks, reads))
        idle_s: list[float] = json.loads(device.communicate()[0])
    character_s = (10 if parity == "N" else 11) / baudrate
    silence_s = 0.001_75 if baudrate > 19_200 else 3.5 * character_s
    size = len(blocks)
    bits_s = sum(8 + 5 + 2 * count for _, count in blocks) * character_s + size * silence_s
    gaps_s = [sum(idle_s[start + 1 : start + size]) for start in range(0, len(idle_s), size)]
    least_s, taken_s = bits_s + (size - 1) * silence_s, bits_s + statistics.median(gaps_s)
    return {
        "map": asked.name,
        "loop": loop,
        "baudrate": baudrate,
        "parity": parity,
        "requests": size,
        "registers": sum(count for _, count in blocks),
        "minimum_s": round(least_s, 4),
        "bus_time_s": round(taken_s, 4),
        "ratio": round(taken_s / least_s, 4),
    }


def lines(reads: int) -> list[dict[str, object]]:
    """Measure full reads of whole devices on lines that keep their baud rate."""
    rows: list[dict[str, object]] = []
    for asked in planned():
        for loop in LOOPS:
            rows.append(line(asked, loop, reads))
            print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Measure everything and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements per median")
    parser.add_argument("--lines-only", action="store_true", help="only the serial lines")
    arguments = parser.parse_args()
    line_rows = lines(3 * arguments.rounds)
    if arguments.lines_only:
        return
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("the benchmark's server needs a C compiler")
    with tempfile.TemporaryDirectory() as place:
        program = Path(place) / "server"
        source = HERE / "server.c"
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
        cells = len(CLIENTS) * len(CONNECTIONS) * len(REGISTERS) * len(LOOPS) * arguments.rounds
        with server(program, int(cells * (arguments.seconds + 5)) + 60):
            client_rows = clients(arguments.seconds, arguments.rounds)
    ratios = {
        f"vs_{other}_{registers}": ratio(client_rows, other, registers)
        for other in ("pymodbus", "handwritten")
        for registers in REGISTERS
    }
    rpu = [float(str(row["ratio"])) for row in line_rows if str(row["map"]).startswith("orv3-rpu")]
    ratios["rpu_bus_time_vs_minimum"] = max(rpu)
    result = {
        "meaning": "ratios are agent / peer of CPU per request, and of time; below 1 is faster",
        "python": platform.python_version(),
        "seconds": arguments.seconds,
        "rounds": arguments.rounds,
        "ratios": ratios,
        "clients": client_rows,
        "lines": line_rows,
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(ratios))


if __name__ == "__main__":
    main()
