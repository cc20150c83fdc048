"""Coverage-guided fuzzing of the SNMP decoders: ``python -m tests.fuzz.fuzz_snmp -runs=1000000``.

Needs atheris from PyPI. Takes libFuzzer's options; a directory as argument keeps the corpus. The
first run starts from the messages below.
"""

import importlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

atheris = importlib.import_module("atheris")  # no part of the development dependencies

with atheris.instrument_imports(include=["agent"]):
    from agent.protocol.snmp import message, v3
    from agent.protocol.snmp.message import Pdu
    from tests.fuzz.decoders import MESSAGE_ID, swallow_snmp


def seeds() -> list[bytes]:
    """One well-formed message of each kind."""
    name = b"\x2b\x06\x01\x05"
    values: list[tuple[int, int | bytes | None]] = [
        *((0x02, -5), (0x04, b"text"), (0x05, None), (0x06, name), (0x40, bytes(4))),
        *((0x41, 2**32 - 1), (0x42, 7), (0x43, 300), (0x46, 2**64 - 1), (0x82, None)),
    ]
    pdu = Pdu(message.RESPONSE, MESSAGE_ID, 0, 0, [(name, *value) for value in values])
    names = message.encode_varbinds([(b"\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\x00", 0x41, 1)])
    report = message.encode_pdu(message.REPORT, MESSAGE_ID, 0, 0, names)
    engine = (b"\x80engine", 1, 5)
    bodies = [v3.encode_scoped(engine[0], b"", report), v3.encode_scoped(engine[0], b"c", b"")]
    return [
        message.encode_message(message.V2C, b"public", pdu),
        message.encode_message(message.V1, b"public", pdu._replace(error_status=2, error_index=1)),
        report,
        *bodies,
        *(v3.encode(MESSAGE_ID, 0, engine, b"user", 0, b"", body)[0] for body in bodies),
        v3.encode(MESSAGE_ID, 3, engine, b"user", 24, bytes(8), b"\x04\x08" + bytes(8))[0],
    ]


def main() -> None:
    """Fuzz until told to stop."""
    with TemporaryDirectory() as directory:
        for number, seed in enumerate(seeds()):
            (Path(directory) / f"seed{number}").write_bytes(seed)
        atheris.Setup([*sys.argv, directory], swallow_snmp)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
