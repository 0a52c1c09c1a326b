"""How likely a text, or an answer to a prompt, is of each class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from monitor.errors import ConfigError
from monitor.networks.buckets import padded
from monitor.networks.choice import Choice
from monitor.networks.cutting import MOST_TILES, head_and_tail, tiles
from monitor.networks.labels import labels_of, places
from monitor.networks.lanes import Rows
from monitor.networks.model import Kind, bring
from monitor.networks.network import Network

_VERSION = 1
"""Goes up when cutting or what is made of the logits changes."""


class Classifier(Network):
    """A sequence classifier. `most_tokens` read at once, None: what the model says, at most 512. ConfigError as
    `Choice` says, and where the model gives a number and no classes."""

    def __init__(self, choice: Choice, *, most_tokens: int | None = None) -> None:
        super().__init__(choice, bring(choice), Kind.CLASSES, most_tokens)
        config = self._model.config
        if config.problem_type == "regression":
            raise ConfigError(f"{choice.model}: gives a number and no classes; name another sequence classifier")
        self.labels = labels_of(config)
        """Names of the classes, in the order of the columns."""
        self._each_alone = config.problem_type == "multi_label_classification" or len(self.labels) == 1
        self._frames = {texts: self._model.frame(texts) for texts in (1, 2)}
        self._room = {texts: self._model.room(frame) for texts, frame in self._frames.items()}
        endless = getattr(config, "pad_token_id", None) is None  # its head could not tell where a padded row ends
        self._alone = endless or self._model.device == "cpu"
        self.identity = self._identity(_VERSION, self._model.most_tokens)

    @property
    def most_tokens(self) -> int:
        """That are read at once, the prompt and special ones counted."""
        return self._model.most_tokens

    def probabilities(
        self,
        prompts: Sequence[str] | None,
        answers: Sequence[str],
        sums: Sequence[Sequence[str]] | None = None,
    ) -> NDArray[np.float32]:
        """(n, k) in [0, 1], a column per label; with `sums` one for each of them: the probability of its labels
        together, at most 1. NaN for an answer that is blank. ConfigError for a label that the model does not have.

        Labels that exclude each other share 1 (softmax); those of a model for several labels, and a single one, stand
        each for itself (sigmoid). With `prompts` (n,) prompt and answer are read together as the tokenizer joins two
        texts. An answer that is longer than the model reads is read in pieces that overlap, at most eight from its head
        and its tail, each with the prompt, which is cut to its head and tail where it takes over a third. What counts
        is the piece that is most likely of the label, column by column: rows of a long answer need not sum to 1.
        On a processor a row is the same whatever stands beside it; on a GPU rounding may differ.
        """
        columns = [[i] for i in range(len(self.labels))] if sums is None else [self.places(each) for each in sums]
        out = np.full((len(answers), len(columns)), np.nan, np.float32)
        said = [row for row, answer in enumerate(answers) if answer.strip()]
        if said:
            pieces, kinds, firsts = self._pieces(prompts and [prompts[row] for row in said], [answers[i] for i in said])
            scores = self._scores(pieces, kinds)
            summed = np.stack([scores[:, each].sum(axis=1) for each in columns], axis=1)
            out[said] = np.maximum.reduceat(np.minimum(summed, 1), firsts)
        return out

    def places(self, labels: Sequence[str]) -> list[int]:
        """Where labels stand in `labels`. ConfigError, which names those there are, for one that the model lacks."""
        return places(labels, self.labels)

    def _pieces(
        self, prompts: Sequence[str] | None, answers: Sequence[str]
    ) -> tuple[list[list[int]], list[list[int]] | None, list[int]]:
        """Tokens of each piece, which text each of them is of where the model wants to know, and the place of each
        answer's first piece."""
        texts = 1 if prompts is None else 2
        frame, room = self._frames[texts], self._room[texts]
        before: list[list[list[int]]] = [[] for _ in answers]
        if prompts is not None:
            before = [[head_and_tail(tokens, room // 3)] for tokens in self._model.plain(prompts, room // 3)]
        pieces: list[list[int]] = []
        kinds: list[list[int]] = []
        firsts: list[int] = []
        for given, tokens in zip(before, self._model.plain(answers, room * MOST_TILES), strict=True):
            firsts.append(len(pieces))
            for place in tiles(len(tokens), room - sum(map(len, given)), MOST_TILES):
                pieces.append(frame.around(*given, tokens[place]) or [self._model.padding])
                kinds.append(frame.kinds_around(*given, tokens[place]) or [0] * len(pieces[-1]))
        return pieces, kinds if frame.special_kinds is not None else None, firsts

    def _scores(self, pieces: list[list[int]], kinds: list[list[int]] | None) -> NDArray[np.float32]:
        out = np.empty((len(pieces), len(self.labels)), np.float32)

        def fill(rows: Rows, tokens: Rows, mask: Rows) -> None:
            told = None if kinds is None else padded([kinds[row] for row in rows], 0)[0]
            logits = self._model.logits(tokens, mask, told)
            out[rows] = expit(logits) if self._each_alone else softmax(logits, axis=1)

        self._lanes.run(pieces, fill, alone=self._alone)
        return out
