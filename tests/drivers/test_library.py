"""Every shipped profile compiles, says where it comes from, and asks what its device stands."""

from pathlib import Path

import pytest

from agent.model.values import GetOids, ReadRegisters, WalkColumns
from agent.plan import make_plan
from agent.profile.points import ModbusPoint, SnmpPoint
from tests.drivers.harness import PROFILES, library

HERE = Path(__file__).parent
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
def test_a_profile_says_what_it_was_verified_with(name: str) -> None:
    profile = library().get(name)

    assert profile.verified in ("hardware", "recording", "datasheet")
    assert len(profile.source) > 10, "name the MIB, the map or the datasheet"
    assert profile.title
    assert profile.identify, "say how a device shows that this profile fits"
    assert "vendor" in profile.info
    assert "model" in profile.info


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_has_an_independent_witness(name: str) -> None:
    """Agent and simulator share the profile: a wrong address would agree with itself."""
    witness = HERE / f"test_witness_{name.replace('-', '_')}.py"
    assert witness.is_file(), f"type a few values from the datasheet into {witness.name}"


@pytest.mark.parametrize("name", NAMES)
def test_no_request_is_over_the_limits(name: str) -> None:
    profile = library().get(name)
    plan = make_plan(profile)

    for request in (*plan.identity, *plan.requests):
        if isinstance(request, ReadRegisters):
            assert request.count <= profile.limits.registers_max
            assert request.address + request.count <= 65536
        elif isinstance(request, GetOids):
            assert 0 < len(request.oids) <= profile.limits.oids_max
        else:
            assert 0 < len(request.columns) <= 10


@pytest.mark.parametrize("name", NAMES)
def test_every_point_is_asked_for(name: str) -> None:
    profile = library().get(name)
    requests = make_plan(profile).requests
    oids = {oid for r in requests if isinstance(r, GetOids) for oid in r.oids}
    columns = {oid for r in requests if isinstance(r, WalkColumns) for oid in r.columns}

    for point in profile.points:
        if isinstance(point, SnmpPoint):
            assert point.oid in (oids if point.index is None else columns)
        elif isinstance(point, ModbusPoint):
            assert any(
                isinstance(r, ReadRegisters)
                and r.table == point.table
                and r.address <= point.address
                and point.address + point.count <= r.address + r.count
                for r in requests
            )


@pytest.mark.parametrize("name", NAMES)
def test_every_lookup_is_used(name: str) -> None:
    profile = library().get(name)
    used = {lookup for p in profile.points if isinstance(p, SnmpPoint) for lookup in p.lookups}

    assert sorted(set(profile.lookups) - used) == []
