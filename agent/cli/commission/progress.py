"""Show the progress of commissioning runs from their journals: bars, lines or JSON."""

from collections.abc import Mapping
from typing import Protocol

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from agent.cli import console
from agent.commission.journal.reader import JournalState, State
from agent.commission.journal.reader import Progress as Seen
from agent.commission.journal.writer import Event
from agent.commission.run.order import Order
from agent.model.catalogue import CATALOGUE
from agent.model.figures import short

_MEASURED_MAX = 2  # measurements of one check in a line
_VALUES_MAX = 3  # signals beside a bar
_NEXT_LINE = "\n            "  # a note of several lines must not look like several events


class Display(Protocol):
    """Shows the events of a run's journal to people or programs."""

    def on_event(self, order: Order, event: Event) -> None:
        """Show one event."""
        ...

    def say(self, text: str) -> None:
        """Show another text to people."""
        ...

    def close(self) -> None:
        """Release the terminal."""
        ...


class Lines:
    """Plain lines on stderr, each with the seconds since its run began."""

    def __init__(self, *, several: bool) -> None:
        self._several = several
        self._began: dict[str, float] = {}
        self._titles: dict[str, str] = {}
        self._printed: dict[tuple[str, str], str] = {}

    def on_event(self, order: Order, event: Event) -> None:
        """Print the text of an event, if it has one."""
        if text := self.words(order, event):
            self.say(text)

    def say(self, text: str) -> None:
        """Print one line."""
        console.err(text)

    def close(self) -> None:
        """Do nothing: plain lines hold no resource."""

    def words(self, order: Order, event: Event) -> str:
        """Return the text of an event for people; empty if it has none."""
        rack = order.rack
        if event["event"] == "plan":
            self._titles |= {each["step"]: each["title"] for each in event["steps"]}
        if event["at"]:
            self._began.setdefault(rack, event["at"])
        text = self._words(rack, event)
        passed = event["at"] - self._began.get(rack, event["at"])
        name = f"{rack} " if self._several else ""
        text = text.replace("\n", _NEXT_LINE)
        return f"{name}[{passed:7.0f} s] {text}" if text else ""

    def _words(self, rack: str, event: Event) -> str:
        step = event.get("step", "")
        match event["event"]:
            case "run_started" if event.get("simulated"):
                return "rehearsal on a simulated rack"
            case "said":
                return str(event["text"])
            case "noted":
                return f"{event['who']}: {event['text']}"
            case "step_began":
                return f"{step}: {self._titles.get(step, '')}"
            case "step_confirmed":
                return f"{step}: confirmed by telemetry"
            case "paused":
                return f"paused by {event['who']}"
            case "continued":
                return "continues"
            case "judged" if self._printed.get((rack, event["check"])) != event["verdict"]:
                self._printed[rack, event["check"]] = event["verdict"]
                return f"{event['verdict']} {event['check']}{_why(event)}"
            case "aborted":
                return f"aborted: {event['why']}"
        return ""


class JsonLines:
    """Prints every line of every journal on stdout, with its rack and its directory."""

    def on_event(self, order: Order, event: Event) -> None:
        """Print one line of JSON."""
        line = {"rack": order.rack, "evidence": str(order.folder), **event}
        console.out_json_line(line)

    def say(self, text: str) -> None:
        """Print a text for people on stderr."""
        console.err(text)

    def close(self) -> None:
        """Do nothing: JSON lines hold no resource."""


class Bars:
    """A bar for each rack on a terminal, with the time left and the present values."""

    def __init__(self, *, several: bool) -> None:
        self._lines = Lines(several=several)
        self._journals: dict[str, JournalState] = {}
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.fields[step]}", markup=False),
            TextColumn("{task.fields[values]}", markup=False, style="cyan"),
            console=console.Terminal(stderr=True, highlight=False),
            refresh_per_second=4,
        )
        self._progress.start()

    def on_event(self, order: Order, event: Event) -> None:
        """Move the bar; print the text of an event above it."""
        if text := self._lines.words(order, event):
            self.say(text)
        journal = self._journals.setdefault(order.rack, JournalState(order.folder))
        journal.apply(event)
        seen = journal.progress(alive=True)
        if order.rack not in self._tasks:
            task = self._progress.add_task(order.rack, total=1.0, left="", step="", values="")
            self._tasks[order.rack] = task
        self._progress.update(
            self._tasks[order.rack],
            completed=seen.share,
            left=_left(seen),
            step=seen.step if seen.state is State.RUNNING else f"{seen.step} {seen.state}".strip(),
            values=_values(order, seen.values),
        )

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(Text(text))

    def close(self) -> None:
        """Leave the bars on the screen as they are."""
        self._progress.stop()


def _left(seen: Seen) -> str:
    minutes, seconds = divmod(int(seen.left_s), 60)
    return f"{minutes}:{seconds:02} left"


def _values(order: Order, values: Mapping[str, tuple[float, float] | None]) -> str:
    """Return the signals that the run watches now, in base units."""
    signals = order.facts.generation.spec.signals
    found = []
    for name, pair in list(values.items())[:_VALUES_MAX]:
        metric = CATALOGUE.get(signals[name].metric) if name in signals else None
        unit = f" {metric.unit}" if metric is not None and metric.unit else ""
        if pair is None:
            shown = "?"
        elif pair[0] == pair[1]:
            shown = f"{short(pair[0], 4)}{unit}"
        else:
            shown = f"{short(pair[0], 4)} to {short(pair[1], 4)}{unit}"
        found.append(f"{name} {shown}")
    return ", ".join(found)


def _why(event: Event) -> str:
    measured = [
        f"{each['name']} {short(each['value'])} {each['unit'] or ''}".rstrip()
        for each in event["measured"][:_MEASURED_MAX]
    ]
    said = "; ".join(filter(None, (*measured, event["reason"])))
    return f": {said}" if said else ""
