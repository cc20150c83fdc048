"""Measure one agent on a fleet of simulated racks; each of the two has one core.

``python -m bench.fleet.run [--racks N] [--seconds S]`` writes bench/results/fleet.json.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
RESULT = HERE.parent / "results" / "fleet.json"
_WARM_UP_S = 25.0  # two cycles, identification and first walks included
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_START_S = 120.0


def main() -> None:
    """Serve, poll, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--racks", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        fleet = Path(folder) / "fleet.yaml"
        simulator = start_simulator(options.racks, fleet, cores[-1])
        try:
            result = _measure(simulator.pid, fleet, options.seconds, cores[0])
        finally:
            simulator.send_signal(signal.SIGTERM)
            simulator.communicate()
    result |= {"racks": options.racks, "interval_s": 10, "seconds": options.seconds}
    result |= {"python": platform.python_version(), "machine": _processor(), "cores": len(cores)}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def start_simulator(racks: int, fleet: Path, core: int) -> "subprocess.Popen[str]":
    """Simulate a fleet on one core; its configuration for the agent is written to ``fleet``."""
    command = [sys.executable, "-m", "agent", "simulate", str(HERE / "rack.yaml")]
    command += [f"--racks={racks}", f"--fleet-config={fleet}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {core})
    assert process.stderr is not None
    began = time.monotonic()
    while not (line := process.stderr.readline()).strip().endswith("devices served"):
        if not line or time.monotonic() - began > _START_S:
            process.kill()
            raise SystemExit(f"the simulator did not start: {line or process.communicate()[1]}")
    return process


def _measure(simulator: int, fleet: Path, seconds: float, core: int) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.fleet.poll", str(fleet), str(_WARM_UP_S), str(seconds)]
    agent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(agent.pid, {core})
    time.sleep(_WARM_UP_S)
    cpu, wall = _cpu_s(simulator), time.monotonic()
    time.sleep(seconds)
    share = (_cpu_s(simulator) - cpu) / (time.monotonic() - wall)
    said, _ = agent.communicate()
    if agent.returncode:
        raise SystemExit(f"the agent ended with {agent.returncode}")
    figures: dict[str, object] = json.loads(said)
    return figures | {"simulator_cpu_share": round(share, 4), "simulator_rss_mb": _rss(simulator)}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _rss(pid: int) -> float:
    return round(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6, 1)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")


if __name__ == "__main__":
    main()
