"""Means of signals as people read them, alike on every page and terminal."""

import math

_LOG, _LOG_1P, _PARTS = "log(", "log(1 + ", ("0/1", "share", "score")


def number(x: float | None, unit: str) -> str:
    """Means of logarithms as the numbers they stand for, shares in per cent, others as they are; without the unit."""
    if x is None:
        return "–"
    if unit.startswith(_PARTS):
        return f"{x:.2%}" if 0 < abs(x) < 0.005 else f"{x:.1%}"
    x = math.expm1(x) if unit.startswith(_LOG_1P) else math.exp(x) if unit.startswith(_LOG) else x
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def unit_of(unit: str) -> str:
    """The unit in which `number` gives it; "" where it says it itself."""
    if unit.startswith(_PARTS):
        return ""
    return unit.removeprefix(_LOG_1P).removeprefix(_LOG).removesuffix(")") if unit.startswith(_LOG) else unit


def readable(x: float | None, unit: str) -> str:
    """A number with its unit."""
    return number(x, unit) if x is None else f"{number(x, unit)} {unit_of(unit)}".rstrip()
