"""The provenance of a run: the profiles and the configuration, stored in its directory.

Secrets are redacted: values of keys that name a secret, and every value that equals one. Nothing
is overwritten: if a resumed run has other content, it is stored as a further version.
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
_VERSIONS_MAX = 100  # of one file, which is also the most often that a run is resumed
_SECRET = re.compile(r"community|secret|pass|token|hash|private", re.IGNORECASE)


def keep_origins(folder: Path, config: Config, profiles: Iterable[str]) -> None:
    """Store the profiles of the devices and their configuration. Raises ConfigError."""
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
    """Return a configuration without its secrets.

    ``secrets`` are the texts of all known secrets; ``key`` is the key that ``value`` belongs to.
    """
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
    """Return every secret of a configuration, whatever the name of its key."""
    own = [each.credentials for each in config.devices]
    found = {
        text
        for each in (*own, *config.credentials.values())
        for text in (each.community, each.auth_secret, each.priv_secret)
    }
    return frozenset((found | {config.mqtt_password or ""}) - {""})


def _sources(library: Library, name: str) -> Iterator[tuple[str, Path]]:
    """Yield the files of a profile and of its fragments, each with its name in the directory."""
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
    raise ConfigError(f"{path} has {_VERSIONS_MAX} versions already; start a new run")
