# ruff: noqa: RUF001 - letters of other scripts that look like ours
"""Which language a text is in: scripts by their bytes; within a script function words, and letters that few have."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Index, Ints, Texts

UNKNOWN = -1
LATIN, CYRILLIC, GREEK, HEBREW, ARABIC, INDIC, CHINESE, JAPANESE, KOREAN = range(9)
"""Scripts. INDIC: also Thai, Lao, Tibetan and others of U+0900..U+0FFF."""

_WORDS_SEEN = 64
_SPELLED: Mapping[int, Mapping[str, str]] = {
    LATIN: {
        "english": "the of and to is in that you for it are with this what how can my do be your from have as at "
        "please write explain need give tell about",
        "german": "der die das und ist ich nicht ein eine zu den mit wie für sie auf von im wir dem bitte was kann "
        "mir es einem einer wird sich auch du",
        "french": "le la les des est et une je vous pour dans que qui sur pas avec du un il ce comment plus au moi "
        "quelle ne de mon ma tu à",
        "spanish": "el los las es una por para con que como en del un la de se lo no qué cómo mi su al más me está",
        "portuguese": "os as é uma um para com não que como em do da de no na se por você mais seu ao eu meu minha são",
        "italian": "il che di è un una per con non come del sono la le si da nel della cosa mi gli al dei alla ho "
        "questo",
        "dutch": "de het een en van ik niet is dat voor met hoe je op te zijn wat er aan kan ook maar mij mijn wordt "
        "naar bij",
        "catalan": "el la els les és una un que de per amb no com del en al són em més aquest quin dels pot",
        "swedish": "och att det är en ett jag inte som på för med av den till hur vad kan du har om de mig när ska",
        "danish": "og at det er en et jeg ikke som på for med af den til hvordan hvad kan du har om de mig når der "
        "dig efter være blive hvilket",
        "norwegian": "og å det er en et jeg ikke som på for med av den til hvordan hva kan du har om de meg når deg "
        "etter være bli hvilken noen",
        "finnish": "ja on ei se että miten mikä mitä minä olen voi kun mutta tai ovat kuin ole sekä jos tämä hän "
        "minun sen",
        "estonian": "ja on ei see et kuidas mis ma olen kui aga või mida ta oma seda ka minu saab mul kas",
        "polish": "nie na się jest to że do jak co mi czy od dla jestem są ale po który może proszę",
        "czech": "ne na se je to že do jak co mi jsem jsou ale pro od který může nebo podle aby při jako prosím",
        "slovak": "nie na sa je to že do ako čo mi som sú ale pre od ktorý môže alebo podľa aby pri prosím",
        "hungarian": "az és nem hogy egy is van meg ez de mi kell vagy mint csak már lehet hogyan én el miért egyik",
        "romanian": "și în nu este un la de cu pe că să din pentru ce care mai sunt cum al mi te se cât",
        "croatian": "ne na se je to da za od kako što su koji ali ili mi može sam bi li iz po nije te pri bez",
        "slovenian": "in ne na se je to da za od kako kaj so ki ali pa mi lahko sem bi iz po kateri ni ter pri brez",
        "turkish": "ve bir bu da de için ne mi ile nasıl bana çok var olan ama gibi daha ben kadar değil nedir en",
        "vietnamese": "và là của có không cho một tôi trong được các này với những hãy cách như để thế nào bạn gì khi",
        "indonesian": "yang dan di untuk dengan ini itu tidak dari saya apa ke adalah pada bagaimana ada bisa akan "
        "atau anda dalam",
        "tagalog": "ang ng sa na mga ay ko mo ako ikaw ito hindi para ano paano si kung nang kay may at po",
    },
    CYRILLIC: {
        "russian": "и в не на что как с это по из я к для у за от он мне но о так или можно мой какой",
        "ukrainian": "і в не на що як з це по із я до для у за від він мені але про та чи можна мій який й",
        "bulgarian": "и в не на че как с това по от аз да за се е са към мога ми но или кой който ще",
        "serbian": "и у не на што како са то по из ја да за се је су од ми али или који шта",
    },
    ARABIC: {
        "arabic": "في من على أن هذا هذه ما كيف إلى عن هل لا مع التي الذي هو هي لي أو",
        "persian": "و در به از که این را است برای با چه آن من می یک هم یا شما",
        "urdu": "کے کی میں ہے کا سے اور کو یہ کیا نے پر ہیں نہیں ایک کر",
    },
}
"""By script and language words that nearly every text has. Single letters of ASCII are left out: they are names too."""

_LETTERS: Mapping[str, str] = {
    "german": "äöüß",
    "french": "àâçèéêëîïôùûœ",
    "spanish": "áéíñóú",
    "portuguese": "áâãàçéêíóôõú",
    "italian": "àèéìòù",
    "catalan": "àçèéíïòóú",
    "swedish": "åäö",
    "danish": "æøå",
    "norwegian": "æøå",
    "finnish": "äö",
    "estonian": "äõöü",
    "polish": "ąćęłńóśźż",
    "czech": "áčďéěíňóřšťúůýž",
    "slovak": "áäčďéíĺľňóôŕšťúýž",
    "hungarian": "áéíóöőúüű",
    "romanian": "ăâîșțşţ",
    "croatian": "čćđšž",
    "slovenian": "čšž",
    "turkish": "çğıöşüİ",
    "vietnamese": "ăâđêôơưàáãèéìíòóõùúý",
    "russian": "ыэёй",
    "ukrainian": "іїєґй",
    "bulgarian": "ъйщ",
    "serbian": "јљњђћџ",
    "arabic": "ةىيكأإ",
    "persian": "پچژگکی",
    "urdu": "ٹڈڑںےہکی",
}
_VIETNAMESE = (b"\xe1\xba", b"\xe1\xbb")
_INDIC_BLOCKS = tuple(f"indic_{block}" for block in range(0x80, 0xC0, 2))  # 128 characters each, by the second byte

_BY_VOTES = (*(name for languages in _SPELLED.values() for name in languages), *_INDIC_BLOCKS)
_BY_SCRIPT = {GREEK: "greek", HEBREW: "hebrew", CHINESE: "chinese", JAPANESE: "japanese", KOREAN: "korean"}
NAMES = (*_BY_VOTES, *_BY_SCRIPT.values())
ENGLISH = NAMES.index("english")
_SCRIPT_OF = np.array(
    [script for script, languages in _SPELLED.items() for _ in languages] + [INDIC] * len(_INDIC_BLOCKS)
)


@dataclass(frozen=True, slots=True)
class Guess:
    """(n,) the script with most letters and the language, as a place in NAMES; UNKNOWN where there is none. `foreign`:
    in Latin script and not in English, also where it is not known in what instead."""

    script: Ints
    language: Ints
    foreign: NDArray[np.bool_]


def guess(texts: Texts) -> Guess:
    """A letter of East Asia counts as three. Within a script the language with most function words and letters of its
    own among the first 64 words, two at least, one in a text of up to eight words, no tie. Cost: 4 us per text."""
    letters = _letters(texts.histogram)
    script = np.where(letters.max(axis=1, initial=0) > 0, np.argmax(letters, axis=1), UNKNOWN)
    language = np.full(len(texts), UNKNOWN)
    for alone, name in _BY_SCRIPT.items():
        language[script == alone] = NAMES.index(name)
    votes, words = _votes(texts)
    votes[_SCRIPT_OF[None, :] != script[:, None]] = 0
    best = votes.max(axis=1, initial=0)
    enough = best >= np.where(words <= 8, 1, 2)
    alone = enough & ((votes == best[:, None]).sum(axis=1) == 1)
    foreign = enough & (script == LATIN) & (votes[:, ENGLISH] < best)
    return Guess(script, np.where(alone, np.argmax(votes, axis=1), language), foreign)


def _letters(histogram: Ints) -> NDArray[np.int64]:
    """(n, 9) letters of each script. A lead byte stands for a letter."""

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


def _votes(texts: Texts) -> tuple[Ints, Ints]:
    """(n, languages that are told by words and letters) votes among the first words, and (n,) how many words."""
    words = texts.words.head(_WORDS_SEEN)
    index, bounds, languages = _words()
    row, word = index.find(words)
    times = bounds[word + 1] - bounds[word]
    nth = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    voted = np.repeat(row, times) * len(_BY_VOTES) + languages[np.repeat(bounds[word], times) + nth]
    votes = np.bincount(voted, minlength=len(texts) * len(_BY_VOTES)).reshape(-1, len(_BY_VOTES))
    leads = np.flatnonzero(texts.buffer >= 0xC2)
    if leads.size:
        place, of = _pairs()
        pair = place[texts.buffer[leads].astype(np.int64) << 8 | texts.buffer[leads + 1]]
        leads, pair = leads[pair >= 0], pair[pair >= 0]
        row = texts.rows(leads)
        filled = np.flatnonzero(words.counts)
        until = np.zeros(len(texts), np.int64)
        until[filled] = words.end[words.bounds[filled + 1] - 1]
        seen = leads < until[row]
        counts = np.bincount(row[seen] * len(of) + pair[seen], minlength=len(texts) * len(of))
        votes += counts.reshape(-1, len(of)) @ of
    return votes, words.counts


@cache
def _words() -> tuple[Index, Ints, Ints]:
    """The words, and for the word at place i the languages that have it: the third [second[i] : second[i + 1]]."""
    has: dict[str, list[int]] = {}
    for name, words in (pair for languages in _SPELLED.values() for pair in languages.items()):
        for word in words.split():
            has.setdefault(word, []).append(_BY_VOTES.index(name))
    bounds = np.cumsum([0, *map(len, has.values())])
    return Index(Texts(list(has)).words.hash), bounds, np.array([of for some in has.values() for of in some])


@cache
def _pairs() -> tuple[Ints, Ints]:
    """(65536,) by first and second byte the place of a letter, -1 for none, and (letters, languages) 1 where a language
    has it."""
    has: dict[bytes, set[str]] = {}
    for name, letters in _LETTERS.items():
        for letter in letters + letters.upper():
            if not letter.isascii():
                has.setdefault(letter.encode()[:2], set()).add(name)
    has |= {pair: {"vietnamese"} for pair in _VIETNAMESE}
    for name in _INDIC_BLOCKS:
        block = int(name.removeprefix("indic_"))
        has |= {bytes((0xE0, block + k)): {name} for k in range(2)}
    place = np.full(1 << 16, -1)
    for nth, pair in enumerate(has):
        place[pair[0] << 8 | pair[1]] = nth
    of = np.array([[name in names for name in _BY_VOTES] for names in has.values()], np.int64)
    return place, of
