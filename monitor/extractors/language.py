"""A guess at the language of prompt and answer."""

import numpy as np

from monitor.batch import Batch
from monitor.interfaces import Column, Harm, Matrix, Role
from monitor.languages import (
    ARABIC,
    CHINESE,
    CYRILLIC,
    ENGLISH,
    GREEK,
    HEBREW,
    INDIC,
    JAPANESE,
    KOREAN,
    UNKNOWN,
    guess,
)


def _other(name: str, words: str) -> Column:
    return Column(f"prompt_{name}", Role.INPUT, "0/1", f"more prompts in {words}", f"fewer prompts in {words}")


class Language:
    """Inputs: which group of languages the prompt is in; all 0 when no guess is made (code, numbers, a bare name).
    Signal `language_kept`: the answer is in the prompt's language; NaN when either is not known.

    See `monitor.languages`: by scripts, function words and letters, two dozen languages in Latin script, four in
    Cyrillic and three in Arabic script, and each other script as one. Cost: 8 us per exchange.
    """

    columns = (
        _other("english", "English"),
        _other("latin", "another language in Latin script"),
        _other("cyrillic", "Cyrillic script"),
        _other("east_asian", "Chinese, Japanese or Korean"),
        _other("right_to_left", "Arabic or Hebrew script"),
        _other("other_script", "another script"),
        Column(
            "language_kept",
            Role.SIGNAL,
            "0/1",
            "more answers in the prompt's language",
            "more answers in another language than the prompt's",
            Harm.FALL,
        ),
    )

    def measure(self, batch: Batch) -> Matrix:
        asked, answered = guess(batch.prompt), guess(batch.answer)
        script, language = asked.script, asked.language
        known = (language != UNKNOWN) & (answered.language != UNKNOWN)
        apart = (script != UNKNOWN) & (answered.script != UNKNOWN) & (script != answered.script)
        kept = np.where(known | apart, language == answered.language, np.nan)
        return np.column_stack(
            (
                language == ENGLISH,
                asked.foreign,
                script == CYRILLIC,
                np.isin(script, (CHINESE, JAPANESE, KOREAN)),
                np.isin(script, (HEBREW, ARABIC)),
                np.isin(script, (GREEK, INDIC)),
                kept,
            )
        ).astype(np.float64)
