"""Runs side by side: what differs, the outliers, and what cannot be compared."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commission.report.comparison import (
    ComparedCheck,
    RunComparison,
    cell_text,
    compare,
    comparison_json,
    comparison_page,
    outliers,
)
from agent.model.errors import ConfigError
from tests.agent.commission.bundle import LIMIT, SOAK, WARM, bundle, identity_sample
from tests.agent.commission.making import samples

NUMBERS = st.floats(-1e6, 1e6)


def runs(folder: Path, *means: float, rack: str = "r1") -> list[Path]:
    """Runs whose coolant had these temperatures."""
    return [
        bundle(folder, found=samples([e + mean - 30 for e in WARM]), name=f"{mean}-{n}", rack=rack)
        for n, mean in enumerate(means)
    ]


def line(comparison: RunComparison, check: str, title: str = "") -> ComparedCheck:
    return next(e for e in comparison.lines if e.check == check and e.title.endswith(title))


def test_one_of_many_that_stands_out_is_marked(tmp_path: Path) -> None:
    found = compare(runs(tmp_path, 30, 30.02, 29.98, 30.01, 35))
    warm = line(found, "supply")
    assert [cell.outlier for cell in warm.cells] == ["", "", "", "", "+4.99 from the median of 5"]
    assert warm.differs
    assert [run.verdict for run in found.runs] == ["PASS"] * 4 + ["FAIL"]
    assert [cell.verdict for cell in line(found, "soak", "share inside").cells][3:] == [
        *("PASS", "FAIL")
    ]
    assert found.notes == ()


def test_of_two_the_guard_band_says_what_counts(tmp_path: Path) -> None:
    first, near, far = runs(tmp_path, 30, 34.9, 36)
    assert line(compare([first, near]), "supply").cells[1].outlier == ""
    assert line(compare([first, far]), "supply").cells[1].outlier == "+6 from the first"


@given(st.lists(NUMBERS, min_size=2, max_size=12), NUMBERS, st.floats(0, 10))
def test_equal_values_never_stand_out_and_words_are_left_alone(
    values: list[float], same: float, guard: float
) -> None:
    assert outliers([same] * len(values), guard, 65.0) == {}
    words: list[float | str | None] = ["never", None, *values]
    assert set(outliers(words, guard, None)) <= set(range(2, len(words)))


def test_one_among_equals_stands_out_however_quiet_they_are() -> None:
    assert set(outliers([0.0, 0.0, 0.0, 3.0], 0.0, 0.0)) == {3}
    assert outliers([50.0, 50.0, 50.0, 50.01], 1.0, 65.0) == {}, "a digit is noise"


def test_factory_against_site_keeps_what_only_one_has(tmp_path: Path) -> None:
    factory = bundle(tmp_path, [LIMIT, SOAK], name="factory")
    site = bundle(tmp_path, [LIMIT], name="site", about={"simulated": True})
    found = compare([factory, site])
    assert found.notes[1] == f"r1 L11 {site} is a rehearsal on a simulated rack"
    assert line(found, "soak", "share inside").cells[1].verdict is None
    assert not line(found, "soak", "share inside").differs
    assert found.notes[0].startswith("the runs are of different generations: small 1.0.0 (")
    assert [run.label for run in found.runs] == [
        f"r1 L11 {folder}" for folder in (factory, site)
    ], "rack, stage and time are the same"


def test_devices_that_were_changed_are_seen(tmp_path: Path) -> None:
    found = [
        bundle(
            tmp_path,
            found=[
                *samples(WARM),
                identity_sample("cdu", serial=serial, firmware="1.0"),
                identity_sample("cdu", component="psu-1", serial="P1"),
            ],
            name=serial,
            rack=rack,
        )
        for serial, rack in (("S1", "r1"), ("S2", "r1"), ("S3", "r2"))
    ]
    same = compare(found[:2])
    assert [cell_text(cell) for cell in line(same, "cdu.serial").cells] == ["S1", "S2"]
    assert line(same, "cdu.serial").differs
    assert not line(same, "cdu.firmware").differs
    siblings = compare(found[1:])
    assert "cdu.serial" not in {each.check for each in siblings.lines}
    assert [run.label for run in siblings.runs] == ["r1 L11", "r2 L11"]


def test_a_page_and_a_document(tmp_path: Path) -> None:
    found = compare(runs(tmp_path, 30, 36, rack="<b>r1</b>"))
    page = comparison_page(found, every=False).decode()
    assert "&lt;b&gt;r1&lt;/b&gt;" in page
    assert "<b>r1" not in page
    assert "▲ +6 from the first" in page
    assert "lines on which the runs agree" not in page
    assert comparison_page(found, every=True).decode().count("<tr>") >= page.count("<tr>")
    document = comparison_json(found)
    assert [run["verdict"] for run in document["runs"]] == ["PASS", "FAIL"]
    assert document["lines"][-1]["cells"][1]["outlier"] == "+6 from the first"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("results.json", "[]", "holds no results of a run"),
        ("results.json", '{"checks": [{"check": "a"}]}', "holds no results of a run"),
        ("generation.json", "{}", "holds no generation"),
        ("generation.json", None, "the file does not exist"),
        ("results.json", None, "No such file"),
    ],
    ids=["no object", "no verdicts", "no checks", "no generation", "no results"],
)
def test_what_is_no_run(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    one, other = runs(tmp_path, 30, 30)
    if content is None:
        (other / name).unlink()
    else:
        (other / name).write_text(content)
    with pytest.raises(ConfigError, match=says):
        compare([one, other])


@pytest.mark.parametrize(
    "change",
    [
        {"measurements": [7]},
        {"measurements": [{"name": 7, "unit": None, "bound": None}]},
        {"measurements": [{"name": "a", "unit": None, "bound": None, "value": []}]},
        {"measurements": [{"name": "a", "unit": None, "bound": None, "value": 10**400}]},
        {"measurements": [{"name": "a", "unit": None, "bound": None, "margin": "far"}]},
        {"title": []},
    ],
    ids=["number", "name", "list", "endless", "margin", "title"],
)
def test_results_of_another_shape_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    one, other = runs(tmp_path, 30, 30)
    results = json.loads((other / "results.json").read_text())
    results["checks"][0] |= change
    (other / "results.json").write_text(json.dumps(results))
    with pytest.raises(ConfigError, match="holds no results of a run"):
        compare([one, other])


def test_one_run_is_no_comparison(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1 runs cannot be compared; give 2 to 64"):
        compare([tmp_path])
