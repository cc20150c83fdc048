"""MIB files: what they say of an OID, also without the modules they import."""

import builtins
from pathlib import Path
from typing import Any

import pytest

from agent.authoring.draft.mibs import Mibs, read_mibs
from agent.model import smi
from agent.model.errors import ConfigError
from tests.agent.authoring.draft.acme import MIB

ACME = "1.3.6.1.4.1.99"


@pytest.fixture(scope="module")
def mibs(tmp_path_factory: pytest.TempPathFactory) -> Mibs:
    file = tmp_path_factory.mktemp("mibs") / "ACME-MIB"
    file.write_text(MIB)
    return read_mibs([file])


def test_a_column_has_name_unit_and_index(mibs: Mibs) -> None:
    current = mibs.of(smi.oid(f"{ACME}.10.1.4.1.2"))
    assert current is not None
    assert (current.name, current.units, current.module) == (
        "acmeOutletCurrent",
        "0.1 Amps",
        "ACME-MIB",
    )
    assert current.index == ("acmeUnitIndex", "acmeOutletIndex")
    assert not current.writable


def test_a_convention_gives_its_hint_and_an_enumeration_its_names(mibs: Mibs) -> None:
    assert mibs.names["acmeInputFrequency"].hint == "d-2"
    assert mibs.names["acmeHealth"].enums == {1: "ok", 2: "inTrouble"}
    assert mibs.names["acmeBuzzer"].enums == {1: "true", 2: "false"}
    assert mibs.names["acmeBuzzer"].writable
    assert mibs.names["acmeOutletName"].is_text


def test_a_table_that_augments_another_has_its_index(mibs: Mibs) -> None:
    assert mibs.names["acmeOutletEnergy"].index == ("acmeUnitIndex", "acmeOutletIndex")


def test_what_no_file_defines_is_left_out(mibs: Mibs) -> None:
    assert "acmeLost" not in mibs.names
    assert mibs.of(smi.oid("1.3.6.1.4.1.98.1.0")) is None


def test_a_folder_is_read_and_what_is_no_mib_is_named(tmp_path: Path) -> None:
    (tmp_path / "A").write_text(MIB)
    (tmp_path / "README").write_text("one\ntwo is not a MIB\n")
    found = read_mibs([tmp_path])
    (problem,) = found.problems
    assert problem.file.endswith("README")
    assert "cannot be parsed as a MIB" in problem.message
    assert "acmeModel" in found.names


def test_a_file_that_is_not_there_is_our_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_mibs([tmp_path / "none"])


def test_a_circle_of_names_ends(tmp_path: Path) -> None:
    loop = tmp_path / "LOOP-MIB"
    loop.write_text(
        "LOOP-MIB DEFINITIONS ::= BEGIN\n"
        "a OBJECT IDENTIFIER ::= { b 1 }\nb OBJECT IDENTIFIER ::= { a 1 }\n"
        "T ::= T\n"
        "c OBJECT-TYPE SYNTAX T MAX-ACCESS read-only STATUS current\n"
        '  DESCRIPTION "x" ::= { b 2 }\n'
        "d OBJECT-TYPE SYNTAX T MAX-ACCESS read-only STATUS current\n"
        '  DESCRIPTION "x" ::= { enterprises 5 acme(6) 7 }\nEND\n'
    )
    found = read_mibs([loop])
    assert not found.problems
    assert {smi.dotted(oid) for oid in found.objects} == {"1.3.6.1.4.1.5.6.7"}


def test_without_pysmi_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pysmi"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConfigError, match=r"pip install 'rackagent\[mibs\]'"):
        read_mibs([])
