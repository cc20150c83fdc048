"""What every test shares: patience with shared machines, and that nothing outlives the run."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.clock import Clock

# A property is wrong or right, not late: on two shared cores a deadline fails by chance. CI tries
# the same examples every time, so that a red run can be repeated.
settings.register_profile("house", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("house")

# A browser that prints every rehearsal's report takes seconds; the tests of printing name one.
os.environ["RACKAGENT_BROWSER"] = ""


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests marked ``moved_clock`` run where time passes only while everybody waits."""
    marked = item.get_closest_marker("moved_clock")
    return {"loop": Clock if marked else asyncio.new_event_loop}


@pytest.fixture
async def polls_by_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pollers read the clock of the loop, which tests marked ``moved_clock`` move."""
    monkeypatch.setattr("agent.poll.poller.time", asyncio.get_running_loop())


@pytest.fixture(scope="session", autouse=True)
def _every_program_ends() -> Iterator[None]:
    """Fails the run when a program that a test started is still there at its end (Linux)."""
    before = _children()
    yield
    left = _children() - before
    assert not left, f"programs left running: {sorted(map(_command, left))}"


def _children() -> set[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for path in tasks for pid in path.read_text().split()}


def _command(pid: int) -> str:
    line = Path(f"/proc/{pid}/cmdline").read_bytes()
    return line.replace(b"\0", b" ").decode(errors="replace") or f"process {pid}, not waited for"
