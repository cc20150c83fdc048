"""The simulator as a stand: time passes while the run waits, and stimuli are faults."""

from pathlib import Path

import pytest

from agent.config import load_config
from agent.model.errors import ConfigError
from simulator.site.rehearsal import rehearsal
from tests.simulator.bench import write_site


async def test_rack_time_passes_only_while_the_run_waits(tmp_path: Path) -> None:
    config = load_config(write_site(tmp_path, {"cdu": "orv3-rpu"}))
    async with rehearsal(config, seed=3, speed=0.0, faults=("clog",)) as stand:
        began = stand.now()
        assert stand.now() == began
        await stand.wait(600.0)
        assert stand.now() == pytest.approx(began + 600.0)


async def test_stimuli_are_faults_that_end(tmp_path: Path) -> None:
    config = load_config(write_site(tmp_path, {"pdu-a": "apc-rpdu2"}))
    async with rehearsal(config, seed=0, speed=1000.0, faults=()) as stand:
        model = stand.rack()
        assert await stand.begin("open_feed_a", {}) == ""
        assert [fault.name for fault in model.faults] == ["feed_lost"]
        assert await stand.end("open_feed_a") == ""
        assert model.faults == ()
        assert await stand.end("open_feed_a") == ""
        assert await stand.load(0.75) == ""
        await stand.wait(1.0)
        assert model.load == 0.75
        with pytest.raises(ConfigError, match="unknown fault 'open_feed_c'"):
            await stand.begin("open_feed_c", {})


async def test_a_fault_that_cannot_be_is_refused(tmp_path: Path) -> None:
    config = load_config(write_site(tmp_path, {"cdu": "orv3-rpu"}))
    with pytest.raises(ConfigError, match="unknown fault 'clogg'"):
        async with rehearsal(config, seed=0, speed=0.0, faults=("clogg",)):
            pass
