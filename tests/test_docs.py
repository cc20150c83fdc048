"""The reference pages: written from the profiles and the catalogue, and not stale."""

import re

import pytest

from agent.model.catalogue import CATALOGUE, Kind
from docs import generate
from tests.drivers.harness import library
from tests.house import ROOT


@pytest.mark.parametrize(
    "name", ["commissioning-faults.md", "configuration.md", "devices.md", "metrics.md"]
)
def test_the_page_is_what_make_docs_writes(name: str) -> None:
    written = (generate.DOCS / name).read_text(encoding="utf-8")
    assert written == generate.pages()[name], f"docs/{name} is stale: run 'make docs'"


def test_every_kind_of_device_has_its_heading() -> None:
    assert {profile.kind for profile in library().all()} <= set(generate.KINDS)


@pytest.mark.parametrize(
    ("metric", "component", "quantity"),
    [
        ("rack_outlet_apparent_power_voltamperes", "outlet", "apparent power"),
        ("rack_output_phase_current_amperes", "output_phase", "current"),
        ("rack_inlet_energy_joules_total", "inlet", "energy"),
        ("rack_psu_state", "psu", "state"),
        ("rack_relative_humidity_ratio", "relative_humidity", ""),
        ("rack_port_receive_errors_total", "port", "receive errors"),
    ],
)
def test_a_metric_falls_into_component_and_quantity(
    metric: str, component: str, quantity: str
) -> None:
    assert generate.component(CATALOGUE[metric]) == component
    assert generate.quantity(CATALOGUE[metric]) == quantity


def test_no_quantity_holds_its_unit() -> None:
    numbers = [m for m in CATALOGUE.values() if m.kind in (Kind.GAUGE, Kind.COUNTER)]
    units = ("volts", "amperes", "watts", "celsius", "pascals", "second", "ratio", "dbm", "joules")
    assert not [m.name for m in numbers if any(u in generate.quantity(m) for u in units)]


def test_every_link_of_the_pages_leads_somewhere() -> None:
    pages = [generate.DOCS.parent / "README.md", *generate.DOCS.glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken


def test_every_key_of_a_site_has_its_line() -> None:
    page = generate.pages()["configuration.md"]
    for key in ("racks[].devices[].url", "mqtt.outbox.path", "credentials.NAME.auth.secret"):
        assert f"| `{key}` |" in page


HOP = re.compile(r"`((?:[\w]+/)*\w+\.py)(?::([\w.]+))?`")


def test_design_names_files_and_functions_that_exist() -> None:
    text = (ROOT / "DESIGN.md").read_text(encoding="utf-8")
    wrong = []
    for path, name in HOP.findall(text):
        places = [ROOT / base / path for base in ("", "agent", "simulator")]
        found = [place for place in places if place.is_file()] or [
            place for place in ROOT.glob(f"agent/**/{path}") if place.is_file()
        ]
        code = "".join(place.read_text(encoding="utf-8") for place in found)
        defined = rf"^\s*(?:async )?(?:def|class) ({'|'.join(name.split('.'))})\b|^({name})\b"
        if not found or (name and not re.search(defined, code, re.MULTILINE)):
            wrong.append(f"{path}:{name}")
    assert not wrong
