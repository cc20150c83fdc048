"""The page: complete, safe from what devices say, the same bytes each time, and small."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.commission.evidence import bundle as evidence
from agent.commission.evidence.sealing import signature_sentence
from agent.commission.evidence.signing import key_id
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Waiver
from agent.commission.report import report_page
from agent.commission.report.page import Material, html_page
from agent.commission.report.pdf import BROWSER
from tests.agent.commission.bundle import LIMIT, SOAK, WARM, bundle, identity_sample, polls
from tests.agent.commission.making import START, samples

EVIL = '"><script>alert(1)</script>\x00\x1b[31m'
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WAIVER = Waiver(check="supply", by="M. Weber", why="until the fan is in", until=date(2030, 1, 1))


class Reader(HTMLParser):
    """Every tag with its attributes, and the text between them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._skipped = False
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._skipped = tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.text += " ".join(data.split()) + " "

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.tags}


def read(run: Path) -> Reader:
    return Reader((run / evidence.REPORT).read_bytes())


def test_the_verdict_stands_first_and_everything_is_there(tmp_path: Path) -> None:
    found = [
        *samples(WARM),
        identity_sample("cdu", vendor="Acme", model="C-1", serial="S123", firmware="2.1"),
        *polls("cdu", [True] * 11 + [False] * 2),
    ]
    text = read(bundle(tmp_path, found=found)).text
    assert text.index("Rack r1") < text.index("✓ PASS") < text.index("Scope and method")
    for said in (
        *("A small rack", "small 1.0.0", "rackagent 0.1", "1970-01-01 00:16:40 UTC", "1 min"),
        *("C-1", "S123", "2.1", "11 of 13", "ISO/IEC 17025, 7.8.6", "30.3 °C", "≤ 65 °C"),
        *("guard 5 K", "+34.7 K", "−2 to 2 K", "cdu did not answer 2 of 13 polls", "(e)"),
        *("it is not signed", "Performed by", "Witnessed by"),
    ):
        assert said in text.replace("\xa0", " "), said


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = bundle(tmp_path, key=KEY)
    first = (run / evidence.REPORT).read_bytes()
    signer = signature_sentence(run, KEY.public_key())
    assert report_page(run, evidence.judged(run), signer) == first
    assert f"signed with the ed25519 key {key_id(KEY.public_key())}" in Reader(first).text


def test_several_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    run = bundle(tmp_path)
    report, whole = evidence.judged(run), (run / evidence.REPORT).read_bytes()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: report_page(run, report, signature_sentence(run)), range(8)))
    assert made == [whole] * 8


def test_it_needs_nothing_else_and_runs_nothing(tmp_path: Path) -> None:
    reader = read(bundle(tmp_path))
    assert not reader.names & {"script", "link", "img", "iframe", "object", "embed", "form"}
    for tag, attributes in reader.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), tag
            assert name not in ("src", "srcset", "action"), tag
            if name in ("href", "xlink:href"):
                assert (value or "").startswith("#"), tag
    assert "default-src 'none'" in str(reader.tags)
    assert ("svg", "img") in {(tag, given.get("role")) for tag, given in reader.tags}


def test_what_devices_and_people_say_is_text(tmp_path: Path) -> None:
    found = [
        *samples(WARM, bad={3: EVIL}),
        identity_sample("cdu", vendor=EVIL, model=EVIL, serial=EVIL),
    ]
    events = [
        {"event": "answered", "who": EVIL, "answer": "no", "text": EVIL, "file": EVIL},
        {"event": "aborted", "why": EVIL},
    ]
    waivers = [WAIVER.model_copy(update={"by": EVIL, "why": EVIL})]
    run = bundle(tmp_path, found=found, events=events, waivers=waivers, rack=EVIL)
    reader = read(run)
    assert "script" not in reader.names
    assert '"><script>alert(1)</script>[31m' in reader.text
    assert not {"\0", "\x1b"} & set((run / evidence.REPORT).read_text())


def test_what_did_not_pass_stands_before_what_did(tmp_path: Path) -> None:
    checks = [
        "a.good: {kind: limit, measure: supply, unit: degC, at_most: 65}",
        "a.near: {kind: limit, measure: supply, unit: degC, at_most: 31, guard: 2}",
        "a.over: {kind: limit, measure: supply, unit: degC, at_most: 30.2}",
        "a.none: {kind: limit, measure: flow, unit: L/min, at_least: 10}",
        "a.skip: {kind: attachment, needs: a certificate}",
    ]
    text = read(bundle(tmp_path, checks)).text
    order = [text.index(f"a.{name}") for name in ("over", "none", "near", "skip")]
    assert order == sorted(order)
    table = text[text.index("Every check of the stage") :]
    order = [table.index(f"a.{name} ") for name in ("over", "none", "near", "skip", "good")]
    assert order == sorted(order)
    assert "1 FAIL, 1 ERROR, 1 MARGINAL, 1 SKIP, 1 PASS" in table
    findings = text[text.index("Checks that need attention") : text.index("Scope and method")]
    assert "(limit ≤ 31 °C, guard band 2 K)" in findings
    assert "K inside the limit; the guard band is 2 K" in findings
    assert "Not drawn: cdu rack_coolant_flow_liters_per_second: no value" in text


def test_waivers_notes_and_deviations(tmp_path: Path) -> None:
    events: list[dict[str, object]] = [
        {"event": "asked", "text": "open feed A", "step": "run"},
        {"event": "answered", "who": "I. Hahn", "answer": "no", "file": "f.csv", "sha256": "00ff"},
        {"event": "noted", "who": "I. Hahn", "text": "it rattles"},
        {"event": "clock", "synchronised": True, "error_s": 0.003},
        {"event": "resumed"},
        {"event": "undone", "step": "run"},
    ]
    run = bundle(tmp_path, [LIMIT], samples([70.0, 70.1] * 7), waivers=[WAIVER], events=events)
    text = read(run).text
    assert text.index("WAIVED") < text.index("Scope and method")
    for said in (
        "M. Weber",
        "until the fan is in",
        "2030-01-01",
        "yes",
        "open feed A · kind: do, step: run",
    ):
        assert said in text
    for said in ("I. Hahn", "f.csv", "00ff", "it rattles", "resumed at 1970-01-01 00:16:40"):
        assert said in text
    assert "synchronised (NTP), within 0.003 s" in text.replace("\xa0", " ")
    assert hashlib.sha256((run / evidence.SAMPLES).read_bytes()).hexdigest() in text
    assert "Step run was interrupted; its stimulus was undone" in text


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (None, "Step run was not carried out."),
        (Span(START, None, START, START + 60), "its stimulus was not confirmed by telemetry"),
    ],
    ids=["not done", "not seen"],
)
def test_a_step_that_was_not_carried_out_is_a_deviation(
    tmp_path: Path, span: Span | None, said: str
) -> None:
    text = read(bundle(tmp_path, span=span)).text
    assert said in text
    assert "could not be judged" in text


def test_without_what_draws_it_says_so(tmp_path: Path) -> None:
    report = evidence.judged(bundle(tmp_path))
    assert "matplotlib is not installed" in Reader(html_page(report, Material(), None)).text


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bundle(tmp_path, [LIMIT, SOAK])
    report = evidence.judged(run)
    whole = report_page(run, report, "")
    assert len(whole) < 100_000
    for limit, drawn in ((len(whole) - 1, 1), (1000, 0)):
        monkeypatch.setattr("agent.commission.report.page.BYTES_MAX", limit)
        reader = Reader(report_page(run, report, ""))
        assert [given.get("class") for tag, given in reader.tags if tag == "figure"] == (
            ["wide"] * drawn
        )
        assert f"{2 - drawn} more plots were left out" in reader.text


def test_verdicts_have_their_sentence(tmp_path: Path) -> None:
    report = evidence.judged(bundle(tmp_path, [LIMIT]))
    over = replace(report, aborted="hot: coolant returns above 65 C")
    assert "The run ended early: hot" in Reader(html_page(over, Material(), None)).text


def test_no_browser_no_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BROWSER, "")
    assert not (bundle(tmp_path) / evidence.PDF).exists()


def test_who_did_it_and_whether_it_was_a_retest_or_a_rehearsal(tmp_path: Path) -> None:
    first = read(bundle(tmp_path, about={"operator": "Ada", "witness": "Bo", "simulated": False}))
    for said in ("Operator Ada", "Performed by: Ada", "Witnessed by: Bo", "Test first test"):
        assert said in " ".join(first.text.split())
    assert "Rehearsal" not in first.text
    assert first.text.count("Name, date, signature") == 2
    of = {"run": "r1-L11", "manifest": "00ff"}
    again = read(bundle(tmp_path, name="again", about={"retest_of": of, "simulated": True}))
    assert "Rehearsal on a simulated rack." in again.text
    assert "Name, date, signature" not in again.text, "nobody accepts a rehearsal"
    assert "retest of r1-L11 (SHA-256 of its manifest: 00ff)" in again.text
