"""Finds out by trying which of several formats a record is in."""

from collections.abc import Mapping

from monitor.errors import Malformed, MalformedRecord
from monitor.interfaces import Format
from monitor.records import Exchange, Record

ANOTHER_MAY_FIT = frozenset({Malformed.WRONG_SHAPE, Malformed.HALF})
"""Any other reason is about the bytes: no format could read them."""


class AutoFormat:
    """Tries the format that worked last first: a stream of one format costs one attempt per record.

    When none fits, the reason is HALF if any format knew the record as half of an exchange, else WRONG_SHAPE with what
    each format missed. A record in a format of its own, but damaged, costs one attempt per format.
    """

    def __init__(self, formats: Mapping[str, Format]) -> None:
        self._formats = dict(formats)

    def decode(self, record: Record) -> Exchange:
        refusals: dict[str, MalformedRecord] = {}
        for name, candidate in self._formats.items():
            try:
                exchange = candidate.decode(record)
            except MalformedRecord as malformed:
                if malformed.reason not in ANOTHER_MAY_FIT:
                    raise
                refusals[name] = malformed
                continue
            if refusals:
                self._formats = {name: candidate, **self._formats}  # a dict keeps the first place of a key
            return exchange
        raise _joined(refusals)


def _joined(refusals: Mapping[str, MalformedRecord]) -> MalformedRecord:
    halves = {name: refusal for name, refusal in refusals.items() if refusal.reason is Malformed.HALF}
    chosen = halves or refusals
    reason = Malformed.HALF if halves else Malformed.WRONG_SHAPE
    return MalformedRecord(reason, "; ".join(f"as {name}: {chosen[name].detail}" for name in sorted(chosen)))
