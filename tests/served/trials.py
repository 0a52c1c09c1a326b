"""Baselines and nights of the models that are served: asked by the prober, kept in journals, read from them."""

import asyncio
import random
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from monitor import suites
from monitor.journal import Journal, Run, read
from monitor.outcomes import compare
from monitor.probe_runs import header_of, put_again
from monitor.prober import Prober
from monitor.probing import Ask, Kind, Sampling
from monitor.scorers import standard
from monitor.targets import open_target

DRAWN = Sampling(temperature=0.7, max_tokens=12)
"""Answers are drawn, so that no two nights are the same, and cut where it is clear whether they refuse."""

LIKELIEST = Sampling(temperature=0.0, max_tokens=12)
"""As the packs ask, but cut. Nights still differ in their wordings."""

AT_ONCE = 8
KEY = b"trials"

Suite = Mapping[str, Sequence[Ask]]


def suite(*packs: str, sampling: Sampling) -> Suite:
    """All asks by pack, answered so. Of single tokens the log-probabilities are compared: they stay as they are."""
    opened = suites.load_packs(packs)
    return {pack.id: [_answered_so(ask, sampling) for ask in suites.asks(pack, opened)] for pack in opened}


def _answered_so(ask: Ask, sampling: Sampling) -> Ask:
    return ask if ask.kind is Kind.FINGERPRINT else replace(ask, sampling=sampling)


def chosen(every: Suite, night: int) -> Suite:
    """What a night asks, in wordings of its own. All rotating items come: there are 60 to 100 items a category."""
    return {pack: suites.chosen(asks, KEY, night, rotating_share=1.0) for pack, asks in every.items()}


def drawn(pool: Run, n: int, trial: int) -> Run:
    """A baseline of `n` answers to each ask, drawn from those of a pool; others for each trial."""
    draw = random.Random(trial)
    by_ask: dict[str, list] = {}
    for observation in pool.observations:
        by_ask.setdefault(observation.ask, []).append(observation)
    return Run(pool.header, tuple(o for answers in by_ask.values() for o in draw.sample(answers, n)))


class Bench:
    """Puts asks to the models behind `url`, many runs at once: the server answers them together. `folder` keeps the
    journals."""

    def __init__(self, url: str, folder: Path, every: Suite) -> None:
        self._url, self._folder, self._every = url, folder, every
        self._scorers = standard()

    def baseline(self, model: str, asks: Suite, repeats: Sequence[int]) -> Run:
        """Each ask at each ordinal; a journal for each ordinal."""
        parts = _together([self._baseline(model, asks, repeat) for repeat in repeats])
        return Run(parts[0].header, tuple(o for part in parts for o in part.observations))

    def nights(self, wanted: Sequence[tuple[str, int, int, Run | None]]) -> list[Run]:
        """A run for each (model, night, ordinal of the answers, baseline that says what has to be asked afresh)."""
        return _together([self._night(*one) for one in wanted])

    async def _baseline(self, model: str, asks: Suite, repeat: int) -> Run:
        async with self._prober(model, f"{model}-baseline-{repeat}", None) as (prober, journal, path):
            for some in asks.values():
                await prober.run(some, journal, repeats=[repeat])
        return read(path)

    async def _night(self, model: str, night: int, repeat: int, baseline: Run | None) -> Run:
        """With all that stands out put again, as `tidegauge probe run --baseline` does."""
        flat = [ask for asks in self._every.values() for ask in asks]
        async with self._prober(model, f"{model}-night-{night}-{repeat}", night) as (prober, journal, path):
            for asks in chosen(self._every, night).values():
                await prober.run(asks, journal, repeats=[repeat])
            look = None if baseline is None else lambda run: compare(baseline, [run], flat).wanted
            await put_again(prober, journal, self._every, path=path, look=look)
        return read(path)

    @asynccontextmanager
    async def _prober(self, model: str, name: str, night: int | None):
        header = header_of(
            self._every,
            self._scorers,
            model=model,
            repeats=dict.fromkeys(self._every, 1),
            started=time.time(),
            epoch=night,
            anchored={},
        )
        target = open_target(base_url=self._url, model=model, timeout_secs=600.0)
        path = self._folder / f"{name}.jsonl"
        prober = Prober(target=target, scorers=self._scorers, now=time.time, concurrency=AT_ONCE)
        try:
            with Journal(path, header) as journal:
                yield prober, journal, path
        finally:
            await target.close()


def _together(runs: Sequence[Awaitable[Run]]) -> list[Run]:
    async def all_of_them():
        return await asyncio.gather(*runs)

    return asyncio.run(all_of_them())
