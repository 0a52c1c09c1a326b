"""Who is named in a text, by a token classifier."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.networks.buckets import padded
from monitor.networks.choice import Choice
from monitor.networks.cutting import MOST_TILES, tiles
from monitor.networks.labels import labels_of, places
from monitor.networks.lanes import Rows
from monitor.networks.model import Kind, bring
from monitor.networks.network import Network
from monitor.networks.placed import Placed

_PERSON = re.compile(r"(?:.*[^a-z])?per(?:son)?", re.IGNORECASE)
"""PER, B-PER, I-PERSON, private_person; not PAPER."""

_VERSION = 1
"""Goes up when cutting or what is made of the logits changes."""

_Said = NDArray[np.bool_]


class Names(Network):
    """A token classifier that tells persons. `labels` are those of persons, as the model's `id2label` spells them;
    None: those that end in PER or PERSON, with a prefix such as B- or without. ConfigError as `Choice` says, and where
    the model lacks a label or tells no persons, or its tokenizer does not say where tokens stand."""

    def __init__(self, choice: Choice, *, labels: Sequence[str] | None = None) -> None:
        super().__init__(choice, bring(choice), Kind.TOKENS)
        known = labels_of(self._model.config)
        self.labels = tuple(labels if labels is not None else filter(_PERSON.fullmatch, known))
        """Of persons."""
        self._places = places(self.labels, known)
        if not self._places:
            raise ConfigError(
                f"{choice.model}: no label ends in PER or PERSON; name those of persons, of {', '.join(known)}"
            )
        self._model.placed([], 1)  # its tokenizer can, or that is said now
        self._frame = self._model.frame(1)
        self._room = self._model.room(self._frame)
        self.identity = self._identity(_VERSION, self._model.most_tokens, sorted(self._places))

    def found(self, texts: Sequence[str]) -> list[list[str]]:
        """For each text the names in it, in their order and as they are written; none in a blank text.

        A name is a maximal run of tokens whose most likely label is one of a person, extended to whole words. A text
        that is longer than the model reads is read in pieces that overlap, at most eight from its head and its tail; of
        a token the piece counts in which it stands furthest from an edge. On a processor what is found in a text is the
        same whatever stands beside it; on a GPU rounding may decide between two labels.
        """
        placed = self._model.placed(texts, self._room * MOST_TILES)
        pieces = [
            (row, place)
            for row, each in enumerate(placed)
            if each.text.strip()
            for place in tiles(len(each.tokens), self._room, MOST_TILES)
        ]
        persons = [np.zeros(len(each.tokens), np.bool_) for each in placed]
        inside = [np.full(len(each.tokens), -1) for each in placed]
        for (row, place), said in zip(pieces, self._read(placed, pieces), strict=True):
            depth = np.minimum(np.arange(len(said)), np.arange(len(said))[::-1])
            deeper = depth > inside[row][place]
            persons[row][place] = np.where(deeper, said, persons[row][place])
            inside[row][place] = np.maximum(depth, inside[row][place])
        return [each.stretches(chosen) for each, chosen in zip(placed, persons, strict=True)]

    def _read(self, placed: Sequence[Placed], pieces: Sequence[tuple[int, slice]]) -> list[_Said]:
        """For each piece of a text, for each of its tokens: whether it is of a person."""
        tokens = [placed[row].tokens[place] for row, place in pieces]
        rows = [self._frame.around(each) or [self._model.padding] for each in tokens]
        kinds = [self._frame.kinds_around(each) or [0] * len(row) for each, row in zip(tokens, rows, strict=True)]
        before = len(self._frame.special[0])
        out: list[_Said] = [np.zeros(0, np.bool_)] * len(rows)

        def fill(some: Rows, given: Rows, mask: Rows) -> None:
            told = None if self._frame.special_kinds is None else padded([kinds[i] for i in some], 0)[0]
            likely = self._model.logits(given, mask, told).argmax(axis=-1)
            for i, labels in zip(some.tolist(), np.isin(likely, self._places), strict=True):
                out[i] = labels[before : before + len(tokens[i])]

        self._lanes.run(rows, fill, alone=self._model.device == "cpu")
        return out
