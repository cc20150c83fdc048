"""Rack models as data: those that ship load, and mistakes are named with file, line and key."""

from pathlib import Path

import pytest

from agent.model.errors import ConfigError
from simulator.model import RackModel, load_model, shipped_models
from simulator.model.physics.spec import parse_model

_NVL72 = Path("simulator/models/nvl72.yaml")


def _text() -> str:
    root = Path(__file__).parents[3]
    return (root / _NVL72).read_text("utf-8")


def test_three_models_ship() -> None:
    assert {"nvl72", "orv3-rpu", "air-rdhx"} <= set(shipped_models())


@pytest.mark.parametrize("name", shipped_models())
def test_every_shipped_model_makes_a_rack_whose_roles_all_show_something(name: str) -> None:
    rack = RackModel(load_model(name))
    for role in rack.roles:
        assert rack.observe(role), role
    assert {"pdu-a", "pdu-b", "shelf-1", "cdu", "switch-1", "switch-2"} <= set(rack.roles)
    assert ("bbu-1" in rack.roles) is (name == "orv3-rpu")


def test_a_model_loads_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(_text().replace("name: nvl72", "name: mine"))
    assert load_model(file).name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("idle_kw: 25", "idle_kw: many", "load.idle_kw", "valid number"),
        ("psu_kw: 5.5", "psu_kilowatts: 5.5", "power.psu_kilowatts", "Unexpected"),
        ("duty_pumps: 1", "duty_pumps: 3", "loop.duty_pumps", "more than the 2 pumps"),
        ("nodes: 18", "nodes: 40", "network.ports", "fewer than"),
        ("name: nvl72", "", "name", "required"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(old: str, new: str, key: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_model(_text().replace(old, new, 1), "rack.yaml")
    problem = next(p for p in caught.value.problems if p.key == key)
    assert problem.file == "rack.yaml"
    assert message.lower() in problem.message.lower()


def test_a_mistake_is_named_by_its_line() -> None:
    text = _text().replace("idle_kw: 25", "idle_kw: many")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "idle_kw" in row)
    with pytest.raises(ConfigError, match=rf"rack\.yaml:{line}: load\.idle_kw"):
        parse_model(text, "rack.yaml")


@pytest.mark.parametrize("text", ["a: [1", "- 1", "", "42"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"rack\.yaml"):
        parse_model(text, "rack.yaml")


def test_words_are_words_as_in_every_other_file() -> None:
    assert parse_model(_text().replace("name: nvl72", "name: on"), "rack.yaml").name == "on"
    with pytest.raises(ConfigError, match=r"rack\.yaml:\d+: name: key 'name' occurs twice"):
        parse_model(f"{_text()}name: again\n", "rack.yaml")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory"):
        load_model(tmp_path)


def test_an_unknown_name_lists_those_that_ship(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nvl72"):
        load_model(tmp_path / "absent.yaml")
