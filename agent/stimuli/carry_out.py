"""Carry out a configured stimulus: run its command, or send its confirmed write."""

import asyncio
import contextlib
from collections.abc import Mapping

from agent.config.stimuli import Command, Stimulus
from agent.model.errors import ConfigError, DeviceError
from agent.stimuli.write import perform

_COMMAND_TIMEOUT_S = 120.0
_SAID_MAX = 500  # characters of a command's output in an error


async def carry_out_stimulus(
    stimuli: Mapping[str, Stimulus], name: str, parameters: Mapping[str, object]
) -> bool:
    """Carry out the stimulus ``name``; return False if it is not configured.

    A command receives the parameters as ``name=value``. Raises ConfigError if it fails, and for
    parameters to a write.
    """
    configured = stimuli.get(name)
    if configured is None:
        return False
    if isinstance(configured, Command):
        values = [f"{key}={value}" for key, value in parameters.items()]
        await _run(name, [*configured.arguments, *values])
        return True
    if parameters:
        given = ", ".join(parameters)
        raise ConfigError(f"stimuli.{name}: a write takes no parameters, but has {given}")
    try:
        await perform(configured)
    except DeviceError as error:
        raise ConfigError(f"stimuli.{name}: {error}") from None
    return True


async def _run(name: str, command: list[str]) -> None:
    """Run a command. Raises ConfigError if it fails or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        raise ConfigError(f"stimuli.{name}: {command[0]}: {error.strerror}") from None
    try:
        async with asyncio.timeout(_COMMAND_TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        raise ConfigError(f"stimuli.{name}: not finished in {_COMMAND_TIMEOUT_S:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        text = said.decode(errors="replace").strip()[-_SAID_MAX:]
        raise ConfigError(f"stimuli.{name}: exit status {process.returncode}: {text}")
