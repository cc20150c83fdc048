"""A run on a rack that is there, signed: devices in a process of their own, in real time."""

import json
import shutil
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.end_to_end.programs import background
from tests.end_to_end.test_commission import Hall
from tests.waiting import eventually

SHORT = """\
generation: two
version: 1.0.0
title: A cooling unit
devices:
  cdu: {kind: cdu, roles: [cdu], source: (e)}
signals:
  supply:
    {of: cdu, metric: rack_coolant_temperature_celsius, labels: {loop: technology, side: supply}}
steps:
  look: {title: Look, hold: 5}
stages: {L11: [look]}
checks:
  supply:
    {number: 19, title: Supply, kind: limit, during: look, measure: supply, unit: degC,
     at_most: 60, source: (e)}
"""


def test_a_run_on_the_rack_is_signed_and_no_rehearsal_goes_on_with_it(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    hall.generation.write_text(SHORT)
    pair, plain = Ed25519PrivateKey.generate(), NoEncryption()
    public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = tmp_path / "key.pem"
    key.write_bytes(pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain))
    (tmp_path / "public.pem").write_bytes(public)
    order = ["commission", hall.site, "--generation", hall.generation, "--stage", "L11"]
    with background("simulate", str(hall.site)):
        eventually(lambda: hall.run("rack", "draft", hall.site).returncode == 0)
        done = hall.run(*order, "--out", "run", "--interval", "1", "--key", key)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("r1 two L11: PASS (1 PASS)")
    assert json.loads((tmp_path / "run" / "results.json").read_text())["simulated"] is False

    well = hall.run("evidence", "verify", "run", "--key", "public.pem")
    assert (well.returncode, well.stdout) == (0, "run: evidence intact\n")
    manifest = tmp_path / "run" / "manifest.dsse.json"
    sealed = manifest.read_bytes()
    content = bytearray(sealed)
    content[len(content) // 2] ^= 1
    manifest.write_bytes(content)
    found = hall.run("evidence", "verify", "run", "--key", "public.pem")
    assert (found.returncode, "run/manifest.dsse.json: " in found.stderr) == (1, True)

    manifest.write_bytes(sealed)
    retest = ("--retest", "supply", "--of", "run", "--simulated")
    refused = hall.run(*order, "--out", "again", *retest)
    assert refused.returncode == 2
    assert "a rehearsal cannot retest it" in refused.stderr
    shutil.copytree(tmp_path / "run", tmp_path / "left")
    (tmp_path / "left" / "manifest.dsse.json").unlink()
    journal = tmp_path / "left" / "journal.jsonl"
    journal.write_text(journal.read_text().splitlines(keepends=True)[0])
    resumed = hall.run(*order, "--out", "left", "--interval", "1", "--resume", "--simulated")
    assert resumed.returncode == 2
    assert "is of a real rack: it cannot be resumed with --simulated" in resumed.stderr
