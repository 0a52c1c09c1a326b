"""The shape of the request: how long, how many turns, code, a question, JSON or tools asked for."""

import numpy as np

from monitor.batch import Batch, Lexicon
from monitor.interfaces import Column, Matrix, Role

_CODE = (
    "```",
    "#include",
    "</",
    "def ",
    "();",
    ") {",
    "){",
    "=> {",
    "print(",
    "console.log",
    "public class",
    "SELECT ",
)
_ASKING = Lexicon(
    {"asks": "what how why when where who whom whose which can could would will should is are am do does did has have"}
)


class Prompt:
    """Inputs taken from the last message of the user, and from what the request asks the model for.

    `prompt_question`: a "?" (also of full width) anywhere, or a first word that asks. `prompt_code`: a code fence or a
    piece of common syntax. Never NaN. Cost: 3 us per exchange.
    """

    columns = (
        Column("prompt_length", Role.INPUT, "log(1 + characters)", "longer prompts", "shorter prompts"),
        Column("prompt_turns", Role.INPUT, "log(1 + messages)", "longer conversations", "shorter conversations"),
        Column("prompt_code", Role.INPUT, "0/1", "more prompts with code", "fewer prompts with code"),
        Column("prompt_question", Role.INPUT, "0/1", "more questions", "fewer questions"),
        Column("prompt_json", Role.INPUT, "0/1", "JSON asked for more often", "JSON asked for less often"),
        Column("prompt_tools", Role.INPUT, "log(1 + tools)", "more tools offered", "fewer tools offered"),
    )

    def measure(self, batch: Batch) -> Matrix:
        prompt = batch.prompt
        asks = _ASKING.counts(prompt.words.head(1))[:, 0] > 0
        asks |= np.array(["?" in text or "\uff1f" in text for text in prompt.strings], bool)
        turns = [sum(m.role not in ("system", "developer") for m in x.messages) for x in batch.exchanges]
        return np.column_stack(
            (
                np.log1p(prompt.characters),
                np.log1p(np.array(turns, np.float64)),
                np.array([any(mark in text for mark in _CODE) for text in prompt.strings], np.float64),
                asks.astype(np.float64),
                batch.column(lambda exchange: exchange.wants_json),
                np.log1p(batch.column(lambda exchange: len(exchange.tools))),
            )
        )
