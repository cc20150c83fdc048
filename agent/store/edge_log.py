"""Edge-triggered logging: a problem is logged when it begins and ends, with a repeat count."""

from dataclasses import dataclass, field

import structlog

from agent.model.values import Failure

_log = structlog.get_logger("poller")
_QUIET_CYCLES = 3  # without a failure before a problem is over, so flapping is logged once


@dataclass(slots=True)
class OngoingProblem:
    """A problem that is logged when it begins and counted while it repeats."""

    what: str | None = None
    repeated: int = 0

    def again(self, what: str) -> int | None:
        """Report the problem ``what``.

        Return None if it is already active, else the repeat count of the problem before it.
        """
        if what == self.what:
            self.repeated += 1
            return None
        before, self.what, self.repeated = self.repeated, what, 0
        return before

    def over(self) -> int | None:
        """Report that no problem exists. Return the repeat count, None if none was active."""
        before = None if self.what is None else self.repeated
        self.what, self.repeated = None, 0
        return before


@dataclass(slots=True)
class _Failing:
    """A kind of failure of single requests; ``quiet`` counts the cycles in a row without it."""

    repeated: int = 0
    quiet: int = 0


@dataclass(slots=True)
class DeviceLog:
    """Logs changes of one device: down, up again, requests that fail."""

    device: str
    _was_up: bool | None = None
    _missed: int = 0
    _down: OngoingProblem = field(default_factory=OngoingProblem)
    _failing: dict[str, _Failing] = field(default_factory=dict)

    def cycle_ended(self, up: bool, failures: tuple[Failure, ...], profile: str | None) -> None:
        """Log the changes that a poll cycle brought."""
        if up:
            self._up(profile)
            self._requests(failures)
        else:
            self._missed += 1
            self._silent(failures[0] if failures else Failure("device", "nothing answered"))
        self._was_up = up

    def _up(self, profile: str | None) -> None:
        if not self._was_up:
            event = "device up" if self._was_up is None else "device recovered"
            _log.info(event, device=self.device, profile=profile, missed=self._missed)
        self._missed = 0
        self._down.over()

    def _silent(self, first: Failure) -> None:
        before = self._down.what
        repeated = self._down.again(first.kind)
        fields = {"device": self.device, "kind": first.kind, "reason": first.message}
        if before is None:
            _log.warning("device down", **fields)
        elif repeated is not None:
            _log.warning("device still down", **fields, before=before, repeated=repeated)

    def _requests(self, failures: tuple[Failure, ...]) -> None:
        """Log requests that fail while the device answers others, one problem per kind."""
        kinds = {failure.kind: failure for failure in reversed(failures)}
        for kind, first in kinds.items():
            known = self._failing.get(kind)
            if known is None:
                self._failing[kind] = _Failing()
                _log.warning("requests fail", device=self.device, kind=kind, reason=first.message)
            else:
                known.repeated, known.quiet = known.repeated + 1, 0
        for kind in [kind for kind in self._failing if kind not in kinds]:
            known = self._failing[kind]
            known.quiet += 1
            if known.quiet >= _QUIET_CYCLES:
                del self._failing[kind]
                _log.info(
                    "requests answered", device=self.device, kind=kind, repeated=known.repeated
                )
