"""A whole stage on a simulated rack over its sockets, judged, without the evidence of it.

What is left out of 'rackagent commission --simulated' are reports, seals and a disk: a test wants
the verdicts only.
"""

import contextlib
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import RunJournal
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts, judge_stage
from agent.commission.records import CheckResult
from agent.commission.run.outline import roles
from agent.commission.run.prompts import Crew, People
from agent.commission.run.rounds import Rounds
from agent.commission.run.runner import Runner
from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.build_sheet_draft import draft_sheet
from agent.commission.spec.generation import Generation
from agent.commission.spec.inventory import PLAN_METRICS, look
from agent.config import Config, load_config
from simulator.site.rehearsal import rehearsal
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports

RACKS = Path(__file__).parents[2] / "configs" / "racks"
WELL = ("PASS", "SKIP")

_IN_MEMORY = Path(":memory:")
_ADDRESS = re.compile(r"(modbus\+tcp|snmp)(://127\.0\.0\.1:)(\d+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How every check of a run ended. ``aborted`` is why it ended early, empty if it did not."""

    results: list[CheckResult]
    aborted: str

    @property
    def seen(self) -> dict[str, str]:
        """The verdicts that are neither PASS nor SKIP, by check."""
        verdicts = {each.check: str(each.verdict) for each in self.results}
        return {check: verdict for check, verdict in verdicts.items() if verdict not in WELL}


def rack_on_free_ports(folder: Path, name: str = "nvl72") -> Config:
    """A shipped rack to rehearse on, at addresses that nobody else has."""
    text = (RACKS / f"{name}.yaml").read_text(encoding="utf-8")
    found = sorted({(match[1], match[3]) for match in _ADDRESS.finditer(text)})
    tcp = [pair for pair in found if pair[0] != "snmp"]
    udp = [pair for pair in found if pair[0] == "snmp"]
    free = dict(zip(tcp, free_tcp_ports(len(tcp)), strict=True))
    free |= dict(zip(udp, free_udp_ports(len(udp)), strict=True))
    text = _ADDRESS.sub(lambda match: f"{match[1]}{match[2]}{free[match[1], match[3]]}", text)
    path = folder / "site.yaml"
    path.write_text(text.replace("profiles: [", f"profiles: [{RACKS}/"), encoding="utf-8")
    return load_config(path)


async def rehearsed(
    config: Config,
    generation: Generation,
    *faults: str,
    sheet: Sheet | None = None,
    seed: int = 0,
    stage: str = "L11",
    interval_s: float = 5.0,
) -> Outcome:
    """Take the simulated rack of ``config`` through a stage.

    Without a build sheet it is held against what it says of itself as the run begins.
    """
    devices = roles(generation, ((device.role, device.name) for device in config.devices))
    facts = Facts(generation, stage, devices, interval_s, sheet=sheet)
    spans: dict[str, Span] = {}
    async with contextlib.AsyncExitStack() as stack:
        stand = await stack.enter_async_context(
            rehearsal(config, seed=seed, speed=0.0, faults=faults)
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        journal = RunJournal(folder / "journal.jsonl")
        stack.callback(journal.close)
        store = SampleStore(_IN_MEMORY)
        stack.callback(store.close)
        people = People(folder, journal, stand.now, Crew())
        rounds = await stack.enter_async_context(Rounds(config, interval_s, stand.now))
        runner = Runner(facts, stand, rounds, store, journal, people, spans.__setitem__)
        assert await runner.preflight() == []
        if sheet is None:
            said = look(store.between(0.0, float("inf"), PLAN_METRICS), devices.values())
            sheet = Sheet.model_validate(draft_sheet(said, config.devices[0].rack))
        shows = {device: sorted(metrics) for device, metrics in rounds.shows().items()}
        aborted = await runner.run()
        results = judge_stage(replace(facts, shows=shows, sheet=sheet), store, spans, aborted)
    return Outcome(results, aborted)
