"""The start page: what is polled, whether it answers, and where the numbers are."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.expose.own_metrics import agent_version
from agent.expose.view import DeviceView, condition
from agent.store import DeviceState, Store


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    state: str
    rack: str
    what: str
    detail: str
    readings: int
    last_answer: str
    failure: str


class StartPage:
    """Renders the page; ``policy`` is the content security policy that fits it and nothing more."""

    def __init__(self) -> None:
        loader = PackageLoader("agent.expose", "templates")
        environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._template = environment.get_template("index.html")
        self._style, _, _ = loader.get_source(environment, "style.css")
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self.policy = (
            f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def render(self, store: Store, devices: Sequence[DeviceView], *, ready: bool) -> str:
        """The page as it stands now."""
        now = store.now()
        rows = [_row(view, store.device(view.name), now) for view in devices]
        return self._template.render(
            version=agent_version(),
            style=self._style,
            devices=rows,
            up=sum(row.state == "up" for row in rows),
            total=sum(row.readings for row in rows),
            ready=ready,
        )


def _row(view: DeviceView, state: DeviceState, now: float) -> _Row:
    known = state.identity
    model = " ".join(text for text in (known.vendor, known.model) if text) if known else ""
    profile = state.profile or view.profile
    detail = [state.kind or view.kind, profile] if model else [profile]
    answered_at = state.last_success_at
    return _Row(
        name=view.name,
        state=condition(state),
        rack=view.rack,
        what=model or view.kind,
        detail=" · ".join(text for text in detail if text),
        readings=sum(len(block.series) for block in state.blocks(now)),
        last_answer="never" if answered_at is None else ago(now - answered_at),
        failure=state.failures[0].message if state.failures else "",
    )


def ago(age_s: float) -> str:
    """An age for people, in its largest whole unit: ``now``, ``42 s ago``, ``3 h ago``."""
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if age_s >= length_s:
            return f"{int(age_s // length_s)} {unit} ago"
    return "now"
