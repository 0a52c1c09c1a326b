"""Whether events became more frequent, item by item: an exact test that no item's own rate can disturb.

Of an item that was looked at k times before and w times now, with y events in all, the events now are hypergeometric
when nothing changed, whatever the item's rate: y of k + w places are drawn, w of them are now. Items are independent,
so a sum over them has the convolution of these laws (a stratified Fisher test; McNemar's exact test is the case
k = w = 1).

What is summed may be events (BROAD), best when all items got a little worse, or scores that grow with how much likelier
an item's events are had it been lost (FOCUSED), best when few items were, as losses mostly are. Both are exact: the
form only says which outcomes count as more extreme.
"""

import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.int64]

_STEPS = 16  # a score is a whole number of sixteenths of a nat


@dataclass(frozen=True)
class Form:
    """What is summed. `share` None: events. A share: log(1 - share + share L), where L is how much likelier the item's
    events are when their odds are multiplied by `odds` (the mean over these), at most `cap` nats, so that no item
    outweighs a few others."""

    share: float | None = None
    odds: tuple[float, ...] = ()
    cap: float = math.inf


BROAD = Form()
FOCUSED = Form(share=0.1, odds=(4.0, 30.0), cap=2.0)


def more_than_before(
    events: ArrayLike, n: ArrayLike, events_before: ArrayLike, n_before: ArrayLike, form: Form = BROAD
) -> float:
    """The chance, when nothing changed, of as much more now as there is: an exact p-value, one-sided.

    Each argument is (items,): events and looks now, and before. 1.0 when nothing can be told (no item was looked at
    both times, or no item has both events and looks without). Cost: about 10 us per item that tells.
    """
    now, n_now, before, n_then = (np.asarray(x, np.int64) for x in (events, n, events_before, n_before))
    tells = (n_now > 0) & (n_then > 0) & (now + before > 0) & (now + before < n_now + n_then)
    rows = [(int(w), int(y), int(k)) for w, y, k in zip(n_now, now + before, n_then, strict=True)]
    law, least, seen = np.ones(1), 0, 0
    for i in np.flatnonzero(tells):
        low, scores, _ = _law(form, *rows[i])
        seen += int(scores[int(now[i]) - low])
    for kind, times in Counter(rows[i] for i in np.flatnonzero(tells)).items():
        _, scores, chances = _law(form, *kind)
        fewest = int(scores[0])
        least += fewest * times
        one = np.bincount(scores - fewest, weights=chances)
        for _ in range(times):
            law = np.convolve(law, one)
    return float(min(1.0, law[max(seen - least, 0) :].sum()))


@lru_cache(maxsize=1 << 16)
def _law(form: Form, w: int, y: int, k: int) -> tuple[int, Counts, NDArray[np.float64]]:
    """Of an item with w looks now, k before and y events in all: the fewest events that may be of now, the score of
    each number from there on, never falling, and its chance when nothing changed. Not to be written to."""
    low, high = max(0, y - k), min(w, y)
    ways = math.comb(w + k, w)
    chances = np.array([math.comb(y, x) * math.comb(w + k - y, w - x) / ways for x in range(low, high + 1)])
    if form.share is None:
        return low, np.arange(low, high + 1), chances
    more = np.zeros(len(chances))
    for odds in form.odds:
        if_lost = chances * odds ** (np.arange(len(chances)) - float(len(chances) - 1))
        more += if_lost / if_lost.sum() / len(form.odds)
    ratio = np.divide(more, chances, out=np.zeros_like(more), where=chances > 0)
    score = np.minimum(np.log(1 - form.share + form.share * ratio), form.cap)
    return low, np.rint(score * _STEPS).astype(np.int64), chances


def change(
    events: ArrayLike, n: ArrayLike, events_before: ArrayLike, n_before: ArrayLike
) -> tuple[float, float, float] | None:
    """(change, low, high) of the mean over items of their rates of events, with an interval of about 95 %: the normal
    one of a sum of independent items, each rate shrunk by half an event so that no spread is zero. None when no item
    was looked at both times."""
    now, n_now, before, n_then = (np.asarray(x, float) for x in (events, n, events_before, n_before))
    both = (n_now > 0) & (n_then > 0)
    if not both.any():
        return None
    now, n_now, before, n_then = now[both], n_now[both], before[both], n_then[both]
    difference = float((now / n_now - before / n_then).mean())
    rate = (now + before + 0.5) / (n_now + n_then + 1)
    variance = float((rate * (1 - rate) * (1 / n_now + 1 / n_then)).sum()) / len(rate) ** 2
    half = 1.96 * variance**0.5
    return difference, max(-1.0, difference - half), min(1.0, difference + half)


def smallest_loss(n: ArrayLike, events_before: ArrayLike, n_before: ArrayLike, alpha: float) -> float | None:
    """The smallest rise of the mean rate that such a test at level `alpha` finds about every second time, when it turns
    that share of looks without event, anywhere, into events. None when even all of them would not be found."""
    n_now, before, n_then = (np.asarray(x, float) for x in (n, events_before, n_before))
    both = (n_now > 0) & (n_then > 0)
    if not both.any():
        return None
    n_now, before, n_then = n_now[both], before[both], n_then[both]
    rate = before / n_then
    low, high = 0.0, 1.0
    if _p_at(1.0, n_now, rate, before, n_then) > alpha:
        return None
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if _p_at(middle, n_now, rate, before, n_then) <= alpha else (middle, high)
    return float(high * (1 - rate).mean())


def _p_at(
    share: float,
    n: NDArray[np.float64],
    rate: NDArray[np.float64],
    before: NDArray[np.float64],
    n_before: NDArray[np.float64],
) -> float:
    """p of the events that are expected, spread over the items so that whole numbers of them come out."""
    expected = np.cumsum(n * (rate + share * (1 - rate)))
    events = np.diff(np.floor(expected + 0.5), prepend=0.0)
    return more_than_before(np.minimum(events, n), n, before, n_before)
