"""The formulas of the simulated rack: fluids, humid air, exchangers, power supplies, noise.

Inside the model power is in kW, heat in kJ, coolant flow in L/min, pressure in kPa; base units
appear only in the observations.
"""

from hashlib import blake2b
from math import exp, log, sqrt

AIR_DENSITY_KG_L = 1.2e-3
AIR_HEAT_KJ_KG_K = 1.006
WATER_HEAT_KJ_L_K = 0.996 * 4.18
"""Facility water: density times specific heat."""

_MASK = (1 << 64) - 1
_CHUNK = 0xFFFF
_CHUNKS_MEAN = 2.0 * _CHUNK
_CHUNKS_DEVIATION = _CHUNK * sqrt(4.0 / 12.0)


def pg25_heat_kj_l_k(temperature_c: float) -> float:
    """Return the heat that a litre of PG25 takes per kelvin.

    Linear through 3.94 kJ/kgK and 1,019.2 g/L at 30 C, 3.96 and 1,014.3 at 40 C.
    """
    step = (temperature_c - 30.0) / 10.0
    return (3.94 + 0.02 * step) * (1.0192 - 0.0049 * step)


def effectiveness(ua_kw_k: float, hot_kw_k: float, cold_kw_k: float) -> float:
    """Return a counterflow exchanger's effectiveness (NTU method), 0..1, for the smaller stream."""
    smaller, larger = (hot_kw_k, cold_kw_k) if hot_kw_k < cold_kw_k else (cold_kw_k, hot_kw_k)
    ratio = smaller / larger
    units = ua_kw_k / smaller
    if 1.0 - ratio < 1e-3:  # the general formula is 0/0 for balanced streams
        return units / (1.0 + units)
    decay = exp(-units * (1.0 - ratio))
    return (1.0 - decay) / (1.0 - ratio * decay)


def dew_point_c(temperature_c: float, humidity_ratio: float) -> float:
    """Return the dew point by the Magnus formula (WMO-No. 8: 17.62 and 243.12 C)."""
    gamma = log(max(humidity_ratio, 1e-3)) + 17.62 * temperature_c / (243.12 + temperature_c)
    return 243.12 * gamma / (17.62 - gamma)


def psu_efficiency(load_ratio: float) -> float:
    """Return the efficiency of a power supply at a share of its rating (1 is full load)."""
    return 0.975 - 0.03 * exp(-load_ratio / 0.08) - 0.012 * max(0.0, load_ratio - 0.5)


def clamp(value: float, low: float, high: float) -> float:
    """Return ``value``, or the limit it passes."""
    return low if value < low else high if value > high else value


def unbalance_ratio(values: tuple[float, float, float]) -> float:
    """Return the largest deviation from the mean over the mean (NEMA MG-1 12.45), or 0."""
    mean = sum(values) / 3.0
    return max(abs(value - mean) for value in values) / mean if mean > 0.0 else 0.0


def salt(*words: object) -> int:
    """Return a 64-bit number that is always the same for the same words, on every machine."""
    text = "\0".join(map(str, words)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def uniform(key: int) -> float:
    """Return a number in 0..1 that belongs to ``key``."""
    return _mix(key) / _MASK


def gaussian(key: int, tick: int) -> float:
    """Return noise of mean 0 and deviation 1 (at most 3.5) for this sensor and this second.

    A function of its arguments, not of a generator's state: reading twice gives the same value, and
    the order of reads changes nothing.
    """
    mixed = _mix(key ^ (tick * 0x9E3779B97F4A7C15))
    total = (mixed & _CHUNK) + (mixed >> 16 & _CHUNK) + (mixed >> 32 & _CHUNK) + (mixed >> 48)
    return (total - _CHUNKS_MEAN) / _CHUNKS_DEVIATION


def _mix(key: int) -> int:
    # The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    key &= _MASK
    key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    key = (key ^ key >> 27) * 0x94D049BB133111EB & _MASK
    return key ^ key >> 31
