"""The peers of the measurement: build the C programs, start them on their core, and end them."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from os import cpu_count, sysconf
from pathlib import Path

HERE = Path(__file__).parent
CLIENT_CORE, SERVER_CORE = 0, min(1, (cpu_count() or 1) - 1)
EXPORTER = "prometheus-snmp-exporter"
_READY_WITHIN_S = 5.0


class MissingError(Exception):
    """A program that the benchmark needs is not installed; the text says how to install it."""


def pinned(core: int, *command: str) -> list[str]:
    """Return ``command`` limited to one core."""
    return ["taskset", "-c", str(core), *command]


def require() -> None:
    """Raise MissingError unless compiler, headers and snmp_exporter are there."""
    needed = {"taskset": "util-linux", "gcc": "gcc", EXPORTER: EXPORTER}
    missing = [package for program, package in needed.items() if shutil.which(program) is None]
    if "gcc" not in missing:
        asked = subprocess.run(
            ["gcc", "-E", "-x", "c", "-"],
            input=b"#include <openssl/evp.h>\n",
            capture_output=True,
            check=False,
        )
        if asked.returncode:
            missing.append("libssl-dev")
    if missing:
        raise MissingError(f"missing; on Debian: apt install {' '.join(missing)}")


def build(folder: Path) -> None:
    """Compile the responder and the load on snmp_exporter into ``folder``."""
    for name, libraries in (("responder", ["-lcrypto"]), ("scrape_load", [])):
        source = HERE / f"{name}.c"
        command = ["gcc", "-O2", "-Wall", "-o", str(folder / name), str(source), *libraries]
        subprocess.run(command, check=True)


@dataclass(frozen=True)
class Peers:
    """The programs beside the measured client, and their core."""

    folder: Path
    snmp_port: int
    exporter: subprocess.Popen[bytes]
    exporter_port: int

    def exporter_cpu_s(self) -> float:
        """Return the CPU seconds of snmp_exporter so far, by the kernel's ticks of 10 ms."""
        fields = Path(f"/proc/{self.exporter.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / sysconf("SC_CLK_TCK")


@contextmanager
def peers() -> Iterator[Peers]:
    """Build and start the responder and snmp_exporter; end them afterwards."""
    require()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-snmp-")))
        build(folder)
        snmp_port = _free_port(socket.SOCK_DGRAM)
        responder = [str(folder / "responder"), str(snmp_port)]
        process = stack.enter_context(_started(pinned(SERVER_CORE, *responder)))
        assert process.stdout is not None
        if not process.stdout.readline().startswith(b"ready"):
            raise RuntimeError("the responder does not start")
        port = _free_port(socket.SOCK_STREAM)
        config, listen = HERE / "exporter.yml", f"--web.listen-address=127.0.0.1:{port}"
        command = [EXPORTER, f"--config.file={config}", listen, "--log.level=error"]
        exporter = stack.enter_context(_started(pinned(CLIENT_CORE, *command)))
        _await_port(port)
        yield Peers(folder, snmp_port, exporter, port)


@contextmanager
def responder_only() -> Iterator[int]:
    """Build and start the responder alone; yields its port."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-snmp-")))
        build(folder)
        port = _free_port(socket.SOCK_DGRAM)
        command = pinned(SERVER_CORE, str(folder / "responder"), str(port))
        process = stack.enter_context(_started(command))
        assert process.stdout is not None
        if not process.stdout.readline().startswith(b"ready"):
            raise RuntimeError("the responder does not start")
        yield port


@contextmanager
def _started(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.terminate()


def _free_port(kind: socket.SocketKind) -> int:
    with closing(socket.socket(socket.AF_INET, kind)) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _await_port(port: int) -> None:
    give_up_at = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < give_up_at:
        try:
            with closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")
