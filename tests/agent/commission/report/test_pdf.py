"""The PDF: printed by a real browser, and what is said where none prints."""

import re
from pathlib import Path

import pytest

from agent.commission.evidence import bundle as evidence
from agent.commission.evidence.sealing import find_changes
from agent.commission.report import pdf
from agent.model.errors import ConfigError
from tests.agent.commission.bundle import bundle
from tests.end_to_end.browser import chromium
from tests.peers import require

BOXES = """() => [...document.querySelectorAll('body *')].map(each => {
  const {borderStyle, borderWidth, display, fontSize} = getComputedStyle(each);
  const box = `${borderStyle} ${borderWidth} ${display}`;
  return [`${each.localName} ${each.getAttribute('class') ?? ''}`, box, parseFloat(fontSize)];
})"""


@pytest.mark.peer
def test_a_browser_prints_it_into_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pdf.BROWSER, require("chromium"))
    run = bundle(tmp_path)
    content = (run / evidence.PDF).read_bytes()
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", content)) > 1
    assert b"/MediaBox [0 0 594.95996 841.91998]" in content, "A4"
    assert find_changes(run, None) == ([], False)


@pytest.mark.peer
async def test_paper_has_smaller_text_and_the_same_boxes(tmp_path: Path) -> None:
    page_text = (bundle(tmp_path, about={"simulated": True}) / evidence.REPORT).read_text()
    async with chromium() as browser:
        page = await browser.new_page()
        await page.set_content(page_text)
        screen = await page.evaluate(BOXES)
        await page.emulate_media(media="print")
        paper = await page.evaluate(BOXES)
    assert [each[:2] for each in paper] == [each[:2] for each in screen]
    faint = [each for each in paper if "faint" in each[0].split() or "src" in each[0].split()]
    assert faint
    assert {box for _, box, _ in faint if not box.endswith("table-cell")} == {"none 0px inline"}
    sizes = zip(paper, screen, strict=True)
    assert all(small <= large for (*_, small), (*_, large) in sizes)


def script(folder: Path, text: str) -> str:
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_browser_that_prints_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.BROWSER, script(tmp_path, "echo no display; exit 1"))
    with pytest.raises(ConfigError, match="printed nothing: no display"):
        pdf.print_pdf(b"<p>")
    run = bundle(tmp_path)
    assert (run / evidence.REPORT).exists(), "the page is there all the same"
    assert not (run / evidence.PDF).exists()


def test_a_browser_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.BROWSER, script(tmp_path, "sleep 60 & sleep 60"))
    monkeypatch.setattr(pdf, "_PRINT_S", 0.1)
    with pytest.raises(ConfigError, match=r"did not print within 0\.1 s"):
        pdf.print_pdf(b"<p>")


def test_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.BROWSER, "")
    with pytest.raises(ConfigError, match="a PDF needs Chromium or Chrome"):
        pdf.print_pdf(b"<p>")
    monkeypatch.delenv(pdf.BROWSER)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pdf.browser() is None
    (tmp_path / "browser").touch()
    monkeypatch.setenv(pdf.BROWSER, str(tmp_path / "browser"))
    assert pdf.browser() is None, "it cannot be run"
