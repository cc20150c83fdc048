"""``rackagent profiles import``: a profile from a vendor's register map."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.authoring.register_map import MapDraft, MapRow, draft_profile, read_csv, read_rackmon
from agent.cli import console
from agent.model.errors import ConfigError

app = typer.Typer(
    help="Convert a vendor's register map to a profile, and list what is left to decide.",
    no_args_is_help=True,
)

Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Profile to write (default: stdout).")
]
_Reader = Callable[[Path], tuple[list[MapRow], dict[str, Any], MapDraft]]


@app.command()
def rackmon(
    file: Annotated[Path, typer.Argument(help="rackmon map (JSON).", show_default=False)],
    out: Out = None,
) -> None:
    """Import an OpenBMC rackmon map; units come from the names and are marked for confirmation."""
    _convert(read_rackmon, file, out)


@app.command("csv")
def from_csv(
    file: Annotated[
        Path,
        typer.Argument(
            help="A register table with headings: address, name, and where there are any type,"
            " scale, unit, table, count.",
            show_default=False,
        ),
    ],
    out: Out = None,
) -> None:
    """Convert a vendor's register table; 4xxxx and 3xxxx addresses are supported."""
    _convert(read_csv, file, out)


def _convert(read: _Reader, file: Path, out: Path | None) -> None:
    if out is not None and out.exists():
        raise ConfigError(f"{out} exists; an import never overwrites")
    rows, head, draft = read(file)
    if out is not None:
        head = {**head, "name": out.stem}  # a profile is found by its file name
    draft_profile(rows, head, draft, f"imported from {file.name}")
    if out is None:
        console.out(draft.yaml.rstrip())
    else:
        try:
            out.write_text(draft.yaml, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{out} cannot be written: {error.strerror}") from None
    for line in draft.refused:
        console.err(f"warning: refused: {line}")
    for line in draft.undecided:
        console.err(f"undecided: {line}")
    console.err(
        f"{len(rows)} registers: {draft.points} became points, {len(draft.undecided)} undecided,"
        f" {len(draft.refused)} refused"
    )
