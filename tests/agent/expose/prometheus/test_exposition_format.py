"""Escaping, numbers, headers and negotiation, against prometheus_client's own parsers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse_text

from agent.expose.prometheus.exposition_format import (
    ExpositionFormat,
    accepts_gzip,
    beside,
    header,
    label_text,
    negotiate,
    number,
)
from agent.model.catalogue import CATALOGUE
from tests.agent.expose.rack import parse_openmetrics

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
    "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@given(st.text(min_size=1))
def test_any_label_value_comes_back_unchanged(value: str) -> None:
    line = f"rack_x{{{label_text([('name', value)])}}} 1\n"
    (text_family,) = parse_text(line)
    (open_family,) = parse_openmetrics(line + "# EOF\n")
    assert text_family.samples[0].labels == {"name": value}
    assert open_family.samples[0].labels == {"name": value}


def test_a_label_value_that_is_not_unicode_still_leaves_as_utf_8() -> None:
    assert label_text([("name", "rack\udcff1")]).encode() == b'name="rack?1"'


def test_an_empty_label_is_left_out() -> None:
    assert label_text([("name", ""), ("phase", "1")]) == 'phase="1"'


def test_a_label_that_the_device_has_already_is_renamed() -> None:
    taken = {"device": "pdu", "name": "upper"}
    assert beside(taken, [("phase", "1"), ("name", "L1")]) == [
        ("exported_name", "L1"),
        ("phase", "1"),
    ]
    assert beside(taken, [("exported_name", "x"), ("name", "L1")]) == [
        ("exported_name", "x"),
        ("exported_exported_name", "L1"),
    ]


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64))
def test_a_number_is_exact(value: float) -> None:
    text = number(value)
    assert text is not None
    assert type(value)(text) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "on"])
def test_what_is_not_a_number_has_no_text(value: float | str | None) -> None:
    assert number(value) is None


@pytest.mark.parametrize(
    ("value", "text"), [(242, "242"), (0.1, "0.1"), (-0.5, "-0.5"), (1e22, "1e+22"), (True, "1")]
)
def test_numbers_are_as_short_as_they_can_be(value: float, text: str) -> None:
    assert number(value) == text


def test_headers_of_a_counter_in_both_formats() -> None:
    metric = CATALOGUE["rack_inlet_energy_joules_total"]
    assert header(metric, ExpositionFormat.TEXT) == (
        f"# HELP rack_inlet_energy_joules_total {metric.help}\n"
        "# TYPE rack_inlet_energy_joules_total counter\n"
    )
    assert header(metric, ExpositionFormat.OPENMETRICS) == (
        f"# HELP rack_inlet_energy_joules {metric.help}\n"
        "# TYPE rack_inlet_energy_joules counter\n"
        "# UNIT rack_inlet_energy_joules joules\n"
    )


def test_a_whole_catalogue_is_strict_openmetrics_without_clashing_names() -> None:
    lines = [
        f'{header(m, ExpositionFormat.OPENMETRICS)}{m.name}{{a="b"}} 1\n'
        for m in CATALOGUE.values()
    ]
    families = list(parse_openmetrics("".join(lines) + "# EOF\n"))
    assert [family.samples[0].name for family in families] == list(CATALOGUE)
    without_unit = [
        metric.name
        for metric, family in zip(CATALOGUE.values(), families, strict=True)
        if metric.unit not in ("", "pH") and not family.unit
    ]
    assert without_unit == []


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", ExpositionFormat.TEXT),
        ("*/*", ExpositionFormat.TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", ExpositionFormat.TEXT),
        ("application/openmetrics-text", ExpositionFormat.OPENMETRICS),
        ("Application/OpenMetrics-Text; Version=1.0.0", ExpositionFormat.OPENMETRICS),
        ("application/openmetrics-text;version=0.0.1", ExpositionFormat.TEXT),
        ("application/openmetrics-text;version=nonsense", ExpositionFormat.TEXT),
        ("application/openmetrics-text;q=0,text/plain", ExpositionFormat.TEXT),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.9", ExpositionFormat.TEXT),
        ("application/openmetrics-text;q=high", ExpositionFormat.TEXT),
        ("application/openmetrics-text;q=nan,text/plain;q=7", ExpositionFormat.TEXT),
        (";;=,,;q=", ExpositionFormat.TEXT),
        (PROMETHEUS_2, ExpositionFormat.OPENMETRICS),
        (PROMETHEUS_3, ExpositionFormat.OPENMETRICS),
    ],
)
def test_the_accept_header_chooses_the_format(accept: str, form: ExpositionFormat) -> None:
    assert negotiate(accept) is form


@pytest.mark.parametrize(
    ("header_value", "accepted"),
    [("gzip", True), ("deflate, GZIP;q=0.5", True), ("*", True), ("", False), ("gzip;q=0", False),
     ("br, zstd", False), ("identity", False)],
)  # fmt: skip
def test_gzip_only_where_it_is_accepted(header_value: str, accepted: bool) -> None:
    assert accepts_gzip(header_value) is accepted
