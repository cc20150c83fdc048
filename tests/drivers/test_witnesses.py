"""Every shipped profile against its witness page: values that somebody typed from a datasheet.

Agent and simulator share the profile, so a wrong address would agree with itself; a page does not
come from it. ``rackagent profiles check FILE --witness PAGE`` says the same.
"""

from pathlib import Path

import pytest

from agent.authoring.witness_page import read_page
from agent.authoring.witness_run import disagreements
from tests.drivers.harness import library

PAGES = Path(__file__).parent / "witnesses"
NAMES = library().names()


@pytest.mark.parametrize("name", NAMES)
async def test_a_profile_says_what_its_witness_says(name: str) -> None:
    page = PAGES / f"{name}.yaml"
    assert page.is_file(), f"type a few values from the datasheet into {page.name}"
    problems = await disagreements(library().get(name), read_page(page))
    assert problems == [], "\n" + "\n".join(map(str, problems))


def test_every_page_is_named_like_its_profile() -> None:
    assert {path.stem for path in PAGES.glob("*.yaml")} == set(NAMES)
