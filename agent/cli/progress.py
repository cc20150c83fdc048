"""How a commissioning run goes on, said line by line as its journal is written."""

from agent import console
from agent.commission.journal import Event

_MEASURED_MAX = 2  # measurements of one check that a line tells


class Lines:
    """Plain lines on stderr, each with the seconds since the run began. ``rack`` stands before."""

    def __init__(self, rack: str = "") -> None:
        self._rack = f"{rack} " if rack else ""
        self._began: float | None = None
        self._titles: dict[str, str] = {}

    def hear(self, event: Event) -> None:
        """Say what a line of the journal means to a person, if it does."""
        if event["event"] == "plan":
            self._titles = {each["step"]: each["title"] for each in event["steps"]}
        if self._began is None and event["at"]:
            self._began = event["at"]
        text = self._words(event)
        if text:
            passed = event["at"] - (self._began or event["at"])
            console.err(f"{self._rack}[{passed:7.0f} s] {text}")

    def _words(self, event: Event) -> str:
        step = event.get("step", "")
        match event["event"]:
            case "said":
                return str(event["text"])
            case "step_began":
                return f"{step}: {self._titles.get(step, '')}"
            case "step_confirmed":
                return f"{step}: seen in the data"
            case "judged":
                return f"{event['verdict']} {event['check']}{_why(event)}"
            case "aborted":
                return f"aborted: {event['why']}"
        return ""


def _why(event: Event) -> str:
    measured = [
        f"{each['name']} {_number(each['value'])} {each['unit'] or ''}".rstrip()
        for each in event["measured"][:_MEASURED_MAX]
    ]
    said = "; ".join(filter(None, (*measured, event["reason"])))
    return f": {said}" if said else ""


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
