"""Checks of the dimensions in a generation's expressions, and of their results."""

from collections.abc import Iterator

from agent.commission.spec.dimensions import (
    NUMBER,
    PER_SECOND,
    PLAIN,
    Dimension,
    Mismatch,
    of,
    of_base,
    times,
)
from agent.commission.spec.expression import comparisons
from agent.commission.spec.models import GenerationSpec, LimitCheck, Measured, Signal, find_unit
from agent.model.catalogue import CATALOGUE

_BETWEEN = ("spread", "closest")
"""Aggregations of ``take`` that are differences between series."""


def wrong(spec: GenerationSpec, text: str, is_condition: bool) -> Iterator[str]:
    """Yield an error per invalid sum or comparison in ``text``; formulas must be expanded."""
    try:
        if not is_condition:
            _dimension(spec, text)
            return
        for one, comparison, other in comparisons(text):
            left, right = _dimension(spec, one), _dimension(spec, other)
            if not left.fits(right):
                yield f"{text!r}: {left} {comparison} {right} cannot be compared"
    except Mismatch as error:
        yield str(error)


def wrong_unit(spec: GenerationSpec, check: Measured, text: str) -> Iterator[str]:
    """Yield an error if the measure does not have the dimension of the check's unit, if any.

    Raises Mismatch for a measure that is invalid itself.
    """
    if "unit" not in check.model_fields_set:
        return
    found = _dimension(spec, text)
    if isinstance(check, LimitCheck) and check.reduce == "rate":
        found = times(found, PER_SECOND)
    unit = of_base(find_unit(check.unit).base)
    if not found.fits(unit):
        yield f"{check.unit!r} is {unit}, but {check.measure!r} is {found}"


def _dimension(spec: GenerationSpec, text: str) -> Dimension:
    names = {name: _of_signal(signal) for name, signal in spec.signals.items()}
    names |= {n: of_base(find_unit(given.unit).base) for n, given in spec.constants.items()}
    curves = {
        name: (of_base(find_unit(given.x).base), of_base(find_unit(given.y).base))
        for name, given in spec.curves.items()
    }
    return of(text, names, curves)


def _of_signal(signal: Signal) -> Dimension:
    known = CATALOGUE.get(signal.metric)
    if known is None or signal.take == "count":
        return PLAIN
    found = of_base(known.unit)
    if found.above is not None and signal.take == "sum":
        return NUMBER
    if found.above and signal.take in _BETWEEN:
        return Dimension(found.powers, above=False)
    return found
