"""YAML files: what they mean, and what is said of the broken ones, line by line."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, Strict

from agent.model.errors import ConfigError
from agent.parse.yaml_source import load, load_json, parse, spell


class Base(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Source(Base):
    env: str | None = None
    file: str | None = None


class Part(Base):
    name: str
    speed: int | None = Field(None, ge=1, le=10)
    ratio: float | None = Field(None, gt=0)
    fixed: bool = False
    side: Literal["front", "rear"] = "front"
    secret: str | Source | None = None
    scale: int | float | Source = 1
    steps: list[int | str] | int | Source | None = None
    span: Annotated[tuple[float, float], Strict(False)] | None = None
    names: dict[int, str] | None = None
    choice: Source | list[Source] | None = None


class Rack(Base):
    site: str = "lab"
    folder: Annotated[Path, Strict(False)] | None = None
    parts: list[Part] = Field(default_factory=list, min_length=1)
    by_name: dict[str, Part] | None = None
    home: Part | None = None
    notes: Annotated[str, Field(max_length=3)] | None = None


def problems(text: str) -> list[str]:
    """What is said of ``text`` read as a Rack, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "r.yaml").validate(Rack)
    return [line.removeprefix("r.yaml") for line in str(caught.value).splitlines()]


def values(text: str) -> object:
    return parse(f"x: {text}", "x.yaml").data["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("010", 10),
        ("08", 8),
        ("0x1F", 31),
        ("0o17", 15),
        ("-5", -5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1:30", "1:30"),
        ("2026-11-22", "2026-11-22"),
        ("1.3.6.1", "1.3.6.1"),
        ("1_000", "1_000"),
        ("", None),
        ("~", None),
        ("null", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("[a, 1]", ["a", 1]),
    ],
)
def test_plain_words_are_words_and_numbers_are_decimal(text: str, value: object) -> None:
    found = values(text)
    assert found == value
    assert type(found) is type(value)


def test_merges_lay_the_own_keys_over_the_shared_ones() -> None:
    document = parse("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n", "m.yaml")
    assert document.data["b"] == {"x": 1, "y": 3}
    assert document.line(("b", "y")) == 4


def test_lines_are_known_for_every_key_and_item() -> None:
    document = parse("a:\n  - b: 1\n    c: 2\n  - d\n", "l.yaml")
    assert document.line(("a", 0, "c")) == 3
    assert document.line(("a", 1)) == 4
    assert document.line(("a", 0, "unknown", "deeper")) == 2
    assert document.line(("nowhere",)) == 1


def test_keys_are_spelt_as_a_path() -> None:
    assert spell(("racks", 0, "devices", 2, "url")) == "racks[0].devices[2].url"


# ---- files that are not documents


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.yaml") == f"{tmp_path}/none.yaml: the file does not exist"


def test_a_directory_instead_of_a_file(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path}: is a directory; name a file in it"


def test_a_file_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x: 1")
    assert refused(tmp_path / "a" / "b") == f"{tmp_path}/a/b: cannot be read: Not a directory"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text)
    assert "is empty" in refused(path) or "must be a mapping" in refused(path)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_bytes(b"\x80\x81")
    assert refused(path) == f"{path}: is not UTF-8 text: invalid start byte"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    assert refused(path) == f"{path}: cannot be read: it is larger than 4194304 bytes"


def test_a_good_file_is_named_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_text("a: 1\n")
    assert load(path).file == str(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n- b\n", "t:1: must be a mapping (lines of 'key: value') at the top"),
        ("\njust words\n", "t:2: must be a mapping (lines of 'key: value') at the top"),
        ("a: b: c\n", "t:1: is not YAML: mapping values are not allowed "),
        ("a: 1\n\tb: 2\n", "t:2: is not YAML: "),
        ("a:\n\t- 1\n", "indent with spaces"),
        ("a: [1, 2\nb: 3\n", "t:2: is not YAML: "),
        ("a: 1\n---\nb: 2\n", "t:2: is not YAML: "),
        ("a: *b\n", "t:1: is not YAML: found undefined alias"),
        ("a: !!python/name:os.system\n", "t:1: is not YAML: could not determine a constructor"),
        ("a: 1\nb: \x07\n", "t:2: is not YAML: character #x0007 is not allowed"),
        ("a: 1\nb: !!int x\n", "t:2: b: 'x' cannot be read as int"),
        ("a: 1\n? [b]\n: 2\n", "t:2: keys must be words"),
        ("a:\n  ~: 2\n", "t:2: a: keys must be words"),
        ("a: &a [*a]\n", "t:1: is nested more than 100 levels deep"),
        (
            f"? [&a0 {{}}, {', '.join(f'&a{n} {{<<: *a{n - 1}}}' for n in range(1, 2_000))}]\n"
            ": 1\nb: {<<: *a1999}\n",
            "t: is nested too deeply",
        ),
    ],
)
def test_what_is_not_a_yaml_mapping_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "t")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "deep", ["a: " + "[" * 40_000, "a: " + "{a: " * 40_000, "- " * 40_000, "? " * 40_000]
)
async def test_nesting_that_would_end_the_process_is_refused(deep: str) -> None:
    """libyaml's composer recurses in C and dies at 25,000 levels, in threads as well."""
    says = "t:2: is nested more than 100 levels deep; write it flatter"
    with pytest.raises(ConfigError, match=says):
        parse(f"\n{deep}", "t")
    with pytest.raises(ConfigError, match=says):
        await asyncio.to_thread(parse, f"\n{deep}", "t")


def test_a_hundred_levels_are_read() -> None:
    assert parse("a: " + "[" * 99 + "]" * 99, "t").data
    anchors = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 99))
    assert parse(f"a0: &a0 [x]\n{anchors}", "t").data
    with pytest.raises(ConfigError, match="t:1: is nested more than 100 levels"):
        parse(f"a0: &a0 {'[' * 50}{']' * 50}\n{anchors}", "t")


# ---- JSON


def test_json_becomes_a_document(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text('{"parts": [{"name": "a", "ratio": 1e-05}]}')
    document = load_json(path)
    assert document.validate(Rack).parts[0].ratio == 1e-05
    assert str(document.problem(("parts", 0), "odd")) == f"{path}: parts[0]: odd"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[" * 100_000, ": is nested more than 100 levels deep"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", ": is nested more than 100 levels deep"),
        (b'{"a":\n x}', ":2: is not JSON: Expecting value"),
        (b"", ":1: is not JSON: Expecting value"),
        (b"[1]", ":1: must be a JSON object at the top"),
        (b'{"a": ' + b"1" * 5_000 + b"}", ": is not JSON: Exceeds the limit"),
        (b'{"a": NaN}', ": is not JSON: NaN is not a number of JSON"),
        (b'{"b": {"a": 1, "c": 2, "a": 3}}', ": is not JSON: key 'a' is repeated"),
        (b"\xff", ": is not UTF-8 text: invalid start byte"),
        (b" " * (4 * 1024 * 1024 + 1), ": cannot be read: it is larger than 4194304 bytes"),
    ],
)
def test_what_is_not_a_json_object_is_refused_in_one_line(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "g.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_json(path)
    assert str(caught.value).startswith(f"{path}{says}")
    assert len(str(caught.value).splitlines()) == 1


def test_a_few_anchors_may_not_stand_for_millions() -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ConfigError, match="expands to more than 200000 values; are anchors"):
        parse("\n".join(layers), "laughs.yaml")


def test_duplicate_keys_are_told_with_all_their_lines() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\na: 3\n", "d.yaml")
    assert str(caught.value).splitlines() == [
        "d.yaml:7: a: key 'a' occurs twice (lines 1, 6, 7)",
        "d.yaml:5: b.c: key 'c' occurs twice (lines 3, 5)",
    ]


# ---- mistakes of shape, one line each


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("speed: fast", "speed: must be a whole number, not 'fast'"),
        ("speed: '5'", "speed: must be a whole number, not '5'; remove the quotes"),
        ("speed: 1.5", "speed: must be a whole number, not 1.5"),
        ("speed: true", "speed: must be a whole number, not true"),
        ("speed: 0", "speed: must be at least 1, not 0"),
        ("speed: 11", "speed: must be at most 10, not 11"),
        ("ratio: 0", "ratio: must be more than 0, not 0"),
        ("ratio: much", "ratio: must be a number, not 'much'"),
        ("ratio: '0.5'", "ratio: must be a number, not '0.5'; remove the quotes"),
        ("fixed: on", "fixed: must be true or false, not 'on'"),
        ("side: top", "side: must be 'front' or 'rear', not 'top'"),
        ("names: [a]", "names: must be a mapping, not a list"),
        ("names: {1: 2}", "names[1]: must be text, not 2; put it in quotes"),
        ("names: {a: b}", "names.a: must be a whole number, not 'a'"),
        ("span: [1]", "span: has too few values: number 2 is missing"),
        ("span: [1, 2, 3]", "span: must have 2 values, not 3"),
        ("span: 5", "span: must be a list, not 5"),
        ("speeed: 5", "speeed: unknown key 'speeed'; did you mean 'speed'?"),
        ("secret: 5", "secret: must be text or a mapping (env, file), not a number"),
        ("secret: [5]", "secret: must be text or a mapping (env, file), not a list"),
        ("secret: {env: 5}", "secret.env: must be text, not 5; put it in quotes"),
        ("secret: {evn: X}", "secret.evn: unknown key 'evn'; did you mean 'env'?"),
        ("scale: much", "scale: must be a number or a mapping (env, file), not 'much'"),
        ("scale: true", "scale: must be a number or a mapping (env, file), not true"),
        ("scale:", "scale: must be a number or a mapping (env, file), but nothing is there"),
        (
            "steps: [1, {a: 2}]",
            "steps[1]: must be a whole number or text, not a mapping",
        ),
        (
            "steps: 1.5",
            "steps: must be a list, a whole number or a mapping (env, file), not 1.5",
        ),
        ("choice: [{env: a}, {env: 1}]", "choice[1].env: must be text, not 1; put it in quotes"),
    ],
)
def test_one_mistake_is_one_line(line: str, says: str) -> None:
    assert problems(f"parts:\n  - name: a\n    {line}\n") == [f":3: parts[0].{says}"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("parts: [{}]", ":1: parts[0]: required key 'name' is missing"),
        ("parts: []", ":1: parts: must not be empty"),
        ("parts:", ":1: parts: must be a list, but nothing is there"),
        ("parts: {name: a}", ":1: parts: must be a list, not a mapping"),
        ("parts: [a]", ":1: parts[0]: must be a mapping, not 'a'"),
        ("parts: [{name: a}]\nfolder: 3", ":2: folder: must be a path, not 3"),
        ("parts: [{name: a}]\n5: x", ":2: [5]: keys are words, not 5"),
        (
            "parts: [{name: a}]\nby_name:\n  x: {name: a, sped: 1}",
            ":3: by_name.x.sped: unknown key 'sped'; did you mean 'speed'?",
        ),
        (
            "parts: [{name: a}]\nhome:\n  name: a\n  zzzz: 1",
            ":4: home.zzzz: unknown key 'zzzz'; known keys: choice, fixed, name, names, ratio,"
            " scale, secret, side, span, speed, steps",
        ),
        (
            "parts: [{name: a}]\nnotes: too long",
            ":2: notes: String should have at most 3 characters",
        ),
    ],
)
def test_mistakes_around_the_parts(text: str, says: str) -> None:
    assert problems(text) == [says]


def test_a_misspelt_key_is_not_also_missing() -> None:
    assert problems("parts:\n  - nam: a\n") == [
        ":2: parts[0].nam: unknown key 'nam'; did you mean 'name'?"
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = "parts:\n  - name: 1\n    side: top\n  - speed: x\nsite: [a]\nfoo: 1\n"
    assert problems(text) == [
        ":2: parts[0].name: must be text, not 1; put it in quotes",
        ":3: parts[0].side: must be 'front' or 'rear', not 'top'",
        ":4: parts[1]: required key 'name' is missing",
        ":4: parts[1].speed: must be a whole number, not 'x'",
        ":5: site: must be text, not a list",
        ":6: foo: unknown key 'foo'; known keys: by_name, folder, home, notes, parts, site",
    ]


# ---- reading on past broken items


def test_the_sound_items_keep_their_places_and_lines() -> None:
    document = parse("parts:\n  - naem: a\n  - name: b\n  - name: 3\n  - name: c\n", "s.yaml")
    rack, rest, found = document.salvage(Rack, "parts")
    assert [part.name for part in rack.parts] == ["b", "c"]
    assert [problem.line for problem in found] == [2, 4]
    assert str(rest.problem(("parts", 1, "name"), "again")) == "s.yaml:5: parts[3].name: again"
    assert str(rest.problem(("site",), "odd")) == "s.yaml:1: site: odd"


def test_a_sound_document_is_read_whole() -> None:
    document = parse("parts: [{name: a}]\n", "s.yaml")
    rack, rest, found = document.salvage(Rack, "parts")
    assert (len(rack.parts), rest, found) == (1, document, [])


@pytest.mark.parametrize(
    "text",
    [
        "parts: [{name: 1}]",
        "parts: [{name: a}, {name: 1}]\nfoo: 1",
        "parts: 5",
        "parts: []",
    ],
)
def test_what_cannot_be_read_on_is_refused_whole(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text, "s.yaml").salvage(Rack, "parts")


@pytest.mark.parametrize(
    "text",
    ["!!timestamp 9999999-01-01", "!!timestamp x", "!!bool x", "!!int x", "!!float x"],
)
def test_a_tag_that_does_not_fit_is_a_mistake_of_the_file(text: str) -> None:
    with pytest.raises(ConfigError, match=r"f\.yaml:1: "):
        parse(f"a: {text}\n", "f.yaml")


def test_many_keys_cost_no_more_than_few_each() -> None:
    """Comparing every key with every other one took minutes."""
    count = 60_000
    text = "".join(f"k{number}: 1\n" for number in range(count))
    assert len(parse(text, "f.yaml").data) == count
