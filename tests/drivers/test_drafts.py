"""Every recording can be drafted: the page is a profile, and reads without standing in its way."""

from pathlib import Path

import pytest

from agent.authoring.check_profile import read_recorded
from agent.authoring.draft.mibs import Mibs, read_mibs
from agent.authoring.draft.page import make_draft, slug
from agent.authoring.snmprec_read import read_recording
from tests.drivers.harness import corpus, library

pytestmark = pytest.mark.corpus

NAMED = {
    "pdu/sentry4": "sentry/Sentry4-MIB",
    "pdu/panduit": "panduit/PANDUIT-MIB",
    "pdu/raritan-pdu_px3": "raritan/PDU2-MIB",
    "power/enexus": "eltek",
}
"""Recordings, and the MIB of each, or the folder of its vendor's."""


async def drafted(recording: Path, mibs: Mibs, tmp_path: Path) -> tuple[int, list[str]]:
    """How many points the draft has, and what is wrong with the vendor's part of it."""
    rows = read_recording(recording)
    name = slug(f"draft-{recording.stem}")
    draft = make_draft(name, rows, mibs, recording.name, library().fragments)
    file = tmp_path / f"{name}.yaml"
    file.write_text(draft.text, encoding="utf-8")
    profile = library().load(file)
    if not draft.points:
        return 0, []
    witness = await read_recorded(profile, recording, library())
    return len(draft.points), [
        problem for problem in witness.problems if "1.3.6.1.4.1" in problem or "twice" in problem
    ]


async def test_every_recording_becomes_a_profile_without_its_mib(tmp_path: Path) -> None:
    for recording in sorted((corpus() / "snmp").rglob("*.snmprec")):
        assert await drafted(recording, Mibs(), tmp_path) == (0, [])


@pytest.mark.parametrize("name", NAMED)
async def test_a_recording_and_its_mib_become_points(name: str, tmp_path: Path) -> None:
    mibs = read_mibs([corpus() / "mibs" / NAMED[name]])
    assert mibs.problems == ()
    count, problems = await drafted(corpus() / "snmp" / f"{name}.snmprec", mibs, tmp_path)
    assert count >= 5
    assert problems == []
