"""Rules that neither ruff nor import-linter can check: libraries, state, file and folder sizes.

Which package may import which is written in ``pyproject.toml`` and checked by import-linter.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable

import pytest

from tests.house import Source, code, sources

LIBRARIES = {
    "aiomqtt": r"agent/expose/mqtt/",
    "bcrypt": r"agent/cli/init\.py|agent/expose/http/basic_auth\.py",
    "cryptography": r"agent/protocol/snmp/keys\.py|agent/commission/evidence/signing\.py",
    "fastapi": r"agent/(expose|web)/|agent/app/serving\.py|simulator/control/http_api\.py",
    "jinja2": r"agent/(web|commission)/",
    "markupsafe": r"agent/web/|agent/commission/report/",
    "matplotlib": r"agent/commission/report/drawing\.py",
    "prometheus_client": r"agent/expose/|agent/app/probe\.py|agent/web/data/run_metrics\.py",
    "pymodbus": r"agent/protocol/modbus/framing\.py|agent/stimuli/write\.py",
    "pysmi": r"agent/authoring/draft/mibs\.py",
    "pysnmp": r"agent/transport/snmp/pysnmp_\w+\.py",
    "rich": r"agent/cli/(console|scan|commission/progress)\.py"
    r"|simulator/(commands|control/live_view)\.py",
    "typer": r"agent/cli/|simulator/commands\.py",
    "uvicorn": r"agent/expose/|simulator/control/http_api\.py",
    "uvloop": r"agent/app/event_loop\.py",
}
"""Where each library that shapes its surroundings may be known."""

PURE = tuple(
    f"agent/{package}/"
    for package in ("model", "parse", "profile", "config", "protocol", "plan", "normalise")
)
"""Packages of records, arithmetic and codecs: nothing in them waits."""

LONGEST_FILE = 400
MOST_FILES = 12
"""Python files in one folder of ``agent/`` or ``simulator/``, ``__init__.py`` not counted."""


def places(found: Iterable[tuple[Source, list[int]]]) -> list[str]:
    return [f"{source.path}:{line}" for source, lines in found for line in lines]


def test_each_library_is_used_in_its_package_only() -> None:
    strays = [
        f"{source.path}:{line} imports {name}"
        for source in code().values()
        for name, line in source.imports({}).items()
        if (allowed := LIBRARIES.get(name.split(".")[0]))
        and not re.match(f"(?:{allowed})", source.path)
    ]
    assert not strays


def pure_sources() -> list[Source]:
    """Return the files of the packages that do no I/O."""
    return [each for each in code().values() if each.path.startswith(PURE)]


def test_records_arithmetic_and_codecs_do_not_wait() -> None:
    assert not places((source, source.waits()) for source in pure_sources())


def test_no_module_keeps_state() -> None:
    assert not places((source, source.mutable_state()) for source in code().values())


def test_nothing_catches_everything() -> None:
    assert not places((source, source.catches_all()) for source in sources())


def test_nothing_prints() -> None:
    assert not places((source, source.calls("print")) for source in code().values())


def test_every_file_says_its_job() -> None:
    # An empty __init__.py outside the shipped code has no job but to be there.
    mute = [
        source.path
        for source in sources()
        if not source.docstring and (source.text or source.module in code())
    ]
    assert not mute


def test_no_folder_is_too_full() -> None:
    folders = Counter(
        source.path.rpartition("/")[0]
        for source in code().values()
        if source.path.startswith(("agent/", "simulator/"))
        and not source.path.endswith("/__init__.py")
    )
    assert not [f"{folder}: {count}" for folder, count in folders.items() if count > MOST_FILES]


def class_names(folder: str) -> Counter[str]:
    return Counter(
        node.name
        for source in code().values()
        if source.path.startswith(folder)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
    )


@pytest.mark.parametrize("folder", ["agent/", "simulator/"])
def test_each_class_name_is_used_once(folder: str) -> None:
    assert not [name for name, count in class_names(folder).items() if count > 1]


def test_the_simulator_uses_no_class_name_of_the_agent() -> None:
    assert not class_names("simulator/").keys() & class_names("agent/").keys()


def test_every_file_fits_a_sitting() -> None:
    long = [f"{each.path}: {each.lines}" for each in sources() if each.lines > LONGEST_FILE]
    assert not long


# The rules above are only as good as what they see.

OFFENDER = Source(
    "agent/expose/bad.py",
    '''"""Everything that the rules look for, once."""
import pymodbus.client as client
from agent.model import errors, smi
from . import json_model
from ..events.records import Event

memory = {}
NAMES = {}
LIMITS = dict()

@functools.cache
def kept(): ...

@lru_cache(maxsize=8)
def limited(): ...

def change():
    global memory
    NAMES["a"] = 1
    LIMITS.update(b=2)
    other = {}
    other["a"] = 1
    try:
        import simulator.commands
    except (ValueError, Exception):
        print("no")
    except ValueError:
        pass
    except:
        pass

async def wait():
    await change()
''',
)


def test_the_rules_see_imports() -> None:
    assert OFFENDER.module == "agent.expose.bad"
    assert OFFENDER.imports(code()) == {
        "pymodbus.client": 2,
        "agent.model.errors": 3,
        "agent.model.smi": 3,
        "agent.expose.json_model": 4,
        "agent.events.records": 5,
        "simulator.commands": 24,
    }
    package = Source(
        "agent/expose/__init__.py", "from . import json_model\nfrom .json_model import reading\n"
    )
    assert set(package.imports(code())) == {"agent.expose.json_model"}


def test_the_rules_see_what_code_does() -> None:
    assert OFFENDER.mutable_state() == [7, 11, 18, 19, 20]
    assert OFFENDER.catches_all() == [25, 29]
    assert OFFENDER.calls("print") == [26]
    assert OFFENDER.waits() == [32, 33]
