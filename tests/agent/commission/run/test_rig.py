"""A real rack's stand: commands are run, the rest is said."""

import sys
from pathlib import Path

import pytest

from agent.commission.run.rig import HallRig, ShiftedRig
from agent.config.stimuli import Command
from agent.model.errors import ConfigError

WRITE = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n')"


def command(*arguments: str) -> Command:
    return Command((sys.executable, "-c", *arguments))


async def test_commands_are_run_with_what_they_need(tmp_path: Path) -> None:
    log = tmp_path / "log"
    names = ("open_feed_a", "end_open_feed_a", "load")
    stand = HallRig({name: command(WRITE, str(log), name) for name in names})
    assert await stand.begin("open_feed_a", {"breaker": 3}) == ""
    assert await stand.end("open_feed_a") == ""
    assert await stand.load(0.5) == ""
    assert log.read_text().splitlines() == [
        "open_feed_a breaker=3",
        "end_open_feed_a",
        "load ratio=0.5",
    ]


async def test_what_is_no_command_is_for_a_person() -> None:
    stand = HallRig({})
    assert await stand.begin("stop_pump_1", {"pump": 1}) == "stop pump 1 pump=1"
    assert await stand.end("stop_pump_1") == "undo: stop pump 1"
    assert await stand.load(0.25) == "load the rack to 25%"
    before = stand.now()
    await stand.wait(0.0)
    assert stand.now() >= before


async def test_a_command_that_fails_is_told() -> None:
    stand = HallRig(
        {
            "load": command("import sys; print('no such rack'); sys.exit(3)"),
            "open_feed_a": Command(("/nowhere/at-all",)),
        }
    )
    with pytest.raises(ConfigError, match=r"stimuli.load: exit status 3: no such rack"):
        await stand.load(1.0)
    with pytest.raises(ConfigError, match=r"stimuli.open_feed_a: /nowhere/at-all: No such file"):
        await stand.begin("open_feed_a", {})


async def test_a_clock_that_is_ahead() -> None:
    stand = HallRig({})
    later = ShiftedRig(stand, 100.0)
    assert later.now() - stand.now() > 99
    await later.wait(0.0)
    assert await later.load(0.5) == "load the rack to 50%"
