"""Runs our own command line as the processes a user would start, and ends them."""

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE_S

RACKAGENT = [sys.executable, "-m", "agent"]


@contextlib.contextmanager
def background(
    *arguments: str, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """``rackagent ARGUMENTS`` while the block runs; terminated afterwards."""
    process = subprocess.Popen(
        [*RACKAGENT, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


@contextlib.contextmanager
def replay(recording: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A recording served as an SNMP agent, ready when the block begins."""
    listen = f"127.0.0.1:{port}"
    with background("simulate", "--recording", str(recording), "--listen", listen) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert "rows served" in said, said
        yield process


def rackagent(*arguments: str, status: int = 0) -> str:
    """The stdout of ``rackagent ARGUMENTS``; its exit status must be ``status``."""
    done = subprocess.run(
        [*RACKAGENT, *arguments], capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == status, f"exit {done.returncode}: {done.stderr or done.stdout}"
    return done.stdout


def read(url: str, *arguments: str) -> dict[str, Any]:
    """What ``rackagent read --format json`` prints for ``url``."""
    document: dict[str, Any] = json.loads(rackagent("read", url, "--format", "json", *arguments))
    return document


def fetch(url: str, auth: tuple[str, str] | None = None) -> str:
    """The body behind ``url``, for who has a user and a password where it needs them."""
    request = urllib.request.Request(url)
    if auth is not None:
        login = base64.b64encode(":".join(auth).encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        body: bytes = answer.read()
    return body.decode()
