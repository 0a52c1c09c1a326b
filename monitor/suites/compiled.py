"""Suites that are asks already: `*.asks.jsonl`, a line that says what it is and one ask a line."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from monitor.errors import ConfigError
from monitor.probing import Ask
from monitor.suites.rules import is_name
from monitor.suites.schema import Pack, Repeats

ENDING = ".asks.jsonl"
FORMAT = 1

_MOST_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Compiled:
    """A suite that needs no expanding. `adversarial`: its prompts are attacks, which an endpoint's owner must allow.
    `title` says where it comes from."""

    id: str
    asks: tuple[Ask, ...]
    adversarial: bool = False
    title: str = ""

    @property
    def repeats(self) -> Repeats:
        """The usual ones."""
        return Repeats()

    @property
    def items(self) -> tuple[str, ...]:
        """Names of its items, in their order."""
        return tuple(dict.fromkeys(ask.item for ask in self.asks))


Suite = Pack | Compiled
"""What a run puts."""


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    tidegauge_asks: int = FORMAT
    name: str
    title: str
    hash: str
    asks: int
    adversarial: bool


def write_compiled(path: Path, suite: Compiled, suite_hash: str) -> None:
    """Writes a new file. ConfigError when there is one already, its name does not end in `.asks.jsonl`, or it cannot be
    written."""
    if not path.name.endswith(ENDING):
        raise ConfigError(f"{path}: a suite's name ends in {ENDING}")
    head = _Head(name=suite.id, title=suite.title, hash=suite_hash, asks=len(suite.asks), adversarial=suite.adversarial)
    try:
        with path.open("xb") as file:
            for line in (head, *suite.asks):
                file.write(msgspec.json.encode(line) + b"\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None


def read_compiled(path: Path) -> tuple[Compiled, str]:
    """The suite, and the hash that its asks must have. ConfigError with a line for a file that is none or damaged."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{path}: larger than {_MOST_BYTES:,} bytes: split it")
        with path.open("rb") as file:
            head = msgspec.json.decode(file.readline(), type=_Head)
            asks = tuple(_asks(path, islice(file, head.asks + 1)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ConfigError(f"{path}:1: no suite as `tidegauge probe import` writes") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None
    if head.tidegauge_asks != FORMAT or not is_name(head.name):
        raise ConfigError(f"{path}:1: not of format {FORMAT}, or its name is none")
    if len(asks) != head.asks or not asks:
        raise ConfigError(f"{path}: has not the {head.asks:,} asks that it says; import it again")
    return Compiled(head.name, asks, head.adversarial, head.title), head.hash


def _asks(path: Path, lines: Iterable[bytes]) -> Iterable[Ask]:
    decoder = msgspec.json.Decoder(Ask)
    for number, line in enumerate(lines, start=2):
        try:
            ask = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"{path}:{number}: no ask: {error}") from None
        if not ask.turns or ask.turns[-1].role != "user":
            raise ConfigError(f"{path}:{number}: an ask ends with a user's turn")
        yield ask
