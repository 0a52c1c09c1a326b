"""A guess at the language of prompt and answer: scripts by their lead bytes, Latin languages by function words."""

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Batch, Ints, Lexicon, Texts
from monitor.interfaces import Column, Harm, Matrix, Role

_WORDS_SEEN = 64
_FUNCTION_WORDS = Lexicon(
    {
        "english": "the of and to is in that you for it are with this what how can my do be your from have as at "
        "please write explain need give tell about",
        "german": "der die das und ist ich nicht ein eine zu den mit wie für sie auf von im wir dem bitte was kann",
        "french": "le la les des est et une je vous pour dans que qui sur pas avec du un il ce comment plus au",
        "spanish": "el los las es una por para con que como en del un la de se lo no qué cómo mi su",
        "portuguese": "os as é uma um para com não que como em do da de no na se por você mais seu",
        "italian": "il che di è un una per con non come del sono la le si da nel della cosa mi gli",
        "dutch": "de het een en van ik niet is dat voor met hoe je op te zijn wat er aan kan ook maar",
    }
)
_UNKNOWN = -1
_LATIN = len(_FUNCTION_WORDS.names)
_CYRILLIC, _GREEK, _HEBREW, _ARABIC, _BRAHMIC, _CHINESE, _JAPANESE, _KOREAN = range(_LATIN, _LATIN + 8)
_EAST_ASIAN = (_CHINESE, _JAPANESE, _KOREAN)
_RIGHT_TO_LEFT = (_HEBREW, _ARABIC)


def _other(name: str, words: str) -> Column:
    return Column(f"prompt_{name}", Role.INPUT, "0/1", f"more prompts in {words}", f"fewer prompts in {words}")


class Language:
    """Inputs: which group of languages the prompt is in; all 0 when no guess is made (code, numbers, a bare name).
    Signal `language_kept`: the answer is in the prompt's language; NaN when either is not known.

    The script with most letters wins (a letter of East Asia counts as three); a Latin text is told by the function
    words among its first 64 words: two at least, one in a text of up to eight words, no tie. Cost: 3 us per exchange.
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
        asked, answered = _guess(batch.prompt), _guess(batch.answer)
        known = (asked != _UNKNOWN) & (answered != _UNKNOWN)
        return np.column_stack(
            (
                asked == 0,
                (asked > 0) & (asked < _LATIN),
                asked == _CYRILLIC,
                np.isin(asked, _EAST_ASIAN),
                np.isin(asked, _RIGHT_TO_LEFT),
                np.isin(asked, (_GREEK, _BRAHMIC)),
                np.where(known, asked == answered, np.nan),
            )
        ).astype(np.float64)


def _guess(texts: Texts) -> Ints:
    """(n,) the language of each text as a number, _UNKNOWN without a guess."""
    letters = _letters(texts.histogram)
    script = np.argmax(letters, axis=1)
    guess = np.where(script == 0, _latin(texts), script + _LATIN - 1)
    return np.where(letters.max(axis=1, initial=0) > 0, guess, _UNKNOWN)


def _letters(histogram: Ints) -> NDArray[np.int64]:
    """(n, 9) letters of each script: Latin, then in the order of the constants. A lead byte stands for a letter."""

    def between(first: int, last: int) -> Ints:
        total: Ints = histogram[:, first : last + 1].sum(axis=1)
        return total

    latin = between(0x41, 0x5A) + between(0x61, 0x7A) + between(0xC3, 0xC9)
    kana, han = between(0xE3, 0xE3), between(0xE4, 0xE9)
    japanese = kana * 4 > han  # Chinese uses U+3001 and U+3002, which share the lead byte of kana, but not so often
    east = 3 * (kana + han)
    return np.column_stack(
        (
            latin,
            between(0xD0, 0xD3),
            between(0xCE, 0xCF),
            between(0xD6, 0xD7),
            between(0xD8, 0xDB),
            between(0xE0, 0xE0),
            np.where(japanese, 0, east),
            np.where(japanese, east, 0),
            3 * between(0xEA, 0xED),
        )
    )


def _latin(texts: Texts) -> Ints:
    """(n,) the language with most function words, _UNKNOWN when too few or a tie."""
    words = texts.words.head(_WORDS_SEEN)
    votes = _FUNCTION_WORDS.counts(words)
    ranked = np.sort(votes, axis=1)
    enough = ranked[:, -1] >= np.where(words.counts <= 8, 1, 2)
    return np.where(enough & (ranked[:, -1] > ranked[:, -2]), np.argmax(votes, axis=1), _UNKNOWN)
