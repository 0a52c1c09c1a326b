"""An evaluation run as files -> the exchanges that a baseline is built from."""

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import ConfigError, MalformedRecord
from monitor.formats import format_of
from monitor.records import Exchange
from monitor.sources import SOURCES


@dataclass(frozen=True, slots=True)
class Run:
    """The exchanges read, SHA-256 of each file by its name, and how many records were left out and why."""

    exchanges: Sequence[Exchange]
    digests: dict[str, str]
    left_out: Counter[str]

    def model_name(self, asked: str | None) -> str:
        """The name asked for, else the one that all exchanges carry. ConfigError when they carry several."""
        if asked is not None:
            return asked
        names = sorted({e.model for e in self.exchanges})
        if len(names) == 1:
            return names[0]
        found = f"{len(names)} models ({', '.join(names[:5])})"
        raise ConfigError(f"--model: the files hold exchanges of {found}: say which name the baseline is for")


def by_model(exchanges: Sequence[Exchange]) -> list[list[Exchange]]:
    """The exchanges of each model, and of each of its adapters, apart."""
    apart: dict[tuple[str, str | None], list[Exchange]] = {}
    for exchange in exchanges:
        apart.setdefault((exchange.model, exchange.adapter), []).append(exchange)
    return list(apart.values())


def read(paths: Sequence[Path], record_format: str, *, on_progress: Callable[[int], object]) -> Run:
    """Reads all files once. Records that cannot be read, or that hold no answer, are left out and counted.
    ConfigError when a file cannot be read, the format is unknown, or nothing can be used."""
    decode = format_of(record_format).decode
    exchanges: list[Exchange] = []
    left_out: Counter[str] = Counter()
    source = SOURCES["files"](paths=[str(path) for path in paths], wait=lambda _: None, stdin=sys.stdin.buffer)
    for batch in source.batches({}):
        for record in batch.records:
            try:
                exchange = decode(record)
            except MalformedRecord as error:
                left_out[str(error.reason)] += 1
                continue
            if exchange.probe:
                left_out["probe"] += 1
            elif exchange.has_content:
                exchanges.append(exchange)
            else:
                left_out["no_content"] += 1
        on_progress(len(exchanges))
    if not exchanges:
        why = ", ".join(f"{n} {reason}" for reason, n in left_out.items())
        named = ", ".join(str(path) for path in paths[:3]) + (", ..." if len(paths) > 3 else "")
        raise ConfigError(f"no usable exchange in {named}: " + (f"left out {why}" if why else "no records at all"))
    return Run(exchanges, {path.name: _digest(path) for path in paths if str(path) != "-"}, left_out)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
