"""What the house rules look at: the project's files, and what each Python file imports and does."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = ("agent", "drivers", "simulator")
_NOT_OURS = re.compile(
    r"/(?:\.git|\.venv|\.cache|\.coverage[^/]*|\.hypothesis|\.\w+_cache|__pycache__|build|dist|results"
    r"|[^/]+\.egg-info)(?:/|$)"
)
_MUTATORS = re.compile(
    "add|append|clear|discard|extend|insert|pop|popitem|remove|setdefault|update"
)
_CONTAINERS = re.compile("list|dict|set|bytearray|deque|defaultdict|Counter|OrderedDict")
_CONSTANT = re.compile(r"_{0,2}[A-Z][A-Z0-9_]*(__)?|__all__")


@dataclass(frozen=True)
class Source:
    """One Python file. ``path`` is relative to the checkout, with forward slashes."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return _parse(self.text, self.path)

    @property
    def module(self) -> str:
        """Its dotted name: ``agent/expose/__init__.py`` is ``agent.expose``."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def lines(self) -> int:
        """How long it is."""
        return self.text.count("\n")

    def imports(self, modules: Mapping[str, object]) -> dict[str, int]:
        """Dotted names it imports anywhere, also inside functions, and the line of each.

        ``from a import b`` is ``a.b`` where ``modules`` has that module, else ``a``.
        """
        found: dict[str, int] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found.setdefault(alias.name, node.lineno)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                for alias in node.names:
                    whole = f"{base}.{alias.name}"
                    found.setdefault(whole if whole in modules else base, node.lineno)
        return found

    def _absolute(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        package = self.module.split(".")
        up = node.level - (1 if self.path.endswith("/__init__.py") else 0)
        base = package[: len(package) - up]
        return ".".join([*base, *([node.module] if node.module else [])])

    @property
    def docstring(self) -> str:
        """The sentence that it opens with; empty where there is none."""
        return ast.get_docstring(self.tree) or ""

    def waits(self) -> list[int]:
        """Lines that await, or define something that can."""
        kinds = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
        return [node.lineno for node in ast.walk(self.tree) if isinstance(node, kinds)]

    def catches_all(self) -> list[int]:
        """Lines of ``except:``, ``except Exception`` and ``except BaseException``."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ExceptHandler):
                caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                names = {None if each is None else ast.unparse(each) for each in caught}
                if names & {None, "Exception", "BaseException"}:
                    found.append(node.lineno)
        return found

    def calls(self, name: str) -> list[int]:
        """Lines that call the plain name ``name``."""
        return [
            node.lineno
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == name
        ]

    def mutable_state(self) -> list[int]:
        """Lines that keep state in the module.

        That is: a container under a name that is not a constant's, a constant that a function
        changes, a ``global`` statement, a cache without a written limit.
        """
        containers = dict(self._containers())
        found = [line for name, line in containers.items() if not _CONSTANT.fullmatch(name)]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Global):
                found.append(node.lineno)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found += [line for name, line in _changed(node) if name in containers]
                found += [each.lineno for each in node.decorator_list if _unlimited_cache(each)]
        return sorted(set(found))

    def _containers(self) -> Iterator[tuple[str, int]]:
        for node in self.tree.body:
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AnnAssign):
                targets = [node.target]
            for target in targets:
                value = getattr(node, "value", None)
                if isinstance(target, ast.Name) and _is_container(value):
                    yield target.id, node.lineno


@cache
def _parse(text: str, path: str) -> ast.Module:
    return ast.parse(text, path)


def _is_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and _CONTAINERS.fullmatch(value.func.id) is not None
    literals = ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
    return isinstance(value, literals)


def _changed(function: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(function):
        target: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            target = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target = node.func.value if _MUTATORS.fullmatch(node.func.attr) else None
        if isinstance(target, ast.Name):
            yield target.id, target.lineno


def _unlimited_cache(decorator: ast.expr) -> bool:
    text = ast.unparse(decorator).removeprefix("functools.")
    return text == "cache" or text.startswith("lru_cache(maxsize=None")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project, without what tools leave behind."""
    found = (path for path in ROOT.rglob("*") if path.is_file())
    return tuple(
        sorted(path for path in found if not _NOT_OURS.search(f"/{path.relative_to(ROOT)}"))
    )


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project."""
    return tuple(
        Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in files()
        if path.suffix == ".py"
    )


@cache
def code() -> dict[str, Source]:
    """What is shipped, by module name."""
    return {each.module: each for each in sources() if each.path.split("/")[0] in CODE}
