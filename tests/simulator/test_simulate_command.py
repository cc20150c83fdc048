"""``rackagent simulate`` as a user runs it: faults, control, records, fleets, the live screen."""

import io
import json
import urllib.request
from pathlib import Path

import pytest
from rich.console import Console

from agent.config import load_config
from agent.model.errors import ConfigError
from simulator.control.live_view import screen_of, showing
from simulator.control.trace_log import tracing
from simulator.site.fleet import fleet_config, fleet_data, write_fleet
from simulator.site.rack_server import build, serving
from simulator.site.site import SimulatedSite
from tests.end_to_end.ports import free_tcp_ports
from tests.end_to_end.programs import background, fetch, rackagent
from tests.simulator.bench import bench, write_site
from tests.waiting import PATIENCE_S, eventually

_ROLES = {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu", "switch-1": "switch"}


@pytest.fixture
def site(tmp_path: Path) -> SimulatedSite:
    return build(load_config(write_site(tmp_path, _ROLES)), speed=10.0)[0]


def test_the_catalogue_is_listed() -> None:
    text = rackagent("simulate", "--list-faults")
    assert "pump_trip" in text
    assert "= feed_lost" in text
    assert "SNMP v3 boots rise" in text


def test_faults_control_and_record_from_the_command_line(tmp_path: Path) -> None:
    path = write_site(tmp_path, _ROLES)
    (tmp_path / "faults.yaml").write_text("- {fault: leak, at: 20s, device: cdu}\n")
    kept, [port] = tmp_path / "kept.jsonl", free_tcp_ports(1)
    url = f"http://127.0.0.1:{port}"
    with background(
        *("simulate", str(path), "--speed", "50", "--fault", "pump_trip@10s+100h"),
        *("--faults", str(tmp_path / "faults.yaml"), "--record", str(kept)),
        *("--control", f"127.0.0.1:{port}"),
    ):
        found = eventually(lambda: _faults(url) if len(_faults(url)) == 2 else None)
        assert found == ["pump_trip", "leak"]
        order = urllib.request.Request(
            f"{url}/faults",
            json.dumps({"fault": "delay", "params": {"device": "pdu-a"}}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(order, timeout=PATIENCE_S) as answer:
            assert answer.status == 201
        assert _faults(url)[-1] == "delay"
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    seconds = [line["elapsed_s"] for line in lines if line["device"] == "cdu"]
    assert seconds == [float(second) for second in range(1, len(seconds) + 1)]
    tripped = next(line for line in lines if line["elapsed_s"] == 15 and line["device"] == "cdu")
    assert tripped["faults"] == ["pump_trip@r1"]


def _faults(url: str) -> list[str]:
    return [fault["fault"] for fault in json.loads(fetch(f"{url}/state"))["faults"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fault", "pump_tripp"], "did you mean 'pump_trip'"),
        (["--fault", "pump_trip@soon"], "is not a duration"),
        (["--faults", "none.yaml"], "the file does not exist"),
        (["--control", "9900"], "--control is HOST:PORT"),
        (["--racks", "300"], "1 to 250"),
        (["--fleet-config", "x.yaml"], "--fleet-config needs --racks"),
        (["--record", "/dev/null/x"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_served(
    tmp_path: Path, options: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_site(tmp_path, {"pdu-a": "apc-rpdu2"})
    with pytest.raises(AssertionError, match="exit 2") as error:
        rackagent("simulate", str(path), *options)
    assert said in str(error.value)


def test_nothing_of_a_record_is_kept_of_devices_without_power(
    site: SimulatedSite, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.jsonl"
    with tracing(site, kept):
        site.injector.inject("feed_lost", {"feed": "a"})
        site.injector.inject("feed_lost", {"feed": "b"})
        site.advance(3.0)
    site.advance(5.0)
    devices = [json.loads(line)["device"] for line in kept.read_text().splitlines()]
    assert devices[-2:] == ["pdu-a", "cdu"]
    assert len(devices) <= 9


def _printed(site: SimulatedSite) -> str:
    console = Console(width=140, file=io.StringIO())
    console.print(screen_of(site))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_screen_shows_what_the_rack_does(site: SimulatedSite) -> None:
    calm = _printed(site)
    assert "rack time 0:00:00  x10" in calm
    assert "switch-1" in calm
    assert calm.count("none") == 2, "no faults, no alarms"
    site.injector.inject("stop_pumps", for_s=100.0)
    site.advance(61.0)
    text = _printed(site)
    assert "rack time 0:01:01" in text
    assert "pumps_lost @ r1  39 s left" in text
    assert "cdu: flow_low" in text
    for feed in "ab":
        site.injector.inject("feed_lost", {"feed": feed})
    site.advance(5.0)
    assert "no power" in _printed(site)


async def test_the_screen_is_put_up_and_taken_down(tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=60)
    async with bench(tmp_path, {"pdu-a": "apc-rpdu2"}) as served, showing(served.site, console):
        pass
    text = out.getvalue()
    assert "\x1b[?1049h" in text
    assert text.rstrip().endswith(("\x1b[?1049l", "\x1b[?25h"))


def test_a_fleet_is_a_rack_repeated_on_addresses_of_its_own(tmp_path: Path) -> None:
    path = write_site(tmp_path, {**_ROLES, "shelf-1": "*"})
    data = fleet_data(path, 3)
    assert [rack["name"] for rack in data["racks"]] == ["r1-001", "r1-002", "r1-003"]
    second = data["racks"][1]["devices"]
    assert [device["name"] for device in second][:2] == ["pdu-a-002", "cdu-002"]
    assert [device["role"] for device in second] == [*_ROLES, "shelf-1"]
    hosts = [device["url"].split("//")[1].split(":")[0] for device in second]
    assert hosts == ["127.0.2.1", "127.0.2.2", "127.0.2.3", "127.0.2.4"]
    with fleet_config(path, 2) as config:
        assert len(config.devices) == 8
        assert len({str(device.url) for device in config.devices}) == 8
    with pytest.raises(ConfigError, match="cannot be written"):
        write_fleet(path, 1, tmp_path)


def test_units_behind_one_gateway_stay_together(tmp_path: Path) -> None:
    path = write_site(tmp_path, {"cdu": "orv3-rpu", "shelf-1": "orv3-hpr-psu"})
    data = json.loads(path.read_text(encoding="utf-8"))
    devices = data["racks"][0]["devices"]
    devices[0]["url"] = devices[1]["url"].replace("/2", "/1")
    path.write_text(json.dumps(data), encoding="utf-8")
    urls = [device["url"] for device in fleet_data(path, 1)["racks"][0]["devices"]]
    assert urls[0].rpartition("/")[0] == urls[1].rpartition("/")[0]
    devices[0]["url"] = "modbus+rtu:///dev/ttyUSB9/1"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ConfigError, match="cdu: a serial line cannot be repeated"):
        fleet_data(path, 2)


async def test_a_fleet_is_served(tmp_path: Path) -> None:
    path = write_site(tmp_path, {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu"})
    with fleet_config(path, 5) as config:
        async with serving(config) as site:
            assert len(site) == 10
            assert len(site.racks) == 5
            assert "and" not in _printed(site)


def test_a_fleet_from_the_command_line(tmp_path: Path) -> None:
    path = write_site(tmp_path, {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu"})
    out = tmp_path / "fleet.yaml"
    with background("simulate", str(path), "--racks=30", "--fleet-config", str(out)) as process:
        assert process.stderr is not None
        assert process.stderr.readline().strip() == "60 devices served"
        config = load_config(out)
        device = config.devices[-1]
        assert device.name == "cdu-030"
        assert "rack_pump_speed_rpm" in rackagent("read", str(device.url), "--profile=orv3-rpu")
