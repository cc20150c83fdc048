"""A stage that was judged while its run went on is judged again only if its samples changed."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest

from agent.commission.journal.samples import SampleStore
from agent.commission.judge.verdicts import Attached, Facts, judge_stage, step_verdicts
from agent.commission.records import Sample, Verdict
from tests.agent.commission.bundle import DEVICES, LIMIT, WARM, WHOLE
from tests.agent.commission.making import START, samples
from tests.agent.commission.small import generation

PAPER = "paper: {kind: attachment, needs: a certificate}"


class Watched(SampleStore):
    """A store that counts how often samples are read from it."""

    reads = 0

    def between(self, began: float, ended: float, metrics: Collection[str]) -> Iterator[Sample]:
        self.reads += 1
        return super().between(began, ended, metrics)

    def put(self, rows: Iterable[Sample]) -> None:
        self.add((row, 5.0) for row in rows)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "samples.sqlite")
    made.put(samples(WARM))
    yield made
    made.close()


def test_verdicts_are_used_again_while_their_samples_are_the_same(
    tmp_path: Path, store: Watched
) -> None:
    facts = Facts(generation(tmp_path, LIMIT), "L11", DEVICES, 5.0)
    known = {"run": step_verdicts(facts, store, "run", WHOLE)}
    store.put(samples([90.0], start=START + 600))
    (result,) = judge_stage(facts, store, {"run": WHOLE}, known=known)
    assert (result.verdict, store.reads) == (Verdict.PASS, 1)


def test_a_sample_that_came_late_is_judged(tmp_path: Path, store: Watched) -> None:
    facts = Facts(generation(tmp_path, LIMIT), "L11", DEVICES, 5.0)
    known = {"run": step_verdicts(facts, store, "run", WHOLE)}
    store.put(samples([90.0], start=START + 31))
    (result,) = judge_stage(facts, store, {"run": WHOLE}, known=known)
    assert (result.verdict, store.reads) == (Verdict.FAIL, 2)


def test_what_was_attached_after_a_step_counts(tmp_path: Path, store: Watched) -> None:
    facts = Facts(generation(tmp_path, PAPER), "L11", DEVICES, 5.0)
    known = {"run": step_verdicts(facts, store, "run", WHOLE)}
    assert [each.verdict for each in known["run"].results] == [Verdict.SKIP]
    file = Attached("paper.pdf", "00", "Ann")
    later = Facts(facts.generation, "L11", DEVICES, 5.0, attached={"paper": file})
    (result,) = judge_stage(later, store, {"run": WHOLE}, known=known)
    assert result.verdict is Verdict.PASS
