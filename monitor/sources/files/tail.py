"""One path over its whole life: the file that it names now, and those that take its place."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from monitor.errors import ConfigError, TemporaryError
from monitor.records import Position, Record
from monitor.sources.files.generation import Generation, find_renamed, open_generation

log = logging.getLogger(__name__)


class Tail:
    """Reads the path's file to its end and, with `follow`, what is written to it from then on, like `tail -F`.

    `position` names the file that is read now and no earlier one. Raises ConfigError when the file cannot be opened at
    first (with `follow` it need not exist yet, but its folder must), TemporaryError when it cannot be later on.
    """

    def __init__(self, path: str, start: Position, *, follow: bool, max_record_bytes: int) -> None:
        self._path = path
        self._follow = follow
        self._max_record_bytes = max_record_bytes
        self._saved = {key: offset for key, offset in start.items() if key.rpartition("#")[0] == path}
        self._generation: Generation | None = None
        self._renamed, self._at_end = False, False
        self._seen = False
        self.position: Mapping[str, int] = dict(self._saved)
        self.ended = False
        self.gaps = 0
        """How often records were gone before they were read, not yet told."""

    def read(self, count: int) -> Sequence[Record]:
        """The next records, at most `count`; none for now when empty, for good when `ended`."""
        try:
            return self._read(count)
        except OSError as error:
            reason = error.strerror or str(error)
            if self._seen:
                raise TemporaryError(f"{self._path}: cannot be read any more: {reason}") from error
            raise ConfigError(f"{self._path}: cannot be read: {reason}") from error

    def close(self) -> None:
        if self._generation is not None:
            self._generation.close()
            self._generation, self._at_end = None, False

    def _read(self, count: int) -> Sequence[Record]:
        if self._generation is None and not self._open():
            return ()
        generation = self._generation
        assert generation is not None
        if self._at_end and generation.was_cut():
            log.warning("%s was emptied after byte %d; reading it from its beginning", self._path, generation.offset)
            self.close()
            return ()
        records = generation.take(count)
        self._at_end = self._follow and not records
        if not records and self._is_finished(generation):
            records = generation.take(count) or self._finish(generation)
        if self._generation is generation or records:
            self.position = {generation.partition: generation.offset}
        return records

    def _is_finished(self, generation: Generation) -> bool:
        """Whether nothing will be added to this file. The caller reads once more, since something may have been added
        before another took its place."""
        return not self._follow or self._renamed or generation.compressed or generation.was_replaced()

    def _finish(self, generation: Generation) -> list[Record]:
        records = generation.rest()
        self.close()
        self.ended = not self._renamed and (not self._follow or generation.compressed)
        self._renamed = False
        return records

    def _open(self) -> bool:
        """Opens the file under the path, or first the one that was read last under it and has another name by now."""
        try:
            generation = open_generation(self._path, whole=not self._follow)
        except FileNotFoundError:
            if not self._follow or not Path(self._path).parent.is_dir():
                raise
            return False  # it may come yet
        self._seen = True
        if generation is None:
            self._note_empty()
            return False
        self._generation = self._at_saved_place(generation)
        self._saved = {}
        return True

    def _note_empty(self) -> None:
        if not self._follow:
            log.warning("%s is empty", self._path)
            self.ended = True

    def _at_saved_place(self, generation: Generation) -> Generation:
        if not self._saved or generation.partition in self._saved:
            offset = self._saved.get(generation.partition, 0)
            if not generation.seek(offset, self._max_record_bytes):
                log.warning("%s ends before byte %d, read last; reading it from its beginning", self._path, offset)
            return generation
        return self._renamed_first(generation)

    def _renamed_first(self, generation: Generation) -> Generation:
        earlier = find_renamed(self._path, self._saved)
        if earlier is None:
            log.warning("%s is not the file read last, and that is gone: the rest of it is lost", self._path)
            self.gaps += 1
            generation.seek(0, self._max_record_bytes)
            return generation
        log.info("%s is not the file read last; finishing that one first, under its new name", self._path)
        generation.close()
        earlier.seek(self._saved[earlier.partition], self._max_record_bytes)
        self._renamed = True
        return earlier
