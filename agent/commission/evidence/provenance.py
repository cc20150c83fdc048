"""What a run was made with, kept in its directory: the profiles' text and the configuration.

Secrets stay outside: what stands where a secret belongs, and whatever equals one, is left out.
Nothing is overwritten; what differs when a run is resumed is kept beside what was there.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from agent.commission.spec.generation import canonical
from agent.config import Config
from agent.model.errors import ConfigError
from agent.parse.yaml_source import load
from agent.profile.library import Library

CONFIGURATION, PROFILES = "configuration.json", "profiles"
REDACTED = "(redacted)"
_VERSIONS_MAX = 100  # of one file: a run is resumed so often at most
_SECRET = re.compile(r"community|secret|pass|token|hash|private", re.IGNORECASE)


def keep_origins(folder: Path, config: Config, profiles: Iterable[str]) -> None:
    """Write down what devices are read by and how they are configured. Raises ConfigError."""
    kept = redacted(load(Path(config.file)).data, _secrets(config))
    try:
        _keep(folder / CONFIGURATION, canonical(kept) + b"\n")
        for name in sorted(set(profiles)):
            for below, path in _sources(config.library, name):
                target = folder / PROFILES / below
                target.parent.mkdir(parents=True, exist_ok=True)
                _keep(target, path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from None


def redacted(value: Any, secrets: frozenset[str], key: str = "") -> Any:
    """A configuration without its secrets. ``secrets`` are those that were read, by their text."""
    if isinstance(value, dict):
        if key == "stimuli":  # the arguments of a command may be anything
            return {name: _command(each, secrets) for name, each in value.items()}
        return {name: redacted(each, secrets, str(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [redacted(each, secrets, key) for each in value]
    if _SECRET.search(key) or (isinstance(value, str) and value in secrets):
        return REDACTED
    return value


def _command(value: Any, secrets: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [*value[:1], *([REDACTED] * len(value[1:]))]
    return redacted(value, secrets)


def _secrets(config: Config) -> frozenset[str]:
    """Every secret that was read, whatever name it stands under."""
    own = [each.credentials for each in config.devices]
    found = {
        text
        for each in (*own, *config.credentials.values())
        for text in (each.community, each.auth_secret, each.priv_secret)
    }
    return frozenset((found | {config.mqtt_password or ""}) - {""})


def _sources(library: Library, name: str) -> Iterator[tuple[str, Path]]:
    """The file of a profile and those of the fragments in it, each by its name in the directory."""
    path = library.profiles[name]
    yield f"{name}.yaml", path
    for include in load(path).data.get("include") or []:
        fragment = include["fragment"] if isinstance(include, dict) else include
        yield f"fragments/{fragment}.yaml", library.fragments[fragment]


def _keep(path: Path, content: bytes) -> None:
    for version in range(1, _VERSIONS_MAX):
        target = path if version == 1 else path.with_stem(f"{path.stem}-{version}")
        if not target.exists():
            target.write_bytes(content)
            return
        if target.read_bytes() == content:
            return
    raise ConfigError(f"{path} was there in {_VERSIONS_MAX} versions")
