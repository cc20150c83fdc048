"""Moving rows: arithmetic by properties, the wire by net-snmp's tools, a counter by the agent."""

import asyncio
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.authoring.snmprec_read import parse_recording
from agent.model import smi
from agent.model.errors import ConfigError
from agent.model.values import VarBind
from simulator.replay.moving_values import DRIVES_MAX, SYS_UPTIME, DrivenView, Moving, bind
from simulator.replay.spec import Count, parse_drive, read_drives
from simulator.wire.snmp_responder import SnmpResponder
from tests.end_to_end.ports import free_udp_ports
from tests.end_to_end.programs import background, rackagent, read
from tests.peers import require

# Written here, after no device.
RECORDING = """\
1.3.6.1.2.1.1.1.0|4|A device of this test
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9999.7
1.3.6.1.2.1.1.3.0|67|100000
1.3.6.1.2.1.1.5.0|4|moving
1.3.6.1.2.1.2.2.1.1.1|2|1
1.3.6.1.2.1.2.2.1.2.1|4|eth1
1.3.6.1.2.1.2.2.1.3.1|2|6
1.3.6.1.2.1.2.2.1.8.1|2|1
1.3.6.1.2.1.2.2.1.10.1|65|4294967000
1.3.6.1.2.1.2.2.1.14.1|65|0
1.3.6.1.2.1.2.2.1.16.1|65|70000
1.3.6.1.2.1.31.1.1.1.6.1|70|8589934296
1.3.6.1.4.1.9999.1.1.0|66|220
1.3.6.1.4.1.9999.1.2.0|2|-40
1.3.6.1.4.1.9999.1.3.0|4|21.5
"""
ROWS = parse_recording(RECORDING.encode(), "moving.snmprec")
IN, IN_WIDE = "1.3.6.1.2.1.2.2.1.10.1", "1.3.6.1.2.1.31.1.1.1.6.1"
GAUGE, INTEGER, TEXT = (f"1.3.6.1.4.1.9999.1.{n}.0" for n in (1, 2, 3))

WIDTHS = {smi.COUNTER32: 2**32, smi.TIME_TICKS: 2**32, smi.COUNTER64: 2**64}
instants = st.floats(0, 3e9)
seeds = st.integers(-(2**40), 2**40)


def motion(text: str) -> Callable[[int, int, float, int], int]:
    """Value of a row of tag and recorded value at an instant, with a seed."""

    def value(tag: int, recorded: int, at_s: float, seed: int = 0) -> int:
        [moving] = bind([(SYS_UPTIME, tag, recorded)], [parse_drive(f"1.3.6={text}")], seed)
        return moving.value(at_s)

    return value


def driven(*texts: str, seed: int = 0, rows: Sequence[VarBind] = ROWS) -> dict[str, Moving]:
    moving = bind(rows, [parse_drive(text) for text in texts], seed)
    return {smi.dotted(each.oid): each for each in moving}


# --- values -----------------------------------------------------------------------------------


@given(st.sampled_from(sorted(WIDTHS)), st.data(), st.integers(1, 10**9), st.integers(0, 10**6))
def test_a_counter_counts_and_wraps_at_its_width(
    tag: int, data: st.DataObject, rate: int, at_s: int
) -> None:
    recorded = data.draw(st.integers(0, WIDTHS[tag] - 1))
    value = motion(f"count:rate={rate}")(tag, recorded, at_s, 0)
    assert value == (recorded + rate * at_s) % WIDTHS[tag]


@given(st.floats(0.001, 1e6), instants, instants)
def test_a_counter_never_goes_back(rate: float, one: float, other: float) -> None:
    moving = Moving(SYS_UPTIME, smi.COUNTER64, 5, Count(rate=rate), None, 0)
    first, second = sorted((one, other))
    assert 5 <= moving.value(first) <= moving.value(second)


@pytest.mark.parametrize(
    ("tag", "recorded", "after"),
    [
        (smi.COUNTER32, 2**32 - 1, 0),
        (smi.TIME_TICKS, 2**32 - 1, 0),
        (smi.COUNTER64, 2**32 - 1, 2**32),
        (smi.COUNTER64, 2**64 - 1, 0),
    ],
)
def test_the_last_value_and_the_one_behind_it(tag: int, recorded: int, after: int) -> None:
    value = motion("count:rate=1")
    assert value(tag, recorded, 0.999, 0) == recorded
    assert value(tag, recorded, 1.0, 0) == after


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.floats(0.001, 1e6), instants)
def test_a_ramp_stays_between_its_ends_and_arrives(
    recorded: int, to: int, over: float, at_s: float
) -> None:
    low, high = sorted((recorded, to))
    value = motion(f"ramp:to={to},over={over}")
    assert value(smi.GAUGE32, recorded, 0, 0) == recorded
    assert low <= value(smi.GAUGE32, recorded, at_s, 0) <= high
    assert value(smi.GAUGE32, recorded, over, 0) == to == value(smi.GAUGE32, recorded, 3e9, 0)


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(1, 1000), st.integers(0, 99))
def test_a_triangle_comes_back(recorded: int, to: int, period: int, turns: int) -> None:
    value = motion(f"ramp:to={to},period={period}s")
    assert value(smi.INTEGER, recorded, turns * period, 0) == recorded
    assert value(smi.INTEGER, recorded, (turns + 0.5) * period, 0) == to


def test_a_ramp_on_its_way() -> None:
    value = motion("ramp:to=230,from=210,over=60s")
    assert [value(smi.GAUGE32, 220, at, 0) for at in (0, 15, 30, 60, 90)] == [
        210,
        215,
        220,
        230,
        230,
    ]
    value = motion("ramp:to=100,period=40s")
    assert [value(smi.INTEGER, 0, at, 0) for at in (0, 10, 20, 30, 40)] == [0, 50, 100, 50, 0]


def test_a_step_comes_and_goes() -> None:
    value = motion("step:to=2,at=10s,for=5s")
    assert [value(smi.INTEGER, 1, at, 0) for at in (0, 9.9, 10, 14.9, 15)] == [1, 1, 2, 2, 1]
    assert motion("step:to=0,at=1s")(smi.COUNTER64, 2**64 - 1, 0, 0) == 2**64 - 1, "to the digit"
    assert motion("step:to=0,at=1s")(smi.COUNTER64, 2**64 - 1, 9, 0) == 0


@given(st.integers(0, 2**32 - 1), st.floats(0, 1e9), instants, seeds)
def test_noise_is_bounded_and_the_same_again(
    recorded: int, sigma: float, at_s: float, seed: int
) -> None:
    value = motion(f"noise:sigma={sigma}")
    found = value(smi.GAUGE32, recorded, at_s, seed)
    assert found == value(smi.GAUGE32, recorded, at_s, seed)
    assert abs(found - recorded) <= 4 * sigma + 0.5
    assert 0 <= found < 2**32


def test_noise_is_as_wide_as_it_says_and_depends_on_seed_row_and_instant() -> None:
    one, other = driven(f"{GAUGE}=noise:sigma=50"), driven(f"{GAUGE}=noise:sigma=50", seed=1)
    off = [one[GAUGE].value(at) - 220 for at in range(5000)]
    assert abs(sum(off) / 5000) < 3
    assert 48 < (sum(each * each for each in off) / 5000) ** 0.5 < 52
    assert off != [other[GAUGE].value(at) - 220 for at in range(5000)]
    both = driven("1.3.6.1.4.1.9999=noise:sigma=50")
    assert off != [both[INTEGER].value(at) + 40 for at in range(5000)]
    assert one[GAUGE].value(7.0) == one[GAUGE].value(7.9), "it stands for a second"
    wide = driven(f"{GAUGE}=noise:ratio=10%,every=1h")[GAUGE]
    assert len({wide.value(at) for at in range(0, 3600, 60)}) == 1


@given(st.integers(-(2**63), 2**63 - 1), instants, seeds)
def test_what_the_device_overstated_bounds_it_too(recorded: int, at_s: float, seed: int) -> None:
    value = motion("noise:ratio=100%")(smi.INTEGER, recorded, at_s, seed)
    assert min(-(2**31), recorded) <= value <= max(2**31 - 1, recorded)


# --- which rows -------------------------------------------------------------------------------


def test_a_subtree_moves_what_fits_in_it_and_nothing_else() -> None:
    assert set(driven("1.3.6.1.4.1.9999.1=noise:sigma=1")) == {GAUGE, INTEGER}
    assert set(driven("1.3.6.1.2.1.2.2.1.1=step:to=3")) == {"1.3.6.1.2.1.2.2.1.1.1"}, "not .10"
    long = [(smi.oid("1.3.6.1.4.1.300.1"), smi.INTEGER, 1), (smi.oid("1.3.6.1.4.1.2.1"), 2, 1)]
    assert set(driven("1.3.6.1.4.1.2=step:to=3", rows=long)) == {"1.3.6.1.4.1.2.1"}


@pytest.mark.parametrize("turned", [False, True])
def test_the_longest_oid_counts_and_noise_joins(turned: bool) -> None:
    texts = [f"{IN}=count:rate=7", "counters", "1.3.6.1.4=noise:sigma=9", f"{GAUGE}=step:to=900"]
    moving = driven(*(texts[::-1] if turned else texts))
    assert moving[IN].carrier == Count(rate=7)
    assert abs(moving[GAUGE].value(3.0) - 900) <= 37
    assert len({moving[GAUGE].value(at) for at in range(9)}) > 1
    twice = [f"{IN}=count:rate=1", f"{IN}=count:rate=2"]
    assert driven(*twice)[IN].carrier == Count(rate=2)


def test_counters_go_on_as_they_did() -> None:
    moving = driven("counters")
    assert set(moving) == {"1.3.6.1.2.1.1.3.0", IN, IN_WIDE, "1.3.6.1.2.1.2.2.1.16.1"}
    assert moving["1.3.6.1.2.1.1.3.0"].value(60.0) == 106_000
    sent = moving["1.3.6.1.2.1.2.2.1.16.1"].carrier
    assert isinstance(sent, Count)
    assert 35 <= sent.rate <= 105, "70000 in 1000 s, half as much or half as much again"
    assert moving == driven("counters")
    assert moving != driven("counters", seed=1)


@given(st.floats(0, 1e7), seeds)
def test_a_32_bit_counter_stays_the_low_half_of_its_twin(at_s: float, seed: int) -> None:
    moving = driven("counters", seed=seed)
    assert moving[IN].value(at_s) == moving[IN_WIDE].value(at_s) % 2**32


def test_counters_of_a_device_that_does_not_say_how_long_it_runs() -> None:
    rows = [row for row in ROWS if row[0] != SYS_UPTIME]
    sent = driven("counters", rows=rows)["1.3.6.1.2.1.2.2.1.16.1"].carrier
    assert isinstance(sent, Count)
    assert 0.4 < sent.rate < 1.3, "70000 in a day"
    fresh = [(SYS_UPTIME, smi.TIME_TICKS, 0), (smi.oid(IN), smi.COUNTER32, 2**32 - 1)]
    carrier = driven("counters", rows=fresh)[IN].carrier
    assert isinstance(carrier, Count)
    assert carrier.rate * 600 <= 2**32, "a turn in ten minutes at most"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.3.6.1.4.1.318=count:rate=1", "oid: the recording has no row 1.3.6.1.4.1.318, and none"),
        (f"{TEXT}=noise:sigma=1", f"noise: noise moves INTEGER, Gauge32; {TEXT} is OCTET STRING"),
        (f"{GAUGE}=count:rate=1", "count moves Counter32, Counter64, TimeTicks; "),
        (f"{IN}=ramp:to=1,over=1s", f"ramp moves INTEGER, Gauge32, TimeTicks; {IN} is Counter32"),
        ("1.3.6.1.4=count:rate=1", "the rows under 1.3.6.1.4 are Gauge32, INTEGER, OCTET STRING"),
        (f"{GAUGE}=step:to=-1", f"step.to: -1 does not fit {GAUGE}, a Gauge32"),
        (f"{INTEGER}=ramp:to=1,from=3e9,over=1s", "ramp.from: 3e+09 does not fit"),
    ],
)
def test_what_moves_nothing_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        driven(text)
    assert said in str(error.value)
    assert str(error.value).startswith(f"--drive {text}: ")


def test_nothing_counts_in_a_recording_without_counters() -> None:
    with pytest.raises(ConfigError, match="no counter above zero, and no sysUpTime"):
        driven("counters", rows=[(smi.oid(GAUGE), smi.GAUGE32, 1)])


def test_every_mistake_of_a_file_is_said_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "drive.yaml"
    path.write_text(f"- oid: 1.3.6.1.5\n  step: {{to: 1}}\n- oid: {TEXT}\n  count: {{rate: 1}}\n")
    with pytest.raises(ConfigError) as error:
        bind(ROWS, read_drives(path))
    said = sorted(str(error.value).splitlines())
    assert said[0].startswith(f"{path}:1: drive[0].oid: the recording has no row 1.3.6.1.5")
    assert said[1].startswith(f"{path}:4: drive[1].count: count moves Counter32")


def test_there_is_an_end_to_drives() -> None:
    with pytest.raises(ConfigError, match=f"the limit is {DRIVES_MAX}"):
        driven(*["counters"] * (DRIVES_MAX + 1))


# --- on the wire ------------------------------------------------------------------------------


async def _tool(program: str, *arguments: str) -> list[VarBind]:
    process = await asyncio.create_subprocess_exec(
        *(require(program), "-v2c", "-cpublic", "-Onxe", *arguments),
        stdout=subprocess.PIPE,
        env={"MIBS": "", "PATH": ""},
    )
    output, _ = await process.communicate()
    return parse_recording(output, program)


@pytest.mark.peer
async def test_net_snmp_reads_the_value_of_each_instant() -> None:
    moments = {"now": 0.0}
    texts = (f"{IN}=count:rate=1", f"{GAUGE}=ramp:to=240,over=20s", f"{INTEGER}=step:to=-7,at=400s")
    view = DrivenView(ROWS, driven(*texts).values(), lambda: moments["now"])
    responder = SnmpResponder(view)
    address = f"udp:127.0.0.1:{await responder.start()}"
    try:
        assert await _tool("snmpbulkwalk", address, ".1") == ROWS
        seen = []
        for moments["now"] in (10.0, 400.0, 10.0):
            walked = await _tool("snmpbulkwalk", address, ".1")
            got = await _tool("snmpget", address, IN, GAUGE, INTEGER)
            assert got == [row for row in walked if row[0] in {oid for oid, _, _ in got}]
            assert [row[:2] for row in walked] == [row[:2] for row in ROWS]
            seen.append([value for _, _, value in got])
        assert seen == [[4294967010, 230, -40], [104, 240, -7], [4294967010, 230, -40]]
    finally:
        responder.close()


def _received(url: str) -> tuple[float, str]:
    found = read(url, "--profile", "snmp-generic")["readings"]
    [one] = [each for each in found if each["metric"] == "rack_port_receive_bytes_total"]
    assert one["quality"] == "good"
    return one["value"], one["source"]["oid"]


def test_the_agent_reads_a_counter_that_counts(tmp_path: Path) -> None:
    recording, drives = tmp_path / "moving.snmprec", tmp_path / "drive.yaml"
    recording.write_text(RECORDING)
    drives.write_text("- {oid: 1.3.6.1.2.1.31, count: {rate: 1000}}\n")
    [port] = free_udp_ports(1)
    with background(
        *("simulate", "--recording", str(recording), "--listen", f"127.0.0.1:{port}"),
        *("--drive", "counters", "--drive-file", str(drives), "--speed", "50"),
    ) as process:
        assert process.stderr is not None
        assert "15 rows served" in (said := process.stderr.readline())
        assert "4 of them moving" in said
        (first, oid), (second, _) = (_received(f"snmp://127.0.0.1:{port}") for _ in range(2))
    assert oid == IN_WIDE
    assert 8589934296 <= first < second


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["configs/racks/demo.yaml", "--drive", "counters"], "need --recording"),
        (["--recording", "R", "--drive", f"{IN}=cuont"], "unknown motion 'cuont'"),
        (["--recording", "R", "--drive", "1.3.6.1.5=step:to=1"], "the recording has no row"),
        (["--recording", "R", "--drive-file", "none.yaml"], "none.yaml: the file does not exist"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_served(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    recording = tmp_path / "moving.snmprec"
    recording.write_text(RECORDING)
    given = [str(recording) if each == "R" else each for each in arguments]
    with pytest.raises(AssertionError, match="exit 2") as error:
        rackagent("simulate", *given)
    assert said in str(error.value)
