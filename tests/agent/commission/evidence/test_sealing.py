"""Manifests: what is signed, by whom, and every byte that was changed."""

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from agent.commission.evidence import bundle
from agent.commission.evidence.sealing import MANIFEST, find_changes, seal, signature_sentence
from agent.commission.evidence.signing import (
    InvalidEnvelope,
    encoded,
    envelope,
    key_id,
    open_envelope,
    private_key,
    public_key,
    statement,
)
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import read_journal
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts
from agent.commission.run.order import conclude
from agent.model.errors import ConfigError
from tests.agent.commission.making import START, record, samples
from tests.agent.commission.small import generation
from tests.peers import require

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
PAYLOAD = statement({"a": "00"}, {"result": "PASSED"})
PEM = (Encoding.PEM, PrivateFormat.PKCS8)


def sealed(folder: Path, key: Ed25519PrivateKey | None = KEY, *, simulated: bool = False) -> Path:
    """The evidence of a run of one check, sealed."""
    facts = Facts(
        generation(folder, "a: {kind: limit, measure: supply, unit: degC, at_most: 65}"),
        *("L11", {"cdu": "cdu", "meter-1": "m1", "meter-2": "m2"}, 5.0),
    )
    (folder / "site.yaml").write_text("racks: []\n")
    run = folder / "run"
    site, about = folder / "site.yaml", {"simulated": simulated}
    journal = bundle.begin(run, facts, "r1", "0.1", site, about=about)
    span = Span(START, START, START, START + 60)
    journal.write(
        record(
            "step_ended", step="run", began=START, confirmed=START, steady=START, ended=span.ended
        ),
        span.ended,
    )
    journal.close()
    store = SampleStore(run / bundle.SAMPLES)
    store.add([(each, 5.0) for each in samples([30.0, 30.1] * 6 + [30.0])])
    store.close()
    report = bundle.judged(run)
    bundle.write_results(run, report)
    seal(run, report, key)
    return run


def test_a_statement_names_every_file_and_what_came_of_it(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    found, signed = open_envelope((run / MANIFEST).read_bytes(), KEY.public_key())
    assert signed
    assert found["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert (found["predicate"]["result"], found["predicate"]["passedTests"]) == ("PASSED", ["a"])
    digests = {each["name"]: each["digest"]["sha256"] for each in found["subject"]}
    assert digests == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in run.iterdir()
        if path.name != MANIFEST
    }
    assert find_changes(run, KEY.public_key()) == ([], True)
    assert find_changes(run, None) == ([], True)


def test_every_change_is_named(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    (run / "results.json").write_text("{}")
    (run / "junit.xml").unlink()
    (run / "added").touch()
    assert find_changes(run, KEY.public_key())[0] == [
        "junit.xml: is missing",
        "results.json: was changed",
        "added: was added after sealing",
    ]
    assert find_changes(run, OTHER.public_key())[0] == [
        f"{MANIFEST}: the signature is not valid: another key, or a changed manifest"
    ]
    (run / MANIFEST).unlink()
    with pytest.raises(ConfigError, match="No such file"):
        find_changes(run, None)


def _link_to_a_copy(run: Path) -> None:
    copy = run.parent / "copy"
    (run / "junit.xml").rename(copy)
    (run / "junit.xml").symlink_to(copy)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_link_to_a_copy, "junit.xml"),
        (lambda run: (run / "extra").symlink_to(run.parent), "extra"),
        (lambda run: (run / "extra").symlink_to("nowhere"), "extra"),
        (lambda run: os.mkfifo(run / "waivers.json"), "waivers.json"),
        (lambda run: (run / "attachments").mkdir(), "attachments"),
    ],
    ids=["link", "linked folder", "dangling link", "pipe", "empty folder"],
)
def test_what_is_no_plain_file_is_named(
    tmp_path: Path, change: Callable[[Path], object], named: str
) -> None:
    run = sealed(tmp_path)
    change(run)
    assert find_changes(run, KEY.public_key())[0] == [
        f"{named}: is not a plain file, and only those are sealed"
    ]


def test_a_pipe_for_a_manifest_is_not_waited_for(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    (run / MANIFEST).unlink()
    os.mkfifo(run / MANIFEST)
    with pytest.raises(ConfigError, match="not a plain file"):
        find_changes(run, None)


@pytest.mark.parametrize(
    "name", [bundle.GENERATION, bundle.SHEET, bundle.WAIVERS, bundle.JOURNAL, bundle.SAMPLES]
)
def test_a_pipe_in_a_directory_that_is_judged_is_not_waited_for(tmp_path: Path, name: str) -> None:
    run = sealed(tmp_path)
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    with pytest.raises(ConfigError, match="not a plain file"):
        bundle.judged(run)


def test_what_is_no_plain_file_is_not_sealed(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    (run / "attachments").mkdir()  # nothing was attached
    seal(run, bundle.judged(run), KEY)
    assert find_changes(run, KEY.public_key()) == ([], True)
    (run / "extra").symlink_to("/etc")
    with pytest.raises(ConfigError, match="extra: is not a plain file"):
        seal(run, bundle.judged(run), KEY)


def test_names_of_added_files_do_not_act_on_a_terminal(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    (run / "\x1b[2K\nrun: evidence intact").touch()
    assert find_changes(run, KEY.public_key())[0] == [
        "\ufffd[2K\ufffdrun: evidence intact: was added after sealing"
    ]


def test_a_manifest_without_the_results_is_refused(tmp_path: Path) -> None:
    run = sealed(tmp_path, None)
    report = bundle.judged(run)
    (run / bundle.RESULTS).unlink()
    seal(run, report, None)
    assert find_changes(run, None)[0] == [f"{bundle.RESULTS}: is missing"]


def test_a_signature_that_was_not_checked_is_not_called_one(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    name = key_id(KEY.public_key())
    assert f"signed with the ed25519 key {name}" in signature_sentence(run, KEY.public_key())
    document = json.loads((run / MANIFEST).read_text())
    document["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    (run / MANIFEST).write_bytes(json.dumps(document, indent=1).encode() + b"\n")
    said = signature_sentence(run)
    assert f"names the ed25519 key {name}, whose signature was not checked" in said
    assert "signed with" not in said
    with pytest.raises(InvalidEnvelope, match="is not valid"):
        signature_sentence(run, KEY.public_key())
    document["signatures"][0]["sig"] = "QUFBQQ=="
    (run / MANIFEST).write_bytes(json.dumps(document, indent=1).encode() + b"\n")
    with pytest.raises(InvalidEnvelope, match="is not a DSSE envelope"):
        signature_sentence(run)


def test_results_that_were_sealed_wrong_are_found_by_judging_again(tmp_path: Path) -> None:
    run = sealed(tmp_path)
    results = run / "results.json"
    results.write_text(results.read_text().replace("PASS", "FAIL"))
    seal(run, bundle.judged(run), KEY)
    assert find_changes(run, KEY.public_key())[0] == ["results.json: does not match the samples"]


def test_nobody_signs_without_a_key(tmp_path: Path) -> None:
    run = sealed(tmp_path, None)
    assert find_changes(run, None) == ([], False)
    assert len(find_changes(run, KEY.public_key())[0]) == 1


def test_a_rehearsal_is_no_test_result_and_is_never_signed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no acceptance and is not signed"):
        sealed(tmp_path, KEY, simulated=True)
    run = tmp_path / "run"
    assert not (run / MANIFEST).exists()
    with pytest.raises(ConfigError, match="is no acceptance and is not signed"):
        conclude(run, KEY)
    assert read_journal(run / bundle.JOURNAL)[-1]["event"] == "step_ended"
    conclude(run, None)
    found, signed = open_envelope((run / MANIFEST).read_bytes(), None)
    assert (signed, found["predicateType"]) == (False, "urn:rackagent:rehearsal:v1")
    assert (found["predicate"]["result"], found["predicate"]["simulated"]) == ("REHEARSED", True)
    assert find_changes(run, None) == ([], False)
    assert find_changes(run, KEY.public_key())[0] == [
        f"{MANIFEST}: is not signed: rehearsals are never signed"
    ]
    (run / MANIFEST).write_bytes(envelope(base64.b64decode(payload(run)), KEY))
    assert find_changes(run, KEY.public_key())[0] == [
        f"{MANIFEST}: is signed, but a rehearsal is no acceptance"
    ]


def payload(run: Path) -> str:
    """What the manifest of a run says, as it is enveloped."""
    return str(json.loads((run / MANIFEST).read_text())["payload"])


@given(st.data())
def test_any_changed_byte_of_an_envelope_is_noticed(data: st.DataObject) -> None:
    whole = envelope(PAYLOAD, KEY)
    assert open_envelope(whole, KEY.public_key()) == (json.loads(PAYLOAD), True)
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidEnvelope):
        open_envelope(bytes(changed), KEY.public_key())


NESTED = b"[" * 200_000


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b"\xff", envelope(b"{}", KEY), b'"a"', NESTED, envelope(NESTED, KEY)],
    ids=range(8),
)
def test_what_is_no_envelope(text: bytes) -> None:
    with pytest.raises(InvalidEnvelope, match="is not a DSSE envelope"):
        open_envelope(text, None)


def test_what_is_signed_is_what_dsse_says() -> None:
    """The example of the DSSE protocol, with our payload type."""
    assert encoded(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


@pytest.mark.peer
def test_openssl_verifies_the_signature(tmp_path: Path) -> None:
    require("openssl")
    document = json.loads(envelope(PAYLOAD, KEY))
    (signature,) = document["signatures"]
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    (tmp_path / "signed").write_bytes(encoded(base64.b64decode(document["payload"])))
    (tmp_path / "sig").write_bytes(base64.b64decode(signature["sig"]))
    command = "openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in signed -sigfile sig"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert signature["keyid"] == key_id(public_key(tmp_path / "public.pem"))


def test_keys_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(KEY.private_bytes(*PEM, NoEncryption()))
    assert private_key(path).sign(b"x") == KEY.sign(b"x")
    with pytest.raises(ConfigError, match="has no public key"):
        public_key(path)
    path.write_bytes(KEY.private_bytes(*PEM, BestAvailableEncryption(b"secret")))
    with pytest.raises(ConfigError, match="has no private key in PEM without a password"):
        private_key(path)
    for read in (private_key, public_key):
        with pytest.raises(ConfigError, match="No such file"):
            read(tmp_path / "none")


@pytest.mark.parametrize("name", [bundle.GENERATION, bundle.SHEET, bundle.WAIVERS])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: " + "[" * 40_000, "is not JSON"),
        ('{"a": ' + "[" * 40_000, "is nested more than 100 levels deep"),
    ],
)
def test_files_of_a_directory_that_would_end_the_process_are_refused(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    run = sealed(tmp_path)
    (run / name).write_text(text)
    with pytest.raises(ConfigError, match=f"{name}.*{says}"):
        bundle.judged(run)
