"""A kind of check that another package brings: found, proved, judged, and missed."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from agent.commission.records import Verdict
from agent.commission.spec import plugins
from agent.model.errors import ConfigError
from tests.agent.commission.making import samples
from tests.agent.commission.small import generation, judged

PACKAGE = '''\
"""Counts how often a signal is above a level."""

from pydantic import BaseModel, Field

from agent.commission.judge.context import signal_series
from agent.commission.records import CheckResult, Measurement, Verdict


class Options(BaseModel):
    signal: str
    above: float
    at_most: int = Field(ge=0)


class Counted:
    Options = Options

    def judge(self, name, options, case):
        lines = signal_series(case, case.steady, options.signal)
        count = sum(value > options.above for line in lines for value in line.series.values)
        verdict = Verdict.PASS if count <= options.at_most else Verdict.FAIL
        measured = Measurement("above", float(count), "", float(options.at_most))
        return CheckResult(name, verdict, (measured,))


counted = Counted()
'''
CHECK = "{kind: plugin, options: {signal: supply, above: 30.05, at_most: %s}, plugin: counted}"


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_checks.py").write_text(PACKAGE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("counted", "acme_checks:counted", plugins.GROUP)

    def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
        return [point] if group == plugins.GROUP and name in (None, "counted") else []

    monkeypatch.setattr(plugins, "entry_points", entry_points)


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("at_most", "verdict"), [(6, Verdict.PASS), (5, Verdict.FAIL)], ids=["pass", "fail"]
)
def test_a_plugin_judges(tmp_path: Path, at_most: int, verdict: Verdict) -> None:
    result = judged(tmp_path, CHECK % at_most, samples([30.0, 30.1] * 6 + [30.0]))
    assert (result.verdict, result.measurements[0].value) == (verdict, 6.0)


@pytest.mark.usefixtures("_installed")
def test_data_that_cannot_be_trusted_are_an_error_there_too(tmp_path: Path) -> None:
    result = judged(tmp_path, CHECK % 6)
    assert result.verdict is Verdict.ERROR
    assert "no value" in result.reason


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("check", "says"),
    [
        ("{kind: plugin, plugin: counter}", "kind of check 'counter'; there are counted"),
        (CHECK % "-1", "at_most: Input should be greater than or equal to 0"),
        ("{kind: plugin, plugin: counted}", "signal: Field required"),
    ],
    ids=["name", "value", "missing"],
)  # fmt: skip
def test_what_does_not_fit_is_named_when_the_file_is_loaded(
    tmp_path: Path, check: str, says: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        generation(tmp_path, f"it: {check}")
    assert says in str(refused.value)
    assert "checks.it.plugin" in str(refused.value)


def test_without_its_package_a_check_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown kind of check 'counted'; none is"):
        generation(tmp_path, f"it: {CHECK % 6}")
