"""How unlikely a small language model finds a text: high for gibberish, low for text that repeats itself."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.networks.choice import Choice
from monitor.networks.cutting import head_and_tail
from monitor.networks.lanes import Rows
from monitor.networks.model import Kind, bring
from monitor.networks.network import Network

TOKENS = 128
"""Of an answer that are read where the settings do not say."""

_BETWEEN = "\n\n"
_VERSION = 1
"""Goes up when what is read or averaged changes."""


class Surprise(Network):
    """A causal language model. `most_tokens` are read of an answer, its first ones, in any case no more than the model
    reads and 512. ConfigError as `Choice` says."""

    def __init__(self, choice: Choice, *, most_tokens: int = TOKENS) -> None:
        super().__init__(choice, bring(choice), Kind.NEXT)
        self._before = list(self._model.frame(1).special[0])
        self._room = self._model.most_tokens - len(self._before)
        self.most_tokens = min(most_tokens, self._room)
        """Of an answer that are read."""
        (self._between,) = self._model.plain([_BETWEEN], 1)
        self.identity = self._identity(_VERSION, self.most_tokens)

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

        # Alone on a GPU too: the likelihoods of all tokens that could come next take some 100 MB for each answer.
        self._lanes.run([[*before[row], *read[row]] for row in said], fill, alone=True)
        return out
