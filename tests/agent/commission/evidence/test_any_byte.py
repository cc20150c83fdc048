"""One byte changed anywhere in a directory, and the file it is in is named."""

from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.commission.evidence import bundle as evidence
from agent.commission.evidence.sealing import MANIFEST, find_changes, seal
from agent.commission.evidence.signing import envelope, open_envelope, statement
from agent.commission.judge.verdicts import Waiver
from agent.commission.report.pdf import BROWSER
from tests.agent.commission.bundle import bundle

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WAIVER = Waiver(check="supply", by="M. Weber", why="it is known", until=date(2030, 1, 1))
PRINTER = """\
#!/bin/sh
for word in "$@"; do
  case $word in --print-to-pdf=*) printf '%%PDF-1.4 a page' > "${word#*=}" ;; esac
done
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with everything that one may have, sealed and signed."""
    folder = tmp_path_factory.mktemp("any-byte")
    printer = folder / "printer"
    printer.write_text(PRINTER)
    printer.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(BROWSER, str(printer))
        made = bundle(folder, waivers=[WAIVER])
    for name in ("attachments/inrush.csv", "profiles/a.yaml", "profiles/fragments/b.yaml"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(f"what {name} says\n")
    (made / "configuration.json").write_text('{"site":"lab"}\n')
    seal(made, evidence.judged(made), KEY)
    return made


def names(run: Path) -> list[str]:
    return sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())


def test_everything_that_a_directory_may_have_is_there(run: Path) -> None:
    assert {*names(run)} >= {
        *("attachments/inrush.csv", "profiles/a.yaml", "profiles/fragments/b.yaml", MANIFEST),
        *("configuration.json", "generation.json", "journal.jsonl", "junit.xml", "log.txt"),
        *("ocptv.jsonl", "report.html", "report.pdf", "results.json", "samples.sqlite"),
        "waivers.json",
    }
    assert find_changes(run, KEY.public_key()) == ([], True)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_a_changed_byte_is_named_by_its_file(run: Path, data: st.DataObject) -> None:
    for name in names(run):
        path = run / name
        whole = path.read_bytes()
        place = data.draw(st.integers(0, len(whole) - 1), label=name)
        changed = bytearray(whole)
        changed[place] ^= data.draw(st.integers(1, 255))
        try:
            path.write_bytes(changed)
            problems, _ = find_changes(run, KEY.public_key())
        finally:
            path.write_bytes(whole)
        assert [problem.split(": ")[0] for problem in problems] == [name]


def test_a_manifest_that_claims_another_result_is_found_without_a_key(run: Path) -> None:
    manifest = run / MANIFEST
    whole = manifest.read_bytes()
    found, _ = open_envelope(whole, None)
    files = {each["name"]: each["digest"]["sha256"] for each in found["subject"]}
    predicate = {**found["predicate"], "passedTests": ["everything"]}
    try:
        manifest.write_bytes(envelope(statement(files, predicate), None))
        assert find_changes(run, None)[0] == [
            f"{MANIFEST}: does not match the files and their results"
        ]
    finally:
        manifest.write_bytes(whole)
