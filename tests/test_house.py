"""The rules of the house: which room may know which, and what no Python file may do."""

import re
from collections.abc import Iterable, Iterator

from tests.house import CODE, Source, code, sources

LAYERS = (
    ("errors", "units", "smi", "catalogue", "credentials", "datatypes"),
    ("explain", "document", "url", "profile", "config"),
    ("values",),
    ("plan", "codec", "normalise", "recording"),
    ("transport", "driver", "identify", "splitting"),
    ("store", "history", "transitions", "spool", "poller", "events"),
    ("expose", "commission"),
    ("web",),
    ("core", "loop", "logs", "notify", "probe", "recorder", "reload", "oneshot", "scan", "daemon"),
    ("witness", "draft", "register_map", "hints"),
    ("console", "cli", "__main__"),
)
"""The rooms of ``agent/``, lowest first; a room imports from its own layer and those before it."""

PURE_LAYERS = 4
"""So many layers hold no I/O that waits, and are all that the simulator shares with the agent."""

CODECS = frozenset(
    f"agent.transport.{name}"
    for name in (
        "snmp.ber",
        "snmp.keys",
        "snmp.layout",
        "snmp.message",
        "snmp.security",
        "snmp.usm",
        "snmp.v3",
        "modbus.framing",
        "modbus.question",
    )
)
"""Bytes to records and back, without a socket: the simulator speaks with these too."""

LIBRARIES = {
    "aiomqtt": r"agent/expose/",
    "bcrypt": r"agent/cli/init\.py|agent/expose/basic_auth\.py",
    "cryptography": r"agent/transport/snmp/keys\.py|agent/commission/signing\.py",
    "fastapi": r"agent/(expose|web)/|agent/daemon\.py|simulator/control\.py",
    "jinja2": r"agent/(web|commission)/",
    "markupsafe": r"agent/web/|agent/commission/report/",
    "matplotlib": r"agent/commission/report/drawing\.py",
    "prometheus_client": r"agent/expose/|agent/(probe|web/run_metrics)\.py",
    "pymodbus": r"agent/transport/modbus/framing\.py|simulator/hil/write\.py",
    "pysmi": r"agent/draft/mibs\.py",
    "pysnmp": r"agent/transport/snmp/pysnmp_\w+\.py",
    "rich": r"agent/console\.py|agent/cli/(scan|progress)\.py|simulator/(commands|live_view)\.py",
    "typer": r"agent/cli/|simulator/commands\.py",
    "uvicorn": r"agent/expose/|simulator/control\.py",
    "uvloop": r"agent/loop\.py",
}
"""Where each library that shapes its surroundings may be known."""

RIM = re.compile(r"simulator/(commands|control|demo\w*|hil/\w+|live_view|pytest_plugin)\.py")
"""The part of the simulator that wires it to people, to tests and to a running agent."""

WAITING = frozenset({"asyncio", "selectors", "socket", "threading", "uvloop"})

LONGEST_FILE = 400

_ROOM_LAYER = {room: number for number, rooms in enumerate(LAYERS, 1) for room in rooms}


def room(module: str) -> str:
    """The room of ``agent`` that a module stands in; empty for ``agent`` itself and others."""
    parts = module.split(".")
    return parts[1] if parts[0] == "agent" and len(parts) > 1 else ""


def layer(module: str) -> int:
    """Which layer a module of ``agent`` stands in; 0 for the package itself."""
    return _ROOM_LAYER.get(room(module), 0)


def own_imports(source: Source) -> Iterator[tuple[str, str]]:
    """Modules of this project that ``source`` imports, each with where it does."""
    for name, line in source.imports(code()).items():
        if name.split(".")[0] in CODE:
            yield name, f"{source.path}:{line} imports {name}"


def agent_sources() -> list[Source]:
    return [source for module, source in code().items() if module.split(".")[0] == "agent"]


def places(found: Iterable[tuple[Source, list[int]]]) -> list[str]:
    return [f"{source.path}:{line}" for source, lines in found for line in lines]


def test_every_room_has_its_layer() -> None:
    assert {room(source.module) for source in agent_sources()} - {""} <= set(_ROOM_LAYER)


def test_imports_go_downward() -> None:
    upward = [
        f"{place} (layer {layer(source.module)} from {layer(name)})"
        for source in agent_sources()
        for name, place in own_imports(source)
        if layer(name) > layer(source.module)
    ]
    assert not upward


def test_there_are_no_circles() -> None:
    graph = {
        module: {name for name, _ in own_imports(source) if name in code()}
        for module, source in code().items()
    }
    assert circle(graph) == []


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, in order; empty where there is none."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module not in done:
            for each in sorted(graph[module]):
                if found := visit(each, [*path, module]):
                    return found
            done.add(module)
        return []

    return next(filter(None, (visit(module, []) for module in graph)), [])


def test_the_agent_knows_neither_drivers_nor_simulator() -> None:
    known = [
        place
        for source in agent_sources()
        for name, place in own_imports(source)
        if not name.startswith("agent")
    ]
    assert not known


def test_expose_and_commission_do_not_know_each_other() -> None:
    apart = {("expose", "commission"), ("commission", "expose")}
    known = [
        place
        for source in agent_sources()
        for name, place in own_imports(source)
        if (room(source.module), room(name)) in apart
    ]
    assert not known


def test_the_simulator_takes_arithmetic_and_codecs_only() -> None:
    taken = [
        place
        for module, source in code().items()
        if module.split(".")[0] == "simulator" and not RIM.fullmatch(source.path)
        for name, place in own_imports(source)
        if name.startswith("agent.")
        and layer(name) > PURE_LAYERS
        and name not in CODECS | {"agent.transport.snmp", "agent.transport.modbus"}
    ]
    assert not taken


def test_only_the_rim_of_the_simulator_knows_the_rim() -> None:
    known = [
        place
        for module, source in code().items()
        if module.split(".")[0] == "simulator" and not RIM.fullmatch(source.path)
        for name, place in own_imports(source)
        if name in code() and RIM.fullmatch(code()[name].path)
    ]
    assert not known


def test_drivers_know_neither_the_simulator_nor_the_upper_layers() -> None:
    known = [
        place
        for module, source in code().items()
        if module.split(".")[0] == "drivers"
        for name, place in own_imports(source)
        if name.startswith("simulator") or layer(name) > layer("agent.driver")
    ]
    assert not known


def test_libraries_stay_in_their_rooms() -> None:
    strays = [
        f"{source.path}:{line} imports {name}"
        for source in code().values()
        for name, line in source.imports({}).items()
        if (allowed := LIBRARIES.get(name.split(".")[0]))
        and not re.match(f"(?:{allowed})", source.path)
    ]
    assert not strays


def pure_sources() -> list[Source]:
    """The first four layers and the codecs."""
    return [
        source
        for source in agent_sources()
        if 0 < layer(source.module) <= PURE_LAYERS or source.module in CODECS
    ]


def test_the_first_layers_and_the_codecs_do_not_wait() -> None:
    assert not places((source, source.waits()) for source in pure_sources())
    waiting = [
        f"{source.path}:{line} imports {name}"
        for source in pure_sources()
        for name, line in source.imports({}).items()
        if name.split(".")[0] in WAITING
    ]
    assert not waiting


def test_codecs_rest_on_arithmetic_and_codecs_only() -> None:
    above = [
        place
        for module in sorted(CODECS & set(code()))
        for name, place in own_imports(code()[module])
        if layer(name) > PURE_LAYERS
        and name not in CODECS | {"agent.transport.snmp", "agent.transport.modbus"}
    ]
    assert not above


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


def test_every_file_fits_a_sitting() -> None:
    long = [f"{each.path}: {each.lines}" for each in sources() if each.lines > LONGEST_FILE]
    assert not long


# The rules above are only as good as what they see.

OFFENDER = Source(
    "agent/expose/bad.py",
    '''"""Everything that the rules look for, once."""
import pymodbus.client as client
from agent import cli, smi
from . import serve
from ..units import unit

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
        "agent.cli": 3,
        "agent.smi": 3,
        "agent.expose.serve": 4,
        "agent.units": 5,
        "simulator.commands": 24,
    }
    package = Source("agent/expose/__init__.py", "from . import serve\nfrom .serve import bind\n")
    assert set(package.imports(code())) == {"agent.expose.serve"}


def test_the_rules_see_what_code_does() -> None:
    assert OFFENDER.mutable_state() == [7, 11, 18, 19, 20]
    assert OFFENDER.catches_all() == [25, 29]
    assert OFFENDER.calls("print") == [26]
    assert OFFENDER.waits() == [32, 33]


def test_the_rules_see_circles() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
