"""The samples of a run on the disk: what is kept, and that it survives."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.commission.journal.samples import SampleStore, fold
from agent.commission.records import Sample
from agent.model.errors import ConfigError
from agent.model.values import Quality

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)  # no -0.0
sample = st.builds(
    Sample,
    device=st.sampled_from(["cdu", "pdu"]),
    metric=st.just("rack_pump_state"),
    labels=st.dictionaries(st.sampled_from(["pump", "name"]), words).map(
        lambda labels: tuple(sorted(labels.items()))
    ),
    value=st.one_of(st.none(), words, numbers),
    quality=st.sampled_from(Quality),
    observed_at=st.floats(0, 2e9),
    reason=words,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(sample, max_size=30))
def test_what_is_kept_comes_back(tmp_path: Path, samples: list[Sample]) -> None:
    path = tmp_path / "samples.sqlite"
    path.unlink(missing_ok=True)
    store = SampleStore(path)
    store.add([(each, 5.0) for each in samples])
    store.close()
    again = SampleStore(path, read_only=True)
    found = list(again.between(0, 2e9, {"rack_pump_state"}))
    assert sorted(found, key=repr) == sorted(samples, key=repr)
    assert [each.observed_at for each in found] == sorted(each.observed_at for each in samples)
    assert dict(again.intervals_s) == {each.key: 5.0 for each in samples}
    again.close()


def taken(at: float, metric: str = "rack_inlet_power_watts") -> Sample:
    return Sample("pdu", metric, (), at, Quality.GOOD, at)


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "samples.sqlite")
    store.add([(taken(at), 5.0) for at in (1.0, 2.0, 3.0)])
    store.add([(taken(2.0, "rack_outlet_power_watts"), 60.0)])
    wanted = {"rack_inlet_power_watts"}
    assert [each.value for each in store.between(2, 3, wanted)] == [2.0, 3.0]
    assert list(store.between(0, 9, ())) == []
    store.close()


def test_a_round_that_was_added_is_on_the_disk(tmp_path: Path) -> None:
    """Another connection sees it while the first is still open, as after a crash."""
    path = tmp_path / "samples.sqlite"
    store = SampleStore(path)
    store.add([(taken(1.0), 5.0)])
    other = SampleStore(path)
    assert len(list(other.between(0, 9, {"rack_inlet_power_watts"}))) == 1
    other.close()
    store.close()
    again = SampleStore(path)
    again.add([(taken(2.0), 5.0)])
    assert len(list(again.between(0, 9, {"rack_inlet_power_watts"}))) == 2
    again.close()


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 100)
    for path in (tmp_path / "text", tmp_path / "none" / "samples.sqlite"):
        with pytest.raises(ConfigError, match="cannot be opened"):
            SampleStore(path, read_only=True)


def test_the_log_of_a_run_that_was_killed_is_folded_in(tmp_path: Path) -> None:
    path, killed = tmp_path / "samples.sqlite", tmp_path / "killed"
    store = SampleStore(path)
    assert store.latest() == 0.0
    store.add([(taken(at), 5.0) for at in (1.0, 2.0)])
    assert store.latest() == 2.0
    killed.mkdir()
    for each in tmp_path.glob("samples.sqlite*"):
        shutil.copy(each, killed)
    reader = SampleStore(path, read_only=True)
    assert len(list(reader.between(0, 9, {"rack_inlet_power_watts"}))) == 2
    reader.close()
    store.close()
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["samples.sqlite"]
    fold(killed / "samples.sqlite")
    fold(killed / "samples.sqlite")
    assert [each.name for each in killed.iterdir()] == ["samples.sqlite"]
    again = SampleStore(killed / "samples.sqlite", read_only=True)
    assert again.latest() == 2.0
    again.close()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE series SET labels = '[['", "series 1 has invalid labels"),
        ("UPDATE series SET labels = '[1]'", "series 1 has invalid labels"),
        ("UPDATE samples SET quality = 'weird'", "a sample has the quality 'weird'"),
    ],
)
def test_what_nobody_wrote_is_an_error_that_names_the_file(
    tmp_path: Path, damage: str, says: str
) -> None:
    path = tmp_path / "samples.sqlite"
    store = SampleStore(path)
    store.add([(Sample("cdu", "rack_pump_state", (), "running", Quality.GOOD, 1.0), 5.0)])
    store.close()
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute(damage)
        file.commit()
    with pytest.raises(ConfigError) as caught:
        list(SampleStore(path, read_only=True).between(0.0, 2.0, {"rack_pump_state"}))
    assert str(caught.value) == f"{path}: {says}"
