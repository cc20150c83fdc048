"""The page as PDF, printed by an installed Chromium without network access."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from agent.model.errors import ConfigError

BROWSER = "RACKAGENT_BROWSER"
"""The environment variable that names the browser; an empty value disables PDF output."""

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PRINT_S = 90.0
_OUTPUT_MAX = 300
_ONE_AT_A_TIME = (
    threading.Lock()
)  # a browser takes hundreds of megabytes, and a hall has many racks
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-pdf-header-footer",
)


def browser() -> str | None:
    """Return the path of the browser that prints; None if none is installed."""
    named = os.environ.get(BROWSER)
    if named is not None:
        return shutil.which(named) if named else None
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def print_pdf(page: bytes) -> bytes:
    """Return an HTML page as PDF. Raises ConfigError if no browser is found or printing fails."""
    program = browser()
    if program is None:
        raise ConfigError("a PDF needs Chromium or Chrome; neither is installed")
    with tempfile.TemporaryDirectory(prefix="rackagent-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        (folder / "report.html").write_bytes(page)
        target = folder / "report.pdf"
        options = [*_OPTIONS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium as root refuses to start without
        with _ONE_AT_A_TIME:
            output = _run([program, *options, (folder / "report.html").as_uri()])
        if not target.is_file():
            raise ConfigError(
                f"{program} printed nothing: {output[-_OUTPUT_MAX:] or 'no reason given'}"
            )
        return target.read_bytes()


def _run(command: list[str]) -> str:
    """Run a command, end all its processes, and return its output.

    Raises ConfigError if it cannot be started or exceeds its time limit.
    """
    try:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError(f"{command[0]} cannot be started: {error.strerror}") from None
    try:
        output, _ = process.communicate(timeout=_PRINT_S)
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{command[0]} did not print within {_PRINT_S:g} s") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return output.decode(errors="replace").strip()
