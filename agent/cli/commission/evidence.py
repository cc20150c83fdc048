"""``rackagent evidence``: judge, verify, export and compare commissioning runs."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agent.cli import console
from agent.cli.status import Status
from agent.commission.evidence import bundle
from agent.commission.evidence.results import RunReport, results_json
from agent.commission.evidence.sealing import find_changes, signature_sentence
from agent.commission.evidence.signing import private_key, public_key
from agent.commission.journal.samples import SampleStore
from agent.commission.records import Verdict, blocks
from agent.commission.report import keep, report_page
from agent.commission.report.comparison import (
    cell_text,
    compare,
    comparison_json,
    comparison_page,
)
from agent.commission.report.logbook import write_csv
from agent.commission.report.pdf import print_pdf
from agent.commission.run.order import conclude
from agent.model.errors import ConfigError
from agent.model.figures import short

_NO_ACCEPTANCE = "; a rehearsal on a simulated rack, no acceptance"
_QUIET = {Verdict.PASS, Verdict.SKIP}

app = typer.Typer(
    help="Judge, verify, export and compare commissioning runs.", no_args_is_help=True
)

Run = Annotated[Path, typer.Argument(help="Directory of a run.", show_default=False)]


@app.command("judge")
def judge_again(
    folder: Run,
) -> None:
    """Compute the verdicts again from the samples and compare them with the stored results.

    The exit status is 1 if they differ.
    """
    report = bundle.judged(folder)
    show(report)
    if results_json(report) != bundle.stored_results(folder):
        console.err(f"error: {folder / bundle.RESULTS} does not match the samples")
        raise typer.Exit(Status.CHECK_FAILED)
    console.out("the results are the same")


@app.command("verify")
def verify_evidence(
    folder: Run,
    key: Annotated[
        Path | None, typer.Option(help="Public ed25519 key (PEM) of the expected signer.")
    ] = None,
) -> None:
    """Check the hashes and the signature of a run, and judge it again.

    Every file is compared with the manifest, and every verdict is computed again. The exit status
    is 1 if a file was changed, is missing or was added, or if a verdict differs; each is named.

    Create a pair of keys: openssl genpkey -algorithm ed25519 -out key.pem, then
    openssl pkey -in key.pem -pubout -out public.pem
    """
    problems, signed = find_changes(folder, None if key is None else public_key(key))
    for problem in problems:
        console.err(f"error: {folder / problem}")
    if problems:
        raise typer.Exit(Status.CHECK_FAILED)
    rehearsed = bundle.is_rehearsal(bundle.started(folder))
    if key is None and not rehearsed:
        hint = "signed, but the signer was not checked: give --key" if signed else "not signed"
        console.err(f"warning: {hint}")
    console.out(f"{folder}: evidence intact{_NO_ACCEPTANCE if rehearsed else ''}")


@app.command("conclude")
def conclude_run(
    folder: Run,
    key: Annotated[
        Path | None, typer.Option(help="Sign the evidence with this ed25519 key (PEM).")
    ] = None,
) -> None:
    """Finish a run that was interrupted and will not be continued.

    The steps that were made are judged, and the directory is sealed. Checks of missing steps are an
    ERROR. The exit status is 1 if the verdict blocks the rack.
    """
    report = conclude(folder, None if key is None else private_key(key))
    show(report)
    if blocks(report.verdict):
        raise typer.Exit(Status.CHECK_FAILED)


@app.command("report")
def report_again(
    folder: Run,
    out: Annotated[
        Path | None, typer.Option(help="Page to write (default: DIR-report.html).")
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also write a PDF; needs Chromium or Chrome.")
    ] = False,
) -> None:
    """Write the report of a run again, outside its sealed directory.

    The page is self-contained: it can be sent and printed. It shows what the samples give now.
    """
    target = out or folder.parent / f"{folder.resolve().name}-report.html"
    if target.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"{target} is in the sealed directory; choose another with --out")
    content = report_page(folder, bundle.judged(folder), signature_sentence(folder))
    keep(target, content)
    console.out(f"report: {target}")
    if pdf:
        printout = target.with_suffix(".pdf")
        keep(printout, print_pdf(content))
        console.out(f"report: {printout}")


@app.command("export")
def export(
    folder: Run,
    table: Annotated[Path, typer.Option("--csv", help="CSV file to write; - is standard output.")],
    unit: Annotated[
        list[str] | None,
        typer.Option(help="Convert values of the same dimension to this unit; repeatable."),
    ] = None,
) -> None:
    """Write every sample of a run as CSV, one per line.

    Values are in base units, or in the units of --unit.

    Example:
      rackagent evidence export evidence/r01-L11 --csv samples.csv --unit kW --unit L/min
    """
    store = SampleStore(folder / bundle.SAMPLES, read_only=True)
    try:
        if str(table) == "-":
            write_csv(store, sys.stdout, unit or ())
            return
        with table.open("w", encoding="utf-8", newline="") as file:
            count = write_csv(store, file, unit or ())
    except ValueError as error:
        raise ConfigError(f"--unit: {error}") from None
    except OSError as error:
        raise ConfigError(f"{table}: {error.strerror}") from None
    finally:
        store.close()
    console.out(f"{count} samples: {table}")


class PageLayout(StrEnum):
    """Format of a comparison."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


@app.command("compare")
def compare_runs(
    folders: Annotated[
        list[Path], typer.Argument(help="Directories of two runs or more.", show_default=False)
    ],
    layout: Annotated[
        PageLayout, typer.Option("--format", "-f", help="Output format.")
    ] = PageLayout.TABLE,
    differences: Annotated[
        bool, typer.Option("--differences", help="Show only the lines in which the runs differ.")
    ] = False,
) -> None:
    """Compare runs: factory with site, a rack with its siblings.

    A ! marks outliers: with four runs or more values far from their median, with fewer values
    further from the first run than the guard band. Firmware is compared too, and for runs of one
    rack the serials of its devices.

    Examples:
      rackagent evidence compare evidence/r01-L11 evidence/r01-L4 --differences

      rackagent evidence compare evidence/*-L11-* -f html > racks.html
    """
    found = compare(folders)
    if layout is PageLayout.JSON:
        console.out_json(comparison_json(found))
        return
    if layout is PageLayout.HTML:
        console.out(comparison_page(found, every=not differences).decode().rstrip("\n"))
        return
    for note in found.notes:
        console.err(f"warning: {note}")
    lines = [line for line in found.lines if line.differs or not differences]
    rows = [("verdict", *(str(run.verdict) for run in found.runs))]
    for line in lines:
        cells = (f"{cell_text(cell)} !" if cell.outlier else cell_text(cell) for cell in line.cells)
        rows.append((line.title if line.number is None else f"{line.check}  {line.title}", *cells))
    columns = [f"{run.label} (rehearsal)" if run.simulated else run.label for run in found.runs]
    console.print_table(("check", *columns), rows)


def show(report: RunReport) -> None:
    """Print the verdict of a run, and every check that did not simply pass."""
    rows = []
    for result in report.results:
        if result.verdict in _QUIET:
            continue
        measured = "; ".join(f"{each.name} {short(each.value)}" for each in result.measurements)
        said = "; ".join(filter(None, (measured, result.reason)))
        rows.append((str(result.verdict), result.check, report.check(result).title, said))
    if rows:
        console.print_table(("verdict", "check", "title", "why"), rows)
    counts = dict.fromkeys(Verdict, 0)
    for result in report.results:
        counts[result.verdict] += 1
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    generation = report.facts.generation
    what = "REHEARSAL on a simulated rack: " if report.simulated else ""
    run = f"{report.rack} {generation.name} {report.facts.stage}"
    console.out(f"{what}{run}: {report.verdict} ({summary})")
