"""Drives as people write them: on a command line and in a file."""

from pathlib import Path

import pytest

from agent.model import smi
from agent.model.errors import ConfigError
from simulator.replay.spec import (
    Count,
    Motion,
    Ramp,
    RandomNoise,
    StepChange,
    parse_drive,
    read_drives,
)

OCTETS = "1.3.6.1.2.1.2.2.1.10"


@pytest.mark.parametrize(
    ("text", "motion"),
    [
        ("count:rate=125000", Count(rate=125000)),
        ("ramp:to=230,over=60s", Ramp(to=230.0, over=60.0)),
        (
            "ramp: to=-5e1, from=.5, period=5m",
            Ramp.model_validate({"to": -50.0, "from": 0.5, "period": 300.0}),
        ),
        ("noise:sigma=0.5", RandomNoise(sigma=0.5)),
        ("noise:ratio=1%,every=10s", RandomNoise(ratio=0.01, every=10.0)),
        ("noise:ratio=0.01", RandomNoise(ratio=0.01)),
        (
            "step:to=2,at=60,for=500ms",
            StepChange.model_validate({"to": 2.0, "at": 60.0, "for": 0.5}),
        ),
    ],
)
def test_a_line(text: str, motion: Motion) -> None:
    drive = parse_drive(f"{OCTETS}={text}")
    assert (drive.prefix, drive.motion) == (smi.oid(OCTETS), motion)
    assert parse_drive(f" .{OCTETS}={text} ").motion == motion


def test_all_that_counts_has_a_name() -> None:
    drive = parse_drive("counters")
    assert (drive.prefix, drive.motion, drive.name) == (b"", None, "counters")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write OID=MOTION"),
        (OCTETS, "write OID=MOTION"),
        ("=count:rate=1", "write OID=MOTION"),
        (f"{OCTETS}=", "write OID=MOTION"),
        (f"{OCTETS}=cuont:rate=1", "unknown motion 'cuont'; known: count, ramp, noise, step"),
        ("ifInOctets=count:rate=1", "oid: 'ifInOctets' is not an OID"),
        (f"{OCTETS}=count", "count: required key 'rate' is missing"),
        (f"{OCTETS}=count:rate", "'rate' is not PARAM=VALUE"),
        (f"{OCTETS}=count:rate=1,rate=2", "'rate' is given twice"),
        (f"{OCTETS}=count:rate=fast", "count.rate: must be a number, not 'fast'"),
        (f"{OCTETS}=count:rate=0", "count.rate: must be more than 0"),
        (f"{OCTETS}=count:rate=1e999", "count.rate: must be at most 1e"),
        (f"{OCTETS}=count:rat=1", "unknown key 'rat'; did you mean 'rate'?"),
        (f"{OCTETS}=ramp:to=1", "either 'over'"),
        (f"{OCTETS}=ramp:to=1,over=1s,period=1s", "either 'over'"),
        (f"{OCTETS}=ramp:to=1,over=soon", "'soon' is not a duration"),
        (f"{OCTETS}=ramp:to=1,over=0", "must be at least 0.001"),
        (f"{OCTETS}=noise", "either 'sigma' or 'ratio'"),
        (f"{OCTETS}=noise:ratio=150%", "must be at most 1"),
        (f"{OCTETS}=step:to=1,for=0s", "must be more than 0"),
    ],
)
def test_a_line_that_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_drive(text)
    assert said in str(error.value)
    assert str(error.value).startswith(f"--drive {text}: ")


LIST = """\
# how it moves
- counters: true
- oid: 1.3.6.1.4.1.9999.1
  ramp: {to: 230, over: 60s}
  noise: {ratio: 1%}
"""


@pytest.mark.parametrize("head", ["", "drive:\n"])
def test_a_file(tmp_path: Path, head: str) -> None:
    path = tmp_path / "drive.yaml"
    path.write_text(head + LIST)
    drives = read_drives(path)
    assert [drive.motion for drive in drives] == [
        None,
        Ramp(to=230, over=60),
        RandomNoise(ratio=0.01),
    ]
    problem = drives[2].problem("does not fit", "noise", "ratio")
    line = 5 + len(head.splitlines())
    assert str(problem) == f"{path}:{line}: drive[1].noise.ratio: does not fit"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {oid: 1.3.6.1, cuont: {rate: 1}}", ":1: drive[0].cuont: unknown key 'cuont'; did you"),
        ("\n- oid: 1.3.6.1\n  count: {rate: -1}", ":3: drive[0].count.rate: must be more than 0"),
        ("- {oid: 1.3.6.x, step: {to: 1}}", ":1: drive[0].oid: '1.3.6.x' is not an OID"),
        ("- {oid: 1.3, step: {to: 1}}", "drive[0].oid: must be text, not 1.3; put it in quotes"),
        ("- {step: {to: 1}}", ":1: drive[0]: give either 'oid' or 'counters: true'"),
        ("- {counters: true, oid: 1.3.6.1}", "give either 'oid' or 'counters: true'"),
        (
            "- {counters: true, step: {to: 1}}",
            "'counters' takes no other key: give an 'oid' for 'step'",
        ),
        ("- {oid: 1.3.6.1}", "needs a motion: count, ramp, noise, step"),
        (
            "- {oid: 1.3.6.1, count: {rate: 1}, step: {to: 1}}",
            "only noise can be combined with another",
        ),
        ("drives: []", "unknown key 'drives'; did you mean 'drive'?"),
        ("- oid: 1.3.6.1\n  oid: 1.3.6.2", ":2: drive[0].oid: key 'oid' occurs twice"),
        ("- {", "is not YAML"),
        ("", "is empty"),
    ],
)
def test_a_file_that_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "drive.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_drives(path)
    assert said in str(error.value)
    assert str(error.value).startswith(str(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file does not exist"):
        read_drives(tmp_path / "none.yaml")
