"""What becomes of each record: whose it is, whether it is measured, and why not."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.errors import MalformedRecord
from monitor.interfaces import Format, Probes, Source
from monitor.pipeline.waiting import Taken
from monitor.pipeline.watch import Watch, lately
from monitor.records import Exchange, Record, RecordBatch
from monitor.state import DeadLetter
from monitor.telemetry import Outcome, Skip


@dataclass(frozen=True, slots=True)
class Feed:
    """A source and the format of its records. Of a `live` one, which goes on whether we keep up or not, exchanges that
    there is no time to read are left out; another one waits."""

    source: Source
    format: Format
    live: bool = True


class Intake:
    """Decodes the records of `feeds` and draws those to be measured, each for the first of `watches` that it matches.

    An exchange that `probes` knows is no user's: it is counted, not measured. `keep_bodies`: of a record that cannot be
    read its bytes are kept. `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        feeds: Mapping[str, Feed],
        watches: Mapping[str, Watch],
        *,
        probes: Probes | None,
        keep_bodies: bool,
        clock: Callable[[], float],
    ) -> None:
        self._feeds, self._watches, self._probes = feeds, watches, probes
        self._keep_bodies, self._clock = keep_bodies, clock
        self._owner: dict[tuple[str, str | None], str | None] = {}

    def take(self, name: str, batch: RecordBatch) -> Taken:
        """A batch of the feed `name`, with what it changes once it is measured."""
        taken = Taken(name, batch.position)
        taken.counts.gaps[name] += batch.gaps
        for record in batch.records:
            self._decode(record, taken)
        taken.watches = {model: watch.dump() for model, watch in self._watches.items()}
        return taken

    def _decode(self, record: Record, taken: Taken) -> None:
        outcomes = taken.counts.of(taken.feed)
        try:
            exchange = self._feeds[taken.feed].format.decode(record)
        except MalformedRecord as error:
            outcomes[Outcome.DEAD_LETTER] += 1
            taken.counts.dead_letters[str(error.reason)] += 1
            taken.letters.append(self._letter(taken.feed, record, error))
        else:
            outcomes[self._choose(exchange, taken)] += 1

    def _choose(self, exchange: Exchange, taken: Taken) -> Outcome:
        """Puts the exchange where it is measured, or says why it is not."""
        key = (exchange.model, exchange.adapter)
        model = self._owner[key] if key in self._owner else self._find_owner(key)
        if model is None:
            taken.counts.skipped[Skip.UNKNOWN_MODEL] += 1
            return Outcome.SKIPPED
        if self._probes is not None and self._probes.is_probe(exchange):
            taken.counts.skipped[Skip.PROBE] += 1
            return Outcome.SKIPPED
        watch = self._watches[model]
        watch.seen = self._clock()
        content = exchange.has_content
        watch.empty = lately(watch.empty, int(not content), 1)
        if not content:
            taken.counts.skipped[Skip.NO_CONTENT] += 1
            return Outcome.SKIPPED
        draw = watch.sampler.draw(exchange)
        if draw is None:
            return Outcome.SAMPLED_OUT
        taken.drawn[model].append((exchange, draw))
        return Outcome.MEASURED

    def _find_owner(self, key: tuple[str, str | None]) -> str | None:
        found = next((name for name, watch in self._watches.items() if watch.matches(*key)), None)
        if len(self._owner) < 10_000:  # a client may send any name: the memory of them is bounded
            self._owner[key] = found
        return found

    def _letter(self, name: str, record: Record, error: MalformedRecord) -> DeadLetter:
        value = record.value
        return DeadLetter(
            source=name,
            partition=record.partition,
            offset=record.offset,
            time=record.time,
            reason=str(error.reason),
            detail=error.detail[:200],
            size=record.size if value is None else len(value),
            sha256=None if value is None else hashlib.sha256(value).hexdigest(),
            body=value if self._keep_bodies else None,
        )
