"""The pytest plugin: ``pytest --rack CONFIG`` on hardware, with ``--simulated`` on the simulator.

Loaded in every run of pytest where this package is installed: it imports nothing of the agent
until a test asks for ``rack``.
"""

from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from agent.hil.log import RunLog
    from agent.hil.rack import HilRack

_LOG: pytest.StashKey["RunLog"] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of tests on racks."""
    group = parser.getgroup("rackagent", "tests on a rack, real or simulated")
    group.addoption("--rack", metavar="CONFIG", help="the rack to test: a site's YAML file")
    group.addoption(
        "--simulated", action="store_true", help="with --rack: simulate it on its own addresses"
    )
    group.addoption(
        "--rack-fault",
        metavar="FAULT",
        action="append",
        default=[],
        help="with --simulated: a fault that is active from the start; repeatable",
    )
    group.addoption(
        "--rack-log", metavar="FILE", help="log of the run (default: rack-runs/TIME.jsonl)"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Open the log if the run has a rack."""
    config = session.config
    if not config.getoption("--rack"):
        return
    from agent.hil.log import RunLog

    given = config.getoption("--rack-log")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = Path(given) if given else config.invocation_params.dir / f"rack-runs/{stamp}.jsonl"
    log = RunLog(path)
    config.stash[_LOG] = log
    log.write(
        "run", rack=config.getoption("--rack"), simulated=config.getoption("--simulated"),
        faults=config.getoption("--rack-fault"),
    )  # fmt: skip


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Close the log."""
    log = session.config.stash.get(_LOG, None)
    if log is not None:
        log.test = ""
        log.write("end", exit_status=int(exitstatus))
        log.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Log the outcome of each test."""
    report = yield
    log = item.config.stash.get(_LOG, None)
    if log is not None and (report.when == "call" or report.outcome != "passed"):
        log.test = item.nodeid
        why = "" if report.passed else report.longreprtext
        log.write("outcome", when=report.when, outcome=report.outcome, why=why)
    return report


@pytest_asyncio.fixture
async def rack(request: pytest.FixtureRequest) -> AsyncIterator["HilRack"]:
    """Yield the rack of ``--rack``; a simulated one is started anew for each test."""
    given = request.config.getoption("--rack")
    if not given:
        pytest.skip("needs a rack: pytest --rack CONFIG [--simulated]")
    import time
    from contextlib import AsyncExitStack

    from agent.commission.run.rig import HallRig, simulated_rig
    from agent.config import load_config
    from agent.hil.operator import AttendedRig, operator
    from agent.hil.rack import HilRack
    from agent.hil.reader import Reader

    log = request.config.stash[_LOG]
    log.test = request.node.nodeid
    site_config = load_config(Path(given))
    async with AsyncExitStack() as stack:
        if request.config.getoption("--simulated"):
            faults = tuple(request.config.getoption("--rack-fault"))
            serving = simulated_rig(site_config, seed=0, speed=0.0, faults=faults)
            rig = AttendedRig(await stack.enter_async_context(serving), simulated=True)
            await rig.wait(1.0)
        else:
            hall = HallRig(site_config.stimuli, time.monotonic)  # a monotonic clock cannot be set
            rig = AttendedRig(hall, operator(request.config))
        reader = await stack.enter_async_context(Reader(site_config))
        under_test = HilRack(reader, rig, log)
        yield under_test
        await under_test.release_all()
