"""Each physical fault, planted in a simulated rack that is commissioned: seen by its checks only.

A whole stage takes its time, so that a plain test run plants a few in a shortened one;
``RACKAGENT_FAULTS=all`` plants every one in the stage as it ships, and is what the page
``docs/commissioning-faults.md`` was written from. ``RACKAGENT_SEEDS=20`` takes so many racks
without a fault through it.
"""

import os
from pathlib import Path

import pytest

from agent.commission.spec.build_sheet import load_sheet
from agent.commission.spec.generation import Generation, open_generation
from agent.config import Config, load_config
from docs.faults import Planted, planted
from simulator.model import FAULTS
from tests.end_to_end.rehearsed import RACKS, rack_on_free_ports, rehearsed
from tests.simulator.bench import write_site

IN_A_HURRY = """\
generation: hurry
extends: nvl72
version: 1.0.0
title: An NVL72-class rack in a hurry
steps:
  idle: {hold: 1m}
  half: {rest: 1s, hold: 10s}
  full: {hold: 7m}
  soak: {hold: 5m}
checks:
  cooling.supply: {lasting: 4m}
"""
SAMPLE = ("wrong_identity", "pumps_lost")
"""What only sockets and abort limits show; tests/configs plants the rest in the model."""

SEEDS = int(os.environ.get("RACKAGENT_SEEDS", "1"))
ALL = os.environ.get("RACKAGENT_FAULTS") == "all"
TABLE = planted()


def rack(folder: Path, row: Planted) -> tuple[Config, Generation]:
    if row.generation == "nvl72":
        config = rack_on_free_ports(folder)
        if ALL:
            return config, open_generation("nvl72")
        (folder / "hurry.yaml").write_text(IN_A_HURRY, encoding="utf-8")
        return config, open_generation("hurry", folder)
    generation = open_generation(row.generation)
    assert generation.spec.model is not None
    switch = {role: "switch" for role in generation.roles if role.startswith("switch")}
    roles = {role: switch.get(role, "*") for role in generation.roles}
    return load_config(write_site(folder, roles, model=generation.spec.model)), generation


@pytest.mark.parametrize("fault", list(TABLE) if ALL else SAMPLE)
async def test_a_fault_is_seen_by_its_checks_and_by_no_other(tmp_path: Path, fault: str) -> None:
    row = TABLE[fault]
    config, generation = rack(tmp_path, row)
    sheet = load_sheet(RACKS / "nvl72-sheet.yaml") if row.generation == "nvl72" else None
    outcome = await rehearsed(config, generation, row.order, sheet=sheet)
    assert outcome.aborted.partition(":")[0] == row.aborts
    if row.aborts:
        assert set(outcome.seen.values()) == {"ERROR"}
    else:
        assert outcome.seen == row.seen


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
async def test_with_no_fault_nothing_is_seen(tmp_path: Path, seed: int) -> None:
    config, generation = rack(tmp_path, TABLE["clog"])
    outcome = await rehearsed(config, generation, seed=seed)
    assert (outcome.seen, outcome.aborted) == ({}, "")


def test_no_fault_passes_unnoticed() -> None:
    assert set(TABLE) == set(FAULTS)
    assert all(row.seen or row.aborts for row in TABLE.values())


def test_the_table_knows_no_other_checks() -> None:
    for name in {row.generation for row in TABLE.values()}:
        generation = open_generation(name)
        rows = [row for row in TABLE.values() if row.generation == name]
        assert {check for row in rows for check in row.seen} <= set(generation.checks("L11"))
        assert {row.aborts for row in rows} <= {"", *generation.spec.abort}
