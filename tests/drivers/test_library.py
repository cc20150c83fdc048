"""Every file of the library is found, and passes ``rackagent profiles check``."""

from pathlib import Path

import pytest

from agent.authoring.check_profile import check_itself, unsaid
from tests.drivers.harness import PROFILES, library

NAMES = library().names()
FRAGMENTS = sorted((PROFILES / "fragments").glob("*.yaml"))


def test_every_file_of_the_library_is_found() -> None:
    files = {path for path in PROFILES.rglob("*.yaml") if path.parent.name != "fragments"}
    assert len(files) == len(NAMES)
    assert len(FRAGMENTS) == len(library().fragments)


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_compiles_and_is_called_like_its_file(name: str) -> None:
    profile = library().get(name)

    assert profile.name == name
    assert profile.points
    assert Path(profile.file).stem == name


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.stem)
def test_a_fragment_is_called_like_its_file_and_is_included(path: Path) -> None:
    assert f"\nfragment: {path.stem}\n" in "\n" + path.read_text(encoding="utf-8")
    users = [p for p in PROFILES.rglob("*.yaml") if path.stem in _included(p)]
    assert users, f"no profile includes {path.stem}"


def _included(path: Path) -> list[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("include:"):
            return [word.strip() for word in line.split("[", 1)[1].rstrip("]").split(",")]
    return []


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_is_what_profiles_check_wants(name: str) -> None:
    profile = library().get(name)

    assert unsaid(profile) == []
    assert check_itself(profile) == []


def test_one_profile_is_the_last_resort() -> None:
    fallbacks = [p.name for p in library().all() if any(rule.fallback for rule in p.identify)]
    assert fallbacks == ["snmp-generic"]


SNMP = [each.name for each in library().all() if each.protocol == "snmp"]


@pytest.mark.parametrize("name", SNMP)
def test_a_unit_of_temperature_that_is_a_setting_is_read_in_every_cycle(name: str) -> None:
    """A user may change it at any time, and the values change with it at once."""
    profile = library().get(name)
    seldom = set()
    for point in profile.points:
        unit = profile.lookups.get(point.conversion.unit_lookup or "")
        choices = set((unit.map or {}).values()) if unit else set()
        if point.metric.unit == "degC" and len(choices & {"degC", "degF", "K"}) > 1:
            seldom |= {n for n in point.conversion.lookups if profile.lookups[n].interval_s}
    assert seldom == set()
