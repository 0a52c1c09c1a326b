"""One run of probes: what it is, and how it is put."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from monitor import suites
from monitor.interfaces import Scorer
from monitor.journal import Header, Journal, read
from monitor.outcomes import AGAIN, stand_out
from monitor.prober import Prober
from monitor.probing import Ask

Asks = Mapping[str, Sequence[Ask]]
"""By name of their suite."""


def header_of(
    asks: Asks,
    scorers: Mapping[str, Scorer],
    *,
    model: str,
    repeats: Mapping[str, int],
    started: float,
    epoch: int | None,
) -> Header:
    """Of a run over suites whose asks are `asks`, all of them."""
    return Header(
        suites={name: suites.suite_hash(some) for name, some in asks.items()},
        scorers={name: scorer.identity for name, scorer in scorers.items()},
        model=model,
        repeats=repeats,
        started=started,
        epoch=epoch,
    )


async def put(
    prober: Prober,
    journal: Journal,
    asks: Asks,
    chosen: Asks,
    repeats: Mapping[str, int],
    *,
    again: bool,
    path: Path,
) -> None:
    """Puts the chosen asks; then, `again`, the other prompts of each trigger that stood out. `path` is the
    journal's."""
    for name, some in chosen.items():
        await prober.run(some, journal, repeats=range(repeats[name]))
    suspects = stand_out(read(path).observations) if again else frozenset()
    put_already = {ask.hash for some in chosen.values() for ask in some}
    fresh = [
        ask
        for some in asks.values()
        for ask in some
        if (ask.item, ask.variant) in suspects and ask.hash not in put_already
    ]
    await prober.run(fresh, journal, repeats=[AGAIN])
