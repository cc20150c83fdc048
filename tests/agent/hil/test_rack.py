"""The rack of a test: reading, waiting, and what is said when it cannot be."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.commission.run.rig import HallRig
from agent.config import load_config
from agent.config.stimuli import Command
from agent.hil.log import RunLog
from agent.hil.operator import AttendedRig
from agent.hil.rack import HilRack, Now
from agent.hil.reader import Reader
from agent.model.errors import ConfigError
from simulator.site.rack_server import serving
from simulator.site.rehearsal import SimulatedRig
from tests.simulator.bench import write_site

POWER = "rack_inlet_power_watts"
FLOW = "rack_coolant_flow_liters_per_second"


@pytest.fixture
async def hil(tmp_path: Path) -> AsyncIterator[HilRack]:
    hasty = {"timeout": "300ms", "retries": 0}
    roles = {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu"}
    config = load_config(write_site(tmp_path, roles, defaults=hasty))
    log = RunLog(tmp_path / "runs" / "log.jsonl")
    async with serving(config, live=False) as site, Reader(config) as reader:
        yield HilRack(reader, AttendedRig(SimulatedRig(site, speed=0.0), simulated=True), log)
    log.close()


def lines(tmp_path: Path) -> list[dict[str, object]]:
    text = (tmp_path / "runs" / "log.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


async def test_it_reads_values_words_and_lists(hil: HilRack, tmp_path: Path) -> None:
    assert hil.simulated
    assert hil.devices == ("pdu-a", "cdu")
    assert 30e3 < await hil.number("pdu-a", POWER) < 45e3
    assert await hil.read("pdu-a", "rack_outlet_state", outlet="1") == "on"
    reading = await hil.reading("cdu", FLOW, loop="technology")
    assert (reading.unit, reading.device) == ("L/s", "cdu")
    assert len(await hil.all("pdu-a", "rack_phase_voltage_volts")) == 3
    assert [line["event"] for line in lines(tmp_path)] == ["read"] * 6


async def test_load_moves_it_and_time_passes_only_by_waiting(hil: HilRack) -> None:
    before = await hil.number("pdu-a", POWER)
    await hil.load(1.0)
    assert await hil.number("pdu-a", POWER) == before
    took = await hil.until(lambda now: now.number("pdu-a", POWER) > 1.5 * before, within="1m")
    assert 1 <= took <= 20
    await hil.wait("5s")
    assert await hil.number("pdu-a", POWER) > 1.5 * before


async def test_a_condition_sees_several_devices_at_one_moment(hil: HilRack) -> None:
    def both(now: Now) -> bool:
        return now.number("pdu-a", POWER) > 1e3 and now("cdu", FLOW, loop="technology") != 0

    assert await hil.until(both) == 0


@pytest.mark.parametrize(
    ("device", "metric", "labels", "said"),
    [
        ("pdu-z", POWER, {}, "unknown device 'pdu-z'; there are: pdu-a, cdu"),
        ("pdu-a", FLOW, {}, f"pdu-a does not report {FLOW}"),
        ("cdu", FLOW, {"loop": "facility"}, "does not exist; there are: loop=technology"),
        (
            "pdu-a",
            "rack_phase_voltage_volts",
            {},
            "several readings: .*phase=1.*name more labels",
        ),
    ],
)
async def test_what_cannot_be_read_is_said(
    hil: HilRack, device: str, metric: str, labels: dict[str, str], said: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=said):
        await hil.read(device, metric, **labels)
    with pytest.raises(pytest.fail.Exception, match="did not happen within 1 s"):
        await hil.until(lambda now: now(device, metric, **labels), within="1s")


async def test_a_bad_value_is_no_value(hil: HilRack) -> None:
    await hil.stimulus("illegal_address", device="cdu", address=36864)
    with pytest.raises(pytest.fail.Exception, match=r"is bad: .*illegal data address"):
        await hil.read("cdu", FLOW, loop="technology")


async def test_a_word_is_no_number(hil: HilRack) -> None:
    with pytest.raises(pytest.fail.Exception, match="is the state 'on', not a number"):
        await hil.number("pdu-a", "rack_outlet_state", outlet="1")


async def test_a_wait_that_fails_tells_what_it_saw(hil: HilRack) -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        await hil.until(
            lambda now: now.number("cdu", FLOW, loop="technology") > 99, "3s", "a flood"
        )
    assert "a flood did not happen within 3 s; last seen:\n" in str(failed.value)
    assert f'cdu {FLOW}{{loop="technology"}} = 2.1' in str(failed.value)


async def test_a_silent_device_is_waited_for(hil: HilRack) -> None:
    await hil.stimulus("reboot", device="pdu-a")
    assert not await hil.answers("pdu-a")
    assert await hil.answers("cdu")
    with pytest.raises(pytest.fail.Exception, match="pdu-a"):
        await hil.all("pdu-a", POWER)
    assert await hil.until(lambda now: now.number("pdu-a", POWER) > 1e3, "60s") >= 10


async def test_a_stimulus_is_released_with_the_test_at_the_latest(hil: HilRack) -> None:
    volts = "rack_phase_voltage_volts"
    await hil.stimulus("open_feed_a")
    assert await hil.number("pdu-a", volts, phase="1") == 0
    await hil.release("open_feed_a")
    await hil.release("open_feed_a")
    assert await hil.number("pdu-a", volts, phase="1") > 200
    await hil.stimulus("phase_lost", phase=2)
    await hil.release_all()
    assert await hil.number("pdu-a", volts, phase="2") > 200
    with pytest.raises(pytest.fail.Exception, match=r"did you mean 'open_feed_[ab]'"):
        await hil.stimulus("open_feed")


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        RunLog(tmp_path)


# In a hall.


async def test_an_operator_is_asked(tmp_path: Path) -> None:
    asked = []

    def ask(request: str) -> bool:
        asked.append(request)
        return "pump" not in request

    stand = AttendedRig(HallRig({}), ask)
    assert not stand.simulated
    began = stand.now()
    await stand.wait(0.01)
    assert stand.now() > began
    await stand.begin("open_feed_a", {"rack": "r1"})
    await stand.end("open_feed_a")
    await stand.load(0.75)
    assert asked[0].startswith("open feed a rack=r1 (the feed reads 0 V")
    assert asked[1].startswith("undo: open feed a")
    assert asked[2] == "load the rack to 75%"
    with pytest.raises(pytest.skip.Exception, match="skipped by the operator: stop pump 1"):
        await stand.begin("stop_pump_1", {})


async def test_commands_are_run_with_what_a_test_gives_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + chr(10))"
    command = Command((sys.executable, "-c", script, str(out)))
    stand = AttendedRig(HallRig({"open": command, "end_open": command, "load": command}))
    await stand.begin("open", {"feed": "a"})
    await stand.end("open")
    await stand.load(0.5)
    assert out.read_text().splitlines() == ["feed=a", "", "ratio=0.5"]
    with pytest.raises(pytest.skip.Exception, match="needs an operator"):
        await stand.begin("close", {})


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nonexistent/command",), "No such file"),
        ((sys.executable, "-c", "print('breaker stuck'); exit(3)"), "status 3: breaker stuck"),
    ],
)
async def test_commands_that_fail(command: tuple[str, ...], said: str) -> None:
    stand = AttendedRig(HallRig({"open": Command(command)}))
    with pytest.raises(ConfigError, match=said):
        await stand.begin("open", {})
