"""'plan' for Modbus: what each line carries, and a warning where that is too much."""

from pathlib import Path

import pytest

from tests.agent.cli.conftest import Run

SITE = """\
profiles: [mine]
defaults: {interval: 100ms}
racks:
  - name: r1
    devices:
"""
DEVICE = "      - {{name: d{0}, url: 'modbus+rtu:///dev/ttyS0/{0}', profile: acme-cdu}}\n"


def test_a_line_that_cannot_carry_its_intervals_is_told(run: Run, site: Path) -> None:
    site.write_text(SITE + "".join(map(DEVICE.format, range(1, 9))))
    result = run("plan", site, "--format", "json")
    (line,) = result.json["lines"]
    assert (line["line"], line["requests"]) == ("/dev/ttyS0", 8)
    # 8 of request, 11 of reply, two silences of 3.5: 26 characters of 11 bits at 19,200 baud
    assert line["seconds"] == pytest.approx(8 * 26 * 11 / 19_200, abs=1e-6)
    assert line["share"] == pytest.approx(8 * 26 * 11 / 19_200 / 0.1, abs=1e-5)
    assert (line["bytes_out"], line["bytes_in_at_least"]) == (64, 88)
    assert "cannot carry its intervals" in line["warning"]
    assert result.err.startswith("warning: /dev/ttyS0: cannot carry its intervals")
    assert result.status == 0


def test_people_see_each_line_once(run: Run, site: Path) -> None:
    text = SITE.replace("100ms", "10s") + "".join(map(DEVICE.format, (1, 2)))
    site.write_text(text + "      - {name: x, url: 'modbus+rtu:///dev/ttyS0/3'}\n")
    result = run("plan", site)
    last = result.out.splitlines()[-1].split()
    assert last[:6] == ["/dev/ttyS0", "3,", "1", "of", "them", "unknown"]
    assert last[-1] == "0.3%"
    assert result.err == ""
