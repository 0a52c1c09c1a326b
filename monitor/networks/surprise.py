"""How unlikely a small language model finds a text: high for gibberish, low for text that repeats itself."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.networks.cutting import head_and_tail
from monitor.networks.folder import identity
from monitor.networks.lanes import Lanes, Rows
from monitor.networks.model import Kind, Model, Precision, bring

TOKENS = 128
"""Of an answer that are read where the settings do not say."""

_BETWEEN = "\n\n"
_VERSION = 1
"""Goes up when what is read or averaged changes."""


class Surprise:
    """A causal language model: `model` is an id at Hugging Face or a folder.

    `revision` of an id: a branch, tag or commit. `offline`: the network is not touched, as with HF_HUB_OFFLINE=1.
    `device` "cpu", "cuda" or None: a GPU when there is one. `most_tokens` are read of an answer, its first ones, in any
    case no more than the model reads and 512. `threads` None: the processors that the container may use; sets torch to
    one thread for each batch, in the whole process. ConfigError where the model cannot be used or the extra `neural` is
    not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str | None = None,
        offline: bool = False,
        device: str | None = None,
        precision: Precision = Precision.AUTO,
        most_tokens: int = TOKENS,
        threads: int | None = None,
    ) -> None:
        folder = bring(model, revision, offline=offline)
        self._model = Model(folder, kind=Kind.NEXT, device=device, precision=precision, most_tokens=None)
        self._before = list(self._model.frame(1).special[0])
        self._room = self._model.most_tokens - len(self._before)
        self.most_tokens = min(most_tokens, self._room)
        """Of an answer that are read."""
        (self._between,) = self._model.plain([_BETWEEN], 1)
        # On a GPU too: the likelihoods of all tokens that could come next take some 100 MB for each answer.
        self._lanes = Lanes(self._model, threads, alone=True)
        self.identity = identity(_VERSION, folder, precision, self.most_tokens)
        """16 hex digits over the model's files, its revision and all parameters that decide a number. The precision
        counts as it was asked for, so that `auto` is the same on all machines."""

    @property
    def precision(self) -> Precision:
        """Of the arithmetic, never `auto`."""
        return self._model.precision

    def nats(self, answers: Sequence[str], prompts: Sequence[str] | None = None) -> NDArray[np.float64]:
        """(n,) minus the mean log-likelihood of an answer's tokens but its first, each given those before it, and with
        `prompts` (n,) given the prompt too: its head and tail, at most a third of what the model reads, and a blank
        line. NaN for an answer that is blank or has a single token. The same whatever stands beside an answer."""
        out = np.full(len(answers), np.nan)
        before = [self._before for _ in answers]
        if prompts is not None:
            most = max(0, self._room // 3 - len(self._between))
            given = (head_and_tail(tokens, most) for tokens in self._model.plain(prompts, most))
            before = [[*self._before, *tokens, *self._between] for tokens in given]
        read = [
            tokens[: min(self.most_tokens, self._model.most_tokens - len(prefix))]
            for prefix, tokens in zip(before, self._model.plain(answers, self.most_tokens), strict=True)
        ]
        said = np.array([i for i, tokens in enumerate(read) if len(tokens) > 1 and answers[i].strip()], np.int64)

        def fill(rows: Rows, tokens: Rows, mask: Rows) -> None:
            nats = self._model.nats(tokens, mask)
            for row, values in zip(said[rows].tolist(), nats, strict=True):
                start = len(before[row])
                out[row] = values[start : start + len(read[row]) - 1].mean(dtype=np.float64)

        self._lanes.run([[*before[row], *read[row]] for row in said], fill)
        return out

    def close(self) -> None:
        """Ends the threads."""
        self._lanes.close()
