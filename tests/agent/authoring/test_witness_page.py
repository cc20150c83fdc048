"""Witness pages: what they may say, and what a profile that says otherwise is accused of."""

from pathlib import Path

import pytest

from agent.authoring.witness_page import read_page
from agent.authoring.witness_run import disagreements
from agent.model.errors import ConfigError
from agent.profile.points import Profile
from tests.agent.making import BASE, modbus_profile, snmp_profile

HEAD = f"source: a MIB\noids: {{base: {BASE}, table: base.2}}\ncases:\n"


def page(tmp_path: Path, case: str, head: str = HEAD) -> Path:
    """A page of one case, whose lines are indented by two here."""
    file = tmp_path / "acme.yaml"
    file.write_text(f"{head}- name: a case\n{case}")
    return file


@pytest.fixture
def profile() -> Profile:
    return snmp_profile(
        f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: kW, absent: [-1]}}",
        f"{{metric: rack_inlet_energy_joules_total, oid: {BASE}.3.0, unit: kWh}}",
        f"{{metric: rack_inlet_state, oid: {BASE}.4.0, states: {{1: ok, 2: failed}}}}",
        f"{{metric: rack_phase_current_amperes, oid: {BASE}.2, index: [_row], unit: A,"
        " labels: {phase: '{_row}'}}",
        f"{{metric: rack_alarm_active, oid: {BASE}.5.0, labels: {{alarm: fan}}}}",
    )


async def held(profile: Profile, file: Path) -> list[str]:
    """What is wrong, by line of the page."""
    found = await disagreements(profile, read_page(file))
    return [f"{problem.line} {problem.message.partition(': ')[2]}" for problem in found]


DEVICE = """\
  varbinds:
    base.1.0: 3
    base.3.0: 25
    base.4.0: 2
    table: {1: 16, 2: 15}
    base.5.0: 1
"""


async def test_a_profile_that_says_the_same(profile: Profile, tmp_path: Path) -> None:
    agreed = """\
  expect:
    rack_inlet_power_watts: 3 kW
    rack_inlet_energy_joules_total: 25 kWh
    rack_inlet_state: failed
    rack_phase_current_amperes{phase=1}: 16
    rack_phase_current_amperes{phase=2}: 15.05 +- 0.1
  absent: [rack_phase_voltage_volts, '{phase=3}']
  only: [rack_phase_current_amperes, all]
  alarms: [fan]
"""
    assert await held(profile, page(tmp_path, DEVICE + agreed)) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("expect: {rack_inlet_power_watts: 3}", "11 is 3000 W, not 3 W"),
        ("expect: {rack_inlet_state: ok}", "11 is 'failed', not 'ok'"),
        ("expect: {'rack_phase_current_amperes{phase=3}': 1}", "11 is not read"),
        ("bad: [rack_inlet_power_watts]", "11 is good, not bad: 3000.0"),
        ("uncertain: [rack_inlet_power_watts]", "11 is good, not uncertain: 3000.0"),
        ("bad: [rack_inlet_voltage_volts]", "11 is not read"),
        ("absent: ['{phase=2}']", "11 rack_phase_current_amperes{phase=2} is read: 15"),
        ("alarms: []", "11 rack_alarm_active{alarm=fan} is active, and not listed"),
        ("failures: [timeout]", "11 no failure has the text 'timeout'"),
        ("identity: {model: BX}", "11 is None, not 'BX'"),
    ],
)
async def test_a_profile_that_says_otherwise(
    profile: Profile, tmp_path: Path, said: str, wrong: str
) -> None:
    assert await held(profile, page(tmp_path, f"{DEVICE}  {said}\n")) == [wrong]


async def test_what_is_read_beyond_the_page(profile: Profile, tmp_path: Path) -> None:
    metric = "rack_phase_current_amperes"
    said = f"  expect: {{'{metric}{{phase=1}}': 16}}\n  only: [{metric}]\n"
    file = page(tmp_path, DEVICE + said)
    assert await held(profile, file) == ["12 rack_phase_current_amperes{phase=2} is read: 15"]
    inactive = DEVICE.replace("base.5.0: 1", "base.5.0: 0") + "  alarms: [fan]\n"
    assert await held(profile, page(tmp_path, inactive)) == [
        "11 rack_alarm_active{alarm=fan} is not active"
    ]


async def test_a_bad_reading_and_its_reason(profile: Profile, tmp_path: Path) -> None:
    device = "  varbinds: {base.1.0: 90000}\n"
    good = f"{device}  bad: {{rack_inlet_power_watts: is implausible}}\n"
    assert await held(profile, page(tmp_path, good)) == []
    other = f"{device}  bad: {{rack_inlet_power_watts: no sensor}}\n"
    (wrong,) = await held(profile, page(tmp_path, other))
    assert wrong.endswith("not 'no sensor'")
    expected = f"{device}  expect: {{rack_inlet_power_watts: 90 MW}}\n"
    (wrong,) = await held(profile, page(tmp_path, expected))
    assert wrong.startswith("6 is bad: ")


async def test_two_rows_of_one_series_are_a_failure_to_name(tmp_path: Path) -> None:
    profile = snmp_profile(
        f"{{metric: rack_phase_current_amperes, oid: {BASE}.2, index: [_row], unit: A}}"
    )
    file = page(tmp_path, "  varbinds: {table: {1: 16, 2: 15}}\n  failures: [duplicate]\n")
    assert await held(profile, file) == []
    file = page(tmp_path, "  varbinds: {table: {1: 16, 2: 15}}\n  failures: []\n")
    (wrong,) = await held(profile, file)
    assert wrong.startswith("4 a failure that the page does not list: duplicate")


async def test_registers_count_from_where_the_page_says(tmp_path: Path) -> None:
    profile = modbus_profile(
        "{metric: rack_pump_speed_rpm, address: 110, unit: rpm}",
        "{metric: rack_alarm_active, address: 111, bit: 3, labels: {alarm: fan}}",
        "{metric: rack_leak_detected, address: 3, table: coil}",
    )
    said = """\
  holding: {10: [3500, {bits: [3, 15]}]}
  coil: {-97: 1}
  expect: {rack_pump_speed_rpm: 3500, rack_leak_detected: 1}
  alarms: [{alarm: fan}]
"""
    file = page(tmp_path, said, "source: a map\nfirst_register: 100\ncases:\n")
    assert await held(profile, file) == []


async def test_answers_over_another_protocol(profile: Profile, tmp_path: Path) -> None:
    file = page(tmp_path, "  holding: {}\n  failures: []\n")
    (wrong,) = await held(profile, file)
    assert wrong == "4 has answers over modbus, but the profile is read over snmp"


def test_cells_are_numbers_texts_octets_or_oids(tmp_path: Path) -> None:
    cells = "{1: -1, 2: text, 3: {hex: 00ff}, 4: {oid: base.9}, '5.10': 1}"
    file = page(tmp_path, f"  varbinds: {{table: {cells}}}\n  failures: []\n")
    (case,) = read_page(file)
    assert case.varbinds is not None
    tags = [(tag, value) for tag, value in case.varbinds.values()]
    assert tags[:3] == [(2, -1), (4, b"text"), (4, b"\x00\xff")]
    assert tags[3][0] == 6


async def test_a_page_may_take_the_cases_of_another(profile: Profile, tmp_path: Path) -> None:
    said = "  varbinds: {base.1.0: 3}\n  expect: {rack_inlet_power_watts: 3 kW}\n"
    page(tmp_path, said)
    other = tmp_path / "other.yaml"
    other.write_text(f"source: s\noids: {{base: {BASE}}}\ncases_of: acme\n")
    assert await held(profile, other) == []
    other.write_text("source: s\noids: {base: 1.3.6.9}\ncases_of: acme\n")
    assert await held(profile, other) == ["6 is not read"]
    third = tmp_path / "third.yaml"
    third.write_text("source: s\ncases_of: other\n")
    with pytest.raises(ConfigError, match=r"third.yaml:2: cases_of: other.yaml takes its cases"):
        read_page(third)
    third.write_text("source: s\ncases_of: none\n")
    with pytest.raises(ConfigError, match=r"third.yaml:2: cases_of: no page none.yaml"):
        read_page(third)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("  varbinds: {}\n  wish: {}\n", ":6: cases[0].wish: unknown key 'wish'"),
        ("  varbinds: {}\n", ":4: cases[0]: expects nothing"),
        ("  varbinds: {}\n  only: [all]\n", ":4: cases[0]: expects nothing"),
        ("  varbinds: {}\n  expect: {}\n", ":4: cases[0]: expects nothing"),
        ("  failures: []\n", ":4: cases[0]: say what the device answers"),
        ("  varbinds: {}\n  coil: {}\n  failures: []\n", ":4: cases[0]: say what the device"),
        ("  varbinds: {}\n  expect: {rack_inlet_powr_watts: 1}\n",
         ":6: cases[0].expect.rack_inlet_powr_watts: unknown metric 'rack_inlet_powr_watts'"),
        ("  varbinds: {}\n  bad: ['{phase=1}']\n", ":6: cases[0].bad[0]: names no metric"),
        ("  varbinds: {}\n  bad: ['rack_psu_state{phase=1}']\n", "unknown label 'phase'"),
        ("  varbinds: {}\n  absent: ['{phase}']\n", "'phase' is not label=value"),
        ("  varbinds: {}\n  absent: ['{psu=1, psu=2}']\n", "label 'psu' is written twice"),
        ("  varbinds: {}\n  absent: ['{}']\n", "is not a series"),
        ("  varbinds: {}\n  alarms: [{sound: loud}]\n", "rack_alarm_active has no label 'sound'"),
        ("  varbinds: {}\n  expect: {rack_inlet_power_watts: 3 kWh}\n",
         "'kWh' is not a unit of rack_inlet_power_watts: write W, mW"),
        ("  varbinds: {}\n  expect: {rack_inlet_power_watts: much}\n", "'much' is not a number"),
        ("  varbinds: {base.1.0: 1.5}\n  failures: []\n", "write a whole number, or text"),
        ("  varbinds: {base.1.0: []}\n  failures: []\n", "is not a value"),
        (f"  varbinds: {{base.1.0: {2**64}}}\n  failures: []\n", "more than 64 bits"),
        ("  varbinds: {bass.1.0: 1}\n  failures: []\n",
         ":5: cases[0].varbinds.bass.1.0: 'bass' is not among 'oids': base"),
        ("  varbinds: {base: {1.10: 1}}\n  failures: []\n", "put 1.1 in quotes"),
        ("  varbinds: {base.2.1: 1, table.1: 1}\n  failures: []\n", "is written twice"),
        ("  holding: {one: 1}\n  failures: []\n", "is not a register"),
        ("  holding: {65535: [1, 2]}\n  failures: []\n", "register 65536 does not exist"),
        ("  holding: {1: 70000}\n  failures: []\n", "70000 is not a word: write 0 to 65535"),
        ("  holding: {1: {bits: [16]}}\n  failures: []\n", "bits are numbers from 0 to 15"),
        ("  coil: {1: 2}\n  failures: []\n", "2 is not a word: write 0 to 1"),
    ],
)  # fmt: skip
def test_a_page_that_is_wrong(tmp_path: Path, case: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_page(page(tmp_path, case))
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source: s\n", "acme.yaml:1: cases: the page has no case"),
        ("cases: []\n", "acme.yaml:1: required key 'source' is missing"),
        ("source: s\noids: {Base: 1.3.6}\n", "acme.yaml:2: oids.Base: is not a name"),
        ("source: s\noids: {base: '1'}\n", "acme.yaml:2: oids.base: '1' is not an OID"),
    ],
)
def test_a_head_that_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_page(file)
    assert says in str(refused.value)
