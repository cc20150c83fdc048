"""Where profiles are found, and what is said of those that are not."""

from pathlib import Path

import pytest

from agent.model.errors import ConfigError
from agent.profile.library import open_library
from tests.agent.profile.conftest import Write, fragment, snmp

POWER = "{metric: rack_inlet_power_watts, oid: 1.3.6.1.4.1.99.1.0, unit: W}"


def test_the_shipped_profiles_are_there() -> None:
    assert {"apc-rpdu2", "raritan-pdu2", "servertech-sentry4", "orv3-rpu"} <= {
        *open_library().names()
    }


def test_every_shipped_profile_compiles() -> None:
    library = open_library()
    assert [profile.name for profile in library.all()] == library.names()


def test_your_own_profile_wins_over_the_shipped_one(write: Write, tmp_path: Path) -> None:
    path = write(snmp(POWER).replace("profile: p", "profile: apc-rpdu2"), "apc-rpdu2")
    assert open_library([tmp_path]).get("apc-rpdu2").file == str(path)


def test_a_profile_is_compiled_once(write: Write, tmp_path: Path) -> None:
    write(snmp(POWER))
    library = open_library([tmp_path])
    assert library.get("p") is library.get("p")


def test_an_unknown_profile_is_refused_with_the_nearest_names(write: Write, tmp_path: Path) -> None:
    write(snmp(POWER).replace("profile: p", "profile: acme-9000"), "acme-9000")
    library = open_library([tmp_path])
    with pytest.raises(ConfigError, match="'acme-9001'; did you mean acme-9000"):
        library.get("acme-9001")
    with pytest.raises(ConfigError, match="see 'rackagent profiles list'"):
        library.get("zzzzzzzzz")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none: is not a folder of profiles"):
        open_library([tmp_path / "none"])


def test_a_fragment_is_not_a_profile(write: Write, tmp_path: Path) -> None:
    path = write(fragment(POWER), "f")
    library = open_library([tmp_path])
    assert "f" not in library.names()
    with pytest.raises(ConfigError, match=r"f.yaml:1: fragment: is a fragment: it is included"):
        library.load(path)


def test_a_fragment_is_called_like_its_file(write: Write, tmp_path: Path) -> None:
    write(fragment(POWER, name="g"), "f")
    path = write(snmp(head="include: [f]\n").replace("points:\n", ""))
    with pytest.raises(ConfigError, match=r"f.yaml:1: fragment: 'g' is in f.yaml"):
        open_library([tmp_path]).load(path)


def test_the_mistakes_of_all_profiles_are_told_at_once_and_once(
    write: Write, tmp_path: Path
) -> None:
    write(fragment("{metric: rack_inlet_power_watts, oid: 1.3.6}"), "f")
    for name in ("p", "q"):
        text = snmp(head="include: [f]\n").replace("points:\n", "")
        write(text.replace("profile: p", f"profile: {name}"), name)
    write(snmp("{metric: nope, oid: 1.3.6}", POWER).replace("profile: p", "profile: r"), "r")
    with pytest.raises(ConfigError) as caught:
        open_library([tmp_path]).all()
    places = [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]
    assert [place.split(": ")[0] for place in places] == ["fragments/f.yaml:5", "r.yaml:8"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("- a\n", "must be a mapping"),
        ("profile: p\nprofile: p\n", "occurs twice"),
    ],
)
def test_a_file_that_is_no_profile(write: Write, tmp_path: Path, text: str, says: str) -> None:
    path = write(text)
    with pytest.raises(ConfigError, match=says):
        open_library([tmp_path]).load(path)


def test_your_own_profiles_come_first_so_that_they_win_equal_claims(
    write: Write, tmp_path: Path
) -> None:
    write(snmp(POWER).replace("profile: p", "profile: zz-acme"), "zz-acme")
    assert [profile.name for profile in open_library([tmp_path]).all()][:1] == ["zz-acme"]
