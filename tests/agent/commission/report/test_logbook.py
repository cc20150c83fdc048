"""The log in plain words, and samples as CSV that a spreadsheet can be trusted with."""

import csv
import io
from pathlib import Path

import pytest

from agent.commission.journal.samples import SampleStore
from agent.commission.records import Sample
from agent.commission.report.logbook import log_text, write_csv
from agent.model.values import Quality
from tests.agent.commission.making import START, samples

AT = "1970-01-01T00:16:40.000+00:00"


def rows(folder: Path, found: list[Sample], *units: str) -> list[dict[str, str]]:
    store = SampleStore(folder / "samples.sqlite")
    store.add([(each, 5.0) for each in found])
    file = io.StringIO()
    count = write_csv(store, file, units)
    store.close()
    read = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert count == len(read) == len(found)
    return read


def test_samples_in_base_units_or_in_others(tmp_path: Path) -> None:
    found = [
        *samples([20.0], "cdu"),
        *samples([1500.0], "m1", "rack_inlet_power_watts", {"inlet": "1"}),
        *samples(["on"], "m1", "rack_outlet_state", {"outlet": "1"}),
    ]
    (first, power, state) = rows(tmp_path, found)
    assert first == {
        "time": AT,
        "device": "cdu",
        "metric": "rack_coolant_temperature_celsius",
        "labels": "",
        "value": "20.0",
        "unit": "degC",
        "quality": "good",
        "reason": "",
        "simulated": "false",
    }
    assert (power["value"], power["unit"], power["labels"]) == ("1500.0", "W", '{"inlet": "1"}')
    assert (state["value"], state["unit"]) == ("on", "")
    (tmp_path / "samples.sqlite").unlink()
    first, power, _ = rows(tmp_path, found, "kW", "degF")
    assert float(first["value"]) == pytest.approx(68.0)
    assert first["unit"] == "degF"
    assert (float(power["value"]), power["unit"]) == (1.5, "kW")


def test_bad_values_and_words_that_look_like_formulas(tmp_path: Path) -> None:
    found = [
        Sample("=cmd", "rackagent_poll_success", (), None, Quality.BAD, START, "@SUM(A1)"),
        *samples(["+1"], "m1", "rack_outlet_state"),
    ]
    bad, word = rows(tmp_path, found)
    assert (bad["device"], bad["value"], bad["quality"], bad["reason"]) == (
        *("'=cmd", "", "bad", "'@SUM(A1)"),
    )
    assert word["value"] == "'+1"
    with pytest.raises(ValueError, match="unknown unit 'furlong'"):
        rows(tmp_path, [], "furlong")


def test_the_log_says_what_happened() -> None:
    text = log_text(
        [
            {"event": "run_started", "at": 0.0, "wall": START, "rack": "r1", "devices": {"a": "b"}},
            {"event": "beat", "at": START, "values": {}},
            {"event": "noted", "at": START, "who": "I. Hahn", "text": "a\x1b[31m\nb", "file": ""},
        ]
    )
    assert text.splitlines() == [
        f'{AT} run_started rack="r1"',
        f'{AT} noted who="I. Hahn" text="a\\u001b[31m\\nb"',
    ]


def test_samples_of_a_rehearsal_say_so_and_act_on_no_terminal(tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "samples.sqlite")
    hostile = samples(["a\x1b[2J"], "m\x9b1", "rack_outlet_state", {"outlet": "\x9b"})
    store.add([(each, 5.0) for each in hostile])
    file = io.StringIO()
    write_csv(store, file, simulated=True)
    store.close()
    [row] = csv.DictReader(io.StringIO(file.getvalue()))
    assert row["simulated"] == "true"
    assert (row["device"], row["value"]) == ("m\ufffd1", "a\ufffd[2J")
    assert row["labels"] == '{"outlet": "\\u009b"}'
