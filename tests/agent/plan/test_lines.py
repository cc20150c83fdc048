"""How busy each line is, from a site's file."""

from pathlib import Path

import pytest

from agent.config import load_config
from agent.plan.lines import LineLoad, line_loads, loads

PROFILE = """\
profile: meter
title: t
kind: pdu
protocol: modbus
verified: datasheet
source: s
serial: {baudrate: 9600, parity: N}
points:
  - {metric: rack_inlet_power_watts, address: 0, unit: W}
  - {metric: rack_inlet_current_amperes, address: 500, unit: A, interval: 60}
"""


def lines(folder: Path, *devices: str, interval: str = "10s") -> list[LineLoad]:
    (folder / "meter.yaml").write_text(PROFILE)
    listed = "".join(f"      - {{name: d{n}, {device}}}\n" for n, device in enumerate(devices, 1))
    site = folder / "site.yaml"
    site.write_text(
        f"profiles: [.]\ndefaults: {{interval: {interval}}}\n"
        f"racks:\n  - name: r\n    devices:\n{listed}"
    )
    return line_loads(loads(load_config(site)))


def meter(url: str) -> str:
    return f"profile: meter, url: '{url}'"


def test_units_of_one_line_are_summed(tmp_path: Path) -> None:
    port = "modbus+rtu:///dev/ttyS0/{}?baudrate=9600&parity=N"
    one, other = lines(
        tmp_path,
        meter(port.format(1)),
        meter(port.format(2)),
        meter("modbus+tcp://10.0.0.1/1"),
        "profile: apc-rpdu2, url: 'snmp://10.0.0.2'",
    )
    assert (one.line, one.devices, one.requests) == ("/dev/ttyS0", ("d1", "d2"), 2)
    assert (one.bytes_out, one.bytes_in) == (16, 14)
    read_s = 22 * 10 / 9600
    assert one.seconds == pytest.approx(2 * read_s)
    assert one.share == pytest.approx(2 * (read_s / 10 + read_s / 60))
    assert one.warning == ""
    assert (other.line, other.devices) == ("10.0.0.1:502", ("d3",))


def test_a_device_that_must_tell_what_it_is_is_named_apart(tmp_path: Path) -> None:
    (line,) = lines(tmp_path, meter("modbus+tcp://h/1"), "profile: auto, url: 'modbus+tcp://h/2'")
    assert (line.devices, line.unknown) == (("d1", "d2"), ("d2",))


@pytest.mark.parametrize(
    ("units", "says"),
    [(3, ""), (4, "is used 92% of the time"), (5, "cannot carry its intervals: its devices need")],
)
def test_a_line_that_is_asked_too_much(tmp_path: Path, units: int, says: str) -> None:
    urls = [meter(f"modbus+rtu:///dev/ttyS0/{n}?baudrate=9600&parity=N") for n in range(units)]
    (line,) = lines(tmp_path, *urls, interval="100ms")
    if says:
        assert line.warning.startswith(f"/dev/ttyS0: {says}")
    else:
        assert not line.warning
