"""``rackagent evidence answer``: answer a running run from another terminal."""

from pathlib import Path
from typing import Annotated

import typer

from agent.cli import console
from agent.commission.journal.answers import COMMANDS, answer
from agent.commission.journal.reader import follow


def answer_run(
    folder: Annotated[Path, typer.Argument(help="Directory of the run.", show_default=False)],
    prompt: Annotated[
        str, typer.Argument(help="Prompt to answer, or pause, continue, note or abort.")
    ] = "",
    who: Annotated[
        str, typer.Option(help="Name of the person who answers.", show_default=False)
    ] = "",
    no: Annotated[bool, typer.Option("--no", help="Refuse instead of confirming.")] = False,
    text: Annotated[str, typer.Option(help="Text of the answer.")] = "",
    file: Annotated[Path | None, typer.Option(help="File to attach.")] = None,
) -> None:
    """Answer a prompt of a run, or make it pause, continue, note a text or abort.

    Without a prompt, list the open prompts. A pause begins between two steps; abort limits are
    watched meanwhile.

    Examples:
      rackagent evidence answer evidence/r01 lose_feed_a.do --who Ada

      rackagent evidence answer evidence/r01 attach.power.inrush --who Ada --file scope.pdf

      rackagent evidence answer evidence/r01 pause --who Ada
    """
    if prompt:
        answer(folder, prompt, who=who, yes=not no, text=text, file=file)
        return
    try:
        progress = follow(folder)
    except OSError as error:
        raise typer.BadParameter(f"{folder} contains no run: {error.strerror}") from None
    console.out(f"{progress.rack} {progress.stage}: {progress.state}, {progress.share:.0%} done")
    rows = [(each.id, each.kind, each.text) for each in progress.prompts]
    if rows:
        console.print_table(("prompt", "kind", "text"), rows)
    console.out(f"at any time: {', '.join(sorted(COMMANDS))}")
