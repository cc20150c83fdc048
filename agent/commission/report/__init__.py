"""The report of a run: one self-contained HTML page with plots, and the same page as PDF."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.commission.evidence import bundle
from agent.commission.evidence.results import RunReport
from agent.commission.evidence.sealing import MANIFEST, digest
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import read_journal
from agent.commission.judge.verdicts import Waiver
from agent.commission.report.curves import plots
from agent.commission.report.drawing import plot_renderer
from agent.commission.report.history import conditions, devices
from agent.commission.report.logbook import log_text
from agent.commission.report.page import Material, html_page
from agent.commission.report.pdf import browser, print_pdf
from agent.model.errors import ConfigError

LOG = "log.txt"

__all__ = ["keep", "report_page", "write_report"]


def report_page(folder: Path, report: RunReport, seal: str) -> bytes:
    """Return the page of a run whose directory is ``folder``; ``seal`` says who signed it.

    Raises ConfigError if the directory cannot be read.
    """
    draw = plot_renderer()
    waivers: Sequence[Waiver] = bundle.given_waivers(folder)
    events: Sequence[Mapping[str, Any]] = read_journal(folder / bundle.JOURNAL)
    store = SampleStore(folder / bundle.SAMPLES, read_only=True)
    try:
        material = Material(
            devices=devices(report, store),
            conditions=conditions(report, store),
            plots=plots(report, store) if draw else (),
            waivers=waivers,
            events=events,
            files=_files(folder),
            seal=seal,
        )
    finally:
        store.close()
    return html_page(report, material, draw)


def _files(folder: Path) -> list[tuple[str, str]]:
    """Return name and SHA-256 of every file of the bundle, except those written after the page."""
    later = (bundle.REPORT, bundle.PDF, MANIFEST)
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return [
        (name, digest(path))
        for name, path in sorted(names.items())
        if path.is_file() and name not in later
    ]


def write_report(folder: Path, report: RunReport, seal: str) -> None:
    """Write log and page into the directory, and the PDF if a browser is installed.

    Raises ConfigError if log or page cannot be made or written. A PDF that fails is skipped.
    """
    keep(folder / LOG, log_text(read_journal(folder / bundle.JOURNAL)).encode())
    content = report_page(folder, report, seal)
    keep(folder / bundle.REPORT, content)
    if browser() is not None:
        with suppress(ConfigError):  # the page is complete; 'evidence report --pdf' shows the error
            keep(folder / bundle.PDF, print_pdf(content))


def keep(path: Path, content: bytes) -> None:
    """Write a file. Raises ConfigError if it cannot be written."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
