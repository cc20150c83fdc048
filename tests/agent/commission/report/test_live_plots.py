"""What a check measures over time: in its unit, with the limits that hold for the value itself."""

from pathlib import Path

import pytest

from agent.commission.journal.writer import RunJournal
from agent.commission.report.live_plots import live_plot
from agent.model.errors import ConfigError
from tests.agent.commission.evidence.test_sealing import sealed
from tests.agent.commission.making import START, record


def test_the_course_of_a_check_in_its_unit(tmp_path: Path) -> None:
    found = live_plot(sealed(tmp_path), "a")
    assert (found.unit, found.began, found.why) == ("degC", START, "")
    assert found.limits == (("at most", 65.0),)
    ((_, points),) = found.lines
    assert points[:2] == ((START, 30.0), (START + 5, 30.1))


def test_a_step_that_goes_on_has_a_course_up_to_now(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    journal = run / "journal.jsonl"
    lines = [line for line in journal.read_text().splitlines() if "step_ended" not in line]
    journal.write_text("".join(f"{line}\n" for line in lines))
    assert live_plot(run, "a").why == "its step has not begun"
    again = RunJournal(journal)
    again.write(record("step_began", step="run"), START)
    again.mention(record("beat", values={}), START + 20)
    again.close()
    ((_, points),) = live_plot(run, "a").lines
    assert points[-1][0] == START + 20


def test_what_cannot_be_drawn_is_told(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    with pytest.raises(ConfigError, match="no check 'b'"):
        live_plot(run, "b")
    (run / "samples.sqlite").unlink()
    with pytest.raises(ConfigError, match="cannot be opened"):
        live_plot(run, "a")
