"""Write the reference of every key of a file, from the models that check it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.models import GenerationSpec
from agent.config import SiteSpec
from agent.config.web import WebSpec

Schema = Mapping[str, Any]

_WORDS = {
    "object": "mapping",
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
}

INTRODUCTION = """\
Every key of a site's file, and of the `web.yml` that protects its HTTP interface.
`rackagent check FILE` names every mistake with file, line and key; `rackagent schema config` prints
the same for editors.
Durations are `500ms`, `10s`, `5m`, `1h`. Secrets are `{env: NAME}` or `{file: PATH}`. Relative
paths start at the folder of the file that names them."""


def page(note: str) -> str:
    """Return the whole page; ``note`` says that it is generated."""
    return "\n".join(_page(note)) + "\n"


def _page(note: str) -> Iterator[str]:
    yield from ("# Configuration", "", note, "", INTRODUCTION)
    yield from _file("The site's file", SiteSpec)
    yield from _file("web.yml", WebSpec)


GENERATIONS = """\
Every key of a generation's file ([`configs/generations/`](../configs/generations/)) and of a build
sheet. `rackagent generation check FILE` names every mistake with file, line and key, and proves
that each expression can be computed; `rackagent schema generation` and `schema sheet` print the
same for editors. Usage: [commissioning](commissioning.md)."""


def generations_page(note: str) -> str:
    """Return the page of generations and build sheets."""
    lines = ["# Generations and build sheets", "", note, "", GENERATIONS]
    lines += [*_file("A generation", GenerationSpec), *_file("A build sheet", Sheet)]
    return "\n".join(lines) + "\n"


def _file(title: str, model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    yield from ("", f"## {title}")
    yield from _keys(schema, schema, "")


def _keys(whole: Schema, part: Schema, above: str) -> Iterator[str]:
    """Yield a table of the keys of one mapping, then those of the mappings in it."""
    properties: Schema = part.get("properties", {})
    required = set(part.get("required", ()))
    yield from ("", "| key | type | default | description |", "|---|---|---|---|")
    for name, given in properties.items():
        if name == "$schema":
            continue
        default = "required" if name in required else _default(given)
        says = given.get("description") or _resolve(whole, given).get("description", "")
        cells = (f"`{above}{name}`", _type(whole, given), default, says)
        yield (
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        )
    for name, given in properties.items():
        for suffix, inner in _inside(whole, given):
            place = f"{above}{name}{suffix}"
            yield from ("", f"### `{place}`", "", inner.get("description", ""))
            yield from _keys(whole, inner, f"{place}.")


def _resolve(whole: Schema, given: Schema) -> Schema:
    """Return the schema that a reference names."""
    name = given.get("$ref", "")
    found: Schema = whole["$defs"][name.rsplit("/", 1)[1]] if name else given
    return found


def _options(whole: Schema, given: Schema) -> list[Schema]:
    """Return the alternatives of a schema: one, or one of several."""
    resolved = _resolve(whole, given)
    found = resolved.get("anyOf") or resolved.get("oneOf")
    return [inner for each in found for inner in _options(whole, each)] if found else [resolved]


def _inside(whole: Schema, given: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield mappings with keys of their own, and the path from the key to them."""
    for option in _options(whole, given):
        if option.get("title") == "SecretSource":
            continue
        if "properties" in option:
            yield "", option
        elif option.get("type") == "array":
            yield from ((f"[]{rest}", inner) for rest, inner in _inside(whole, option["items"]))
        else:
            named = [
                option.get("additionalProperties"),
                *option.get("patternProperties", {}).values(),
            ]
            for values in named:
                if isinstance(values, Mapping):
                    yield from ((f".NAME{rest}", inner) for rest, inner in _inside(whole, values))


def _type(whole: Schema, given: Schema) -> str:
    words = []
    for option in _options(whole, given):
        if option.get("title") == "SecretSource":
            words.append("secret")
        elif "enum" in option:
            words.append(" or ".join(f"`{each}`" for each in option["enum"]))
        elif "const" in option:
            words.append(f"`{option['const']}`")
        elif option.get("type") == "array":
            words.append(f"list of {_type(whole, option['items'])}")
        elif option.get("type") == "null":
            continue
        else:
            words.append(_WORDS.get(option.get("type", ""), "number"))
        bounds = [f"{word} {option[key]}" for key, word in
                  (("minimum", "at least"), ("maximum", "at most")) if key in option]  # fmt: skip
        words[-1] += f" ({', '.join(bounds)})" if bounds else ""
    return " or ".join(dict.fromkeys(words))


def _default(given: Schema) -> str:
    if "default" not in given or given["default"] in (None, {}, []):
        return ""
    default = given["default"]
    if isinstance(default, Mapping):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
