"""The commissioning pages: the list of runs, and one run with its progress and prompts."""

from datetime import UTC, datetime

from agent.commission.journal.reader import CheckSeen, Progress, State, StepSeen
from agent.commission.records import Verdict
from agent.model.figures import number, span
from agent.web.data.runs import Runs
from agent.web.draw.screen import Cell, Screen, screen

_SIGNS = {
    Verdict.PASS: "✓",
    Verdict.MARGINAL: "△",
    Verdict.FAIL: "✕",
    Verdict.ERROR: "!",
    Verdict.SKIP: "–",
    Verdict.WAIVED: "≈",
}
_STATES = {
    State.RUNNING: "● running",
    State.WAITING: "◆ waiting for an answer",
    State.PAUSED: "‖ paused",
    State.ENDED: "■ ended",
    State.ABORTED: "✕ aborted",
    State.DEAD: "✕ interrupted; can be resumed",
}
_COLOURS = {
    State.RUNNING: "up",
    State.WAITING: "alarm",
    State.PAUSED: "waiting",
    State.ENDED: "up",
    State.ABORTED: "down",
    State.DEAD: "down",
}
_PLOTTED = frozenset({"limit", "soak", "settle", "failover"})
_MESSAGES_SHOWN = 12
_DIGITS = 4


def runs_page(runs: Runs) -> Screen:
    """Return the screen of all runs."""
    found = [(each.name, each.progress) for each in runs.listed()]
    cells: dict[str, Cell] = {}
    for name, one in found:
        cells |= {f"{name}.{key}": cell for key, cell in _head(one).items()}
    rows = [
        (name, one.rack, one.generation, one.stage, _instant(one.began_at), one.simulated)
        for name, one in found
    ]
    frame = {"title": "Commissioning", "tab": "runs", "rows": rows, "folder": runs.folder}
    return screen("runs.html", frame, cells, rows)


def run_page(runs: Runs, name: str) -> Screen:
    """Return the screen of one run. Raises NotFound."""
    indexed = runs.run(name)
    one = indexed.progress
    cells: dict[str, Cell] = {f"run.{key}": cell for key, cell in _head(one).items()}
    for step in one.steps:
        cells[f"s.{step.step}"] = _step(one, step)
    for check in one.checks:
        cells |= _check(check)
    for number_, text in enumerate(_messages(one)):
        cells[f"m.{number_}"] = {"text": text}
    over = one.state in (State.ENDED, State.ABORTED)
    files = [(each.path, _size(each.size)) for each in indexed.files] if over else []
    prompts = one.prompts
    shown = _shown(one)
    plotted = [c.check for c in one.checks if c.step == shown and c.kind in _PLOTTED]
    frame = {
        "title": f"{one.rack} {one.stage}{' (rehearsal)' if one.simulated else ''}",
        "tab": "runs",
        "name": name,
        "run": one,
        "began": _instant(one.began_at),
        "checks": one.checks,
        "files": files,
        "report": any(path == "report.html" for path, _ in files),
        "prompts": prompts,
        "plots": plotted,
        "shown": next((step.title for step in one.steps if step.step == shown), ""),
        "over": over,
    }
    ids = [prompt.id for prompt in prompts]
    return screen("run.html", frame, cells, name, ids, files, plotted, over, one.state)


def _shown(one: Progress) -> str:
    """Return the step whose plots are shown: the current one, else the last completed one."""
    if one.step:
        return one.step
    return next((step.step for step in reversed(one.steps) if step.ended), "")


def _head(one: Progress) -> dict[str, Cell]:
    share = f"{one.share:.0%}"
    verdict = "" if one.verdict is None else f"{_SIGNS[one.verdict]} {one.verdict}"
    counted = [check.verdict for check in one.checks if check.verdict is not None]
    counts = [f"{counted.count(each)} {each}" for each in Verdict if each in counted]
    return {
        "state": {"text": _STATES[one.state], "data-state": _COLOURS[one.state]},
        "share": {"text": share},
        "bar": {"value": f"{one.share:.3f}", "aria-label": f"{share} done"},
        "left": {"text": span(one.left_s) if one.left_s > 0 else "–"},
        "verdict": {
            "text": verdict,
            "data-state": "" if one.verdict is None else one.verdict.lower(),
        },
        "counts": {"text": ", ".join(counts) or "no verdict yet"},
        "why": {"text": one.why},
    }


def _step(one: Progress, step: StepSeen) -> Cell:
    if step.ended:
        return {"text": "✓ done", "data-state": "pass"}
    if step.step == one.step:
        return {"text": "● running", "data-state": "up"}
    return {"text": "○ pending" if one.state is not State.ABORTED else "– not done"}


def _check(check: CheckSeen) -> dict[str, Cell]:
    if check.verdict is None:
        return {
            f"c.{check.check}": {"text": "○", "data-state": "", "aria-label": "no verdict yet"},
            f"c.{check.check}.why": {"text": ""},
        }
    measured = "; ".join(
        f"{each.get('name', '')} {_number(each.get('value'))} {each.get('unit') or ''}".strip()
        + (f" ({each['bound']} {_number(each.get('limit'))})" if each.get("bound") else "")
        for each in check.measured
    )
    return {
        f"c.{check.check}": {
            "text": f"{_SIGNS[check.verdict]} {check.verdict}",
            "data-state": check.verdict.lower(),
        },
        f"c.{check.check}.why": {"text": "; ".join(filter(None, (measured, check.reason)))},
    }


def _number(value: object) -> str:
    return number(value, _DIGITS) if isinstance(value, int | float) else str(value)


def _messages(one: Progress) -> list[str]:
    lines = [f"{_clock(each.at)} {each.text}" for each in one.messages[-_MESSAGES_SHOWN:]]
    return [*reversed(lines), *[""] * (_MESSAGES_SHOWN - len(lines))]


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def _instant(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, size // 1000)} kB"
