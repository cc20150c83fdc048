"""The PDF: printed by a real browser, and what is said where none prints."""

import re
from pathlib import Path

import pytest

from agent.commission.evidence import bundle as evidence
from agent.commission.evidence.sealing import unsound
from agent.commission.report import pdf
from agent.model.errors import ConfigError
from tests.agent.commission.bundle import bundle
from tests.peers import require


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
    assert unsound(run, None) == ([], False)


def script(folder: Path, text: str) -> str:
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_browser_that_prints_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.BROWSER, script(tmp_path, "echo no display; exit 1"))
    with pytest.raises(ConfigError, match="printed nothing: no display"):
        pdf.printed(b"<p>")
    run = bundle(tmp_path)
    assert (run / evidence.REPORT).exists(), "the page is there all the same"
    assert not (run / evidence.PDF).exists()


def test_a_browser_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.BROWSER, script(tmp_path, "sleep 60 & sleep 60"))
    monkeypatch.setattr(pdf, "_PRINT_S", 0.1)
    with pytest.raises(ConfigError, match=r"did not print within 0\.1 s"):
        pdf.printed(b"<p>")


def test_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.BROWSER, "")
    with pytest.raises(ConfigError, match="a PDF needs Chromium or Chrome"):
        pdf.printed(b"<p>")
    monkeypatch.delenv(pdf.BROWSER)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pdf.browser() is None
    (tmp_path / "browser").touch()
    monkeypatch.setenv(pdf.BROWSER, str(tmp_path / "browser"))
    assert pdf.browser() is None, "it cannot be run"
