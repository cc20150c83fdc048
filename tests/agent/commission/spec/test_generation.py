"""Generations: what is refused and where, what extending does, the hash, the differences."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from agent.commission.spec.diff import Difference, differences
from agent.commission.spec.generation import (
    ENTRY_POINTS,
    find_generations,
    load_generation,
    open_generation,
)
from agent.commission.spec.models import from_base, to_base
from agent.model.errors import ConfigError
from tests.agent.commission.small import TEXT, generation

CHECK = "a: {kind: limit, measure: supply - setpoint, unit: K, at_most: 2}"


def problems(folder: Path, *checks: str, text: str = TEXT) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        generation(folder, *checks, text=text)
    prefix = f"{folder / 'small.yaml'}:"
    return [line.removeprefix(prefix) for line in str(caught.value).splitlines()]


def test_a_whole_generation(tmp_path: Path) -> None:
    found = generation(tmp_path, CHECK)
    assert (found.name, found.roles) == ("small", ("cdu", "meter-1", "meter-2"))
    assert found.constants == {"setpoint": 30, "rated": 10_000}
    assert found.curves["flow_at"](30) == pytest.approx(1.25)
    assert list(found.checks("L11")) == ["a"]
    assert found.filled("2 * load") == "2 * (total / rated)"
    with pytest.raises(ConfigError, match="small has no stage 'L99'; there are: L11"):
        found.checks("L99")


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (
            "{kind: limit, measure: suply, at_most: 2}",
            "29: checks.it.measure: unknown signal or constant 'suply'; did you mean supply?",
        ),
        (
            "{kind: limit, measure: setpoint - rated, at_most: 2}",
            "29: checks.it.measure: 'setpoint - rated' uses no signal",
        ),
        (
            "{kind: limit, measure: supply, when: supply, at_most: 2}",
            "29: checks.it.when: 'supply' is not a comparison such as load > 0.3",
        ),
        (
            "{kind: limit, measure: supply ** 2, at_most: 2}",
            "29: checks.it.measure: 'supply ** 2' is not allowed: numbers, names,"
            " + - * / ( ), min, max and abs are",
        ),
        (
            "{kind: limit, measure: supply}",
            "29: checks.it: a limit needs 'at_least', 'at_most' or both",
        ),
        (
            "{kind: limit, measure: supply, unit: parsec, at_most: 2}",
            "29: checks.it.unit: unknown unit 'parsec'; known units: %, %RH, A, Ah,",
        ),
        ("{kind: alarm, signal: alarm}", "29: checks.it.signal: unknown signal or constant"),
        (
            "{kind: limit, measure: supply, at_mots: 2}",
            "29: checks.it.at_mots: unknown key 'at_mots'; did you mean 'at_most'?",
        ),
        ("{kind: lmit, measure: supply, at_most: 2}", "29: checks.it: "),
    ],
)
def test_a_wrong_check_is_named_with_its_line(tmp_path: Path, check: str, says: str) -> None:
    found = problems(tmp_path, f"it: {check}")
    assert len(found) == 1
    assert found[0].startswith(says)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("roles: [cdu]", "roles: [cdu, meter-1]", "4: devices: role 'meter-1' is in two groups"),
        ("meter-1..2", "meter-2..1", "6: devices.meter.roles: 'meter-2..1' is not a range"),
        ("  rated:", "  supply:", "1: 'supply' is defined twice"),
        (
            "of: cdu, metric: rack_pump",
            "of: pump, metric: rack_pump",
            "21: signals.pump.of: unknown gr",
        ),
        ("rack_pump_state", "rack_pump_stat", "21: signals.pump.metric: unknown metric"),
        ("take: sum", "take: sum, by: [sie]", "16: signals.total: rack_inlet_power_watts has no"),
        ("take: sum", "by: [device]", "16: signals.total: 'by' needs an aggregation in 'take'"),
        ("[35, 90]", "[25, 90]", "11: curves.flow_at.points: a curve needs two points or more"),
        ("[35, 90]", "[35]", "11: curves.flow_at.points[1]: "),
        ("load: total / rated", "load: load + total", "24: formulas.load: formulas are nested"),
        ("hold: 1m", "hold: 1m, load: 1", "26: steps.run: a stimulus needs 'confirm'"),
        (
            "hold: 1m",
            "hold: 1m, confirm: loud > 1",
            "26: steps.run.confirm: unknown signal or constant",
        ),
        ("[run]", "[run, walk]", "27: stages.L11[1]: unknown step 'walk'"),
        (
            "generation: small",
            "generation: tiny",
            "1: generation: 'tiny' is not the name of its file small.yaml",
        ),
        ("source: (e)}\n  meter", "}\n  meter", "5: devices.cdu: required key 'source' is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in TEXT
    found = problems(tmp_path, CHECK, text=TEXT.replace(old, new))
    assert any(line.startswith(says) for line in found), found


def test_a_step_that_is_not_there(tmp_path: Path) -> None:
    text = TEXT + "  b: {kind: attachment, needs: n, number: 1, title: t, during: x, source: s}\n"
    assert "29: checks.b.during: unknown step 'x'" in problems(tmp_path, CHECK, text=text)


EXTENDED = """\
generation: bigger
extends: small
version: 1.1.0
title: A bigger rack
constants: {setpoint: {value: 35}}
checks:
  a: {at_most: 1}
  b: null
"""


def test_extending_changes_adds_and_takes_away(tmp_path: Path) -> None:
    small = generation(tmp_path, CHECK, CHECK.replace("a:", "b:"))
    (tmp_path / "bigger.yaml").write_text(EXTENDED)
    known = find_generations(tmp_path)
    bigger = load_generation(known["bigger"], known)
    assert bigger.constants == {"setpoint": 35, "rated": 10_000}
    assert list(bigger.spec.checks) == ["a"]
    assert bigger.digest != small.digest
    found = differences(small, bigger)
    assert found[0] == Difference("constants.setpoint.value", 30.0, 35.0)
    assert found[1] == Difference("checks.a.at_most", 2.0, 1.0)
    assert (found[2].key, found[2].after) == ("checks.b", None)
    assert differences(small, small) == []


@pytest.mark.parametrize(
    ("extends", "says"),
    [
        ("smal", "bigger.yaml:2: extends: unknown generation 'smal'; there are small"),
        ("bigger", "bigger.yaml:2: extends: is circular or more than 5 deep: bigger -> bigger"),
    ],
)
def test_what_cannot_be_extended(tmp_path: Path, extends: str, says: str) -> None:
    generation(tmp_path, CHECK)
    (tmp_path / "bigger.yaml").write_text(EXTENDED.replace("extends: small", f"extends: {extends}"))
    known = find_generations(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_generation(known["bigger"], known)
    assert says in str(caught.value)


def test_the_hash_is_of_what_it_says_not_of_how_it_is_written(tmp_path: Path) -> None:
    one = generation(tmp_path, CHECK)
    again = generation(tmp_path, CHECK, text="# a remark\n" + TEXT)
    other = generation(tmp_path, CHECK.replace("at_most: 2", "at_most: 2.1"))
    assert one.digest == again.digest
    assert one.digest != other.digest
    assert len(one.digest) == 64


def test_generations_are_found_by_name_and_by_file(tmp_path: Path) -> None:
    generation(tmp_path, CHECK)
    assert open_generation("small", tmp_path).name == "small"
    assert open_generation(str(tmp_path / "small.yaml")).name == "small"
    with pytest.raises(ConfigError, match="unknown generation 'smal'; there are small"):
        open_generation("smal", tmp_path)
    with pytest.raises(ConfigError, match="is not a folder of generations"):
        find_generations(tmp_path / "none")
    with pytest.raises(ConfigError, match="the file does not exist"):
        open_generation(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("value", "unit", "base"),
    [
        (2, "K", 2),
        (65, "degC", 65),
        (0.6, "bar", 60_000),
        (130, "L/min", 130 / 60),
        (-10, "%", -0.1),
        (27.5, "kW", 27_500),
        (1, "dB", 1),
        (5, "", 5),
    ],
)
def test_limits_are_in_peoples_units(value: float, unit: str, base: float) -> None:
    assert to_base(value, unit) == pytest.approx(base)
    assert from_base(base, unit) == pytest.approx(value)


def test_a_package_may_bring_generations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "acme_racks"
    package.mkdir()
    (package / "__init__.py").touch()
    generation(package, CHECK)
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("acme", "acme_racks", ENTRY_POINTS)
    monkeypatch.setattr(
        "agent.commission.spec.generation.entry_points",
        lambda group: [point][: group == ENTRY_POINTS],
    )
    assert open_generation("small").name == "small"
    assert "nvl72" in find_generations()
