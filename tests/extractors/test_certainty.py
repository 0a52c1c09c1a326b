"""Recorded logprob and entropy."""

import math

import pytest


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [(None, math.nan), (-0.25, -0.25), (0.0, 0.0), (-math.inf, math.nan), (math.nan, math.nan)],
)
@pytest.mark.parametrize("name", ["logprob", "entropy"])
def test_as_recorded(measure, name: str, recorded: float | None, expected: float) -> None:
    row = measure("certainty", "x", **{name: recorded})
    assert row.pop(name) == pytest.approx(expected, nan_ok=True)
    assert all(math.isnan(other) for other in row.values())
