"""What was put to a model as a probe, so that it is known when it comes back with the traffic.

A probe goes the way of users, and so its record may come back from logs without its header. The ledger holds salted
digests of the ids of answers and of the last user turns that were sent: no text.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from monitor.errors import ConfigError, TemporaryError
from monitor.prober.locks import locked, put_in_place
from monitor.probing import Answer, Turn
from monitor.records import Exchange

log = logging.getLogger(__name__)

LEAST_CHARACTERS = 16
"""A shorter prompt is known by the id of its answer alone: users type it too."""

_DIGEST = 16
_ID, _TWICE, _PROMPT = b"i", b"t", b"p"


class Ledger:
    """Remembers the latest `most` digests, in the file `probes.ledger` of `folder`, which several processes may share;
    None: in memory. `prompts` are known from the beginning, whatever their length. A digest is 16 bytes, appended
    before the request is sent; a file twice as long as it need be is written anew. Raises ConfigError when the folder
    cannot be used, TemporaryError when it cannot be written to."""

    def __init__(self, folder: Path | None = None, *, prompts: Iterable[str] = (), most: int = 100_000) -> None:
        self._path, self._most = folder and folder / "probes.ledger", most
        self._known: dict[bytes, None] = {}
        self._read, self._file = 0, 0
        try:
            self._salt = secrets.token_bytes(32) if folder is None else _salt(folder)
            self._look()
        except OSError as error:
            raise ConfigError(f"{folder}: the ledger of probes cannot be used: {error.strerror}") from None
        self._prompts = frozenset(self._digest(_PROMPT, prompt) for prompt in prompts)

    def sent(self, turns: Iterable[Turn]) -> None:
        """Remembers the last user turn. Called before the request goes out."""
        text = next((turn.content for turn in reversed(tuple(turns)) if turn.role == "user"), "")
        if len(text.strip()) >= LEAST_CHARACTERS:
            self._add(self._digest(_PROMPT, text))

    def answered(self, answer: Answer) -> None:
        """Remembers the answer's id, if any. One that comes twice (a server's constant, a cache's) is nobody's."""
        if answer.response_id:
            digest = self._digest(_ID, answer.response_id)
            self._add(self._digest(_TWICE, answer.response_id) if digest in self._known else digest)

    def is_probe(self, exchange: Exchange) -> bool:
        """Whether a recorded exchange is a probe: it says so, or its id or its last user turn is known."""
        if exchange.probe:
            return True
        if not (self._known or self._prompts):
            return False
        if self._digest(_ID, exchange.id) in self._known and self._digest(_TWICE, exchange.id) not in self._known:
            return True
        return self.knows(next((m.content for m in reversed(exchange.messages) if m.role == "user"), ""))

    def knows(self, prompt: str) -> bool:
        """Whether a text was sent as the last user turn of a probe, or is one of the prompts."""
        digest = self._digest(_PROMPT, prompt)
        return digest in self._known or digest in self._prompts

    def refresh(self) -> None:
        """Reads what was added to the file, also by other processes. While it cannot be read, what is known holds."""
        try:
            self._look()
        except OSError as error:
            log.warning("%s: cannot be read: %s; new probes are not known", self._path, error.strerror)

    def _look(self) -> None:
        if self._path is None or not self._path.exists():
            return
        with self._path.open("rb") as file:
            stat = os.fstat(file.fileno())
            if stat.st_ino != self._file or stat.st_size < self._read:
                self._known, self._read, self._file = {}, 0, stat.st_ino
            if stat.st_size - self._read < _DIGEST:
                return
            file.seek(self._read)
            raw = file.read()
        whole = len(raw) - len(raw) % _DIGEST
        for start in range(0, whole, _DIGEST):
            self._remember(raw[start : start + _DIGEST])
        self._read += whole

    def _remember(self, digest: bytes) -> None:
        self._known.pop(digest, None)  # so that it counts among the latest
        self._known[digest] = None
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def _add(self, digest: bytes) -> None:
        if self._path is None:
            self._remember(digest)
            return
        try:
            with locked(self._path):
                self._look()
                if digest in self._known:
                    return
                with self._path.open("ab") as file:
                    file.truncate(file.tell() - file.tell() % _DIGEST)  # what a crash cut off
                    file.write(digest)
                self._look()
                if self._read > 2 * self._most * _DIGEST:
                    self._shorten()
        except OSError as error:
            raise TemporaryError(f"{self._path}: cannot be written: {error.strerror}") from None

    def _shorten(self) -> None:
        assert self._path is not None
        put_in_place(self._path, b"".join(self._known))
        self._look()

    def _digest(self, kind: bytes, text: str) -> bytes:
        said = text.strip().encode("utf-8", "surrogatepass")
        return hashlib.blake2b(said, key=self._salt, person=kind, digest_size=_DIGEST).digest()


def _salt(folder: Path) -> bytes:
    """The folder's own salt, drawn when there is none: digests of two folders say nothing about each other."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "probes.salt"
    with locked(path):
        if not path.exists():
            put_in_place(path, secrets.token_bytes(32), mode=0o600)
        return path.read_bytes()[:32]
