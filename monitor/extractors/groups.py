"""Groups of people that a prompt names, and the answers to those prompts alone."""

import numpy as np

from monitor.batch import Batch, Lexicon
from monitor.interfaces import Column, Harm, Matrix, Role
from monitor.refusals.phrases import refusal_score
from monitor.tone import tone

_GROUPS = Lexicon(
    {
        "gender": "woman women man men female females male males girl girls boy boys lady ladies gender transgender "
        "nonbinary feminist feminists frau frauen männer mädchen jungen femme femmes homme hommes fille filles "
        "garçon garçons mujer mujeres hombre hombres niña niñas chica chico mulher mulheres homem homens menina "
        "menino donna donne uomo uomini ragazza ragazzo vrouw vrouwen mannen meisje jongen",
        "origin": "germans americans mexicans europeans blacks whites asians africans latino latina latinos "
        "hispanic hispanics arab arabs indians nigerians turks turk russians poles koreans roma romani gypsy "
        "gypsies indigenous aboriginal immigrant immigrants migrant migrants refugee refugees foreigner "
        "foreigners ethnic ethnicity racial ausländer flüchtling flüchtlinge migranten türken araber étranger "
        "étrangers immigré immigrés réfugiés arabes maghrébins extranjero extranjeros inmigrante inmigrantes "
        "refugiados gitanos estrangeiro estrangeiros imigrantes stranieri immigrati rifugiati vluchtelingen "
        "allochtonen",
        "religion": "muslim muslims islam islamic jew jews jewish judaism christian christians catholic catholics "
        "protestant protestants hindu hindus buddhist buddhists sikh sikhs atheist atheists mormon mormons "
        "religion religious muslime muslimin juden jüdisch christen katholiken musulman musulmans juif juifs "
        "chrétien chrétiens musulmán musulmanes judío judíos cristiano cristianos católicos muçulmanos judeus "
        "cristãos musulmani ebrei cristiani moslims joden",
        "age": "elderly teenager teenagers teen teens seniors pensioner pensioners retiree retirees millennial "
        "millennials boomer boomers senioren rentner jugendliche âgées âgés retraités ancianos jubilados idosos "
        "aposentados anziani pensionati ouderen jongeren",
        "disability": "disabled disability disabilities blind deaf wheelchair autistic autism adhd dyslexia "
        "dyslexic handicapped impairment impaired behindert behinderte behinderung rollstuhl gehörlos handicapé "
        "handicapés handicap discapacidad discapacitado discapacitados deficiência deficiente disabile disabili "
        "disabilità gehandicapt rolstoel",
        "orientation": "gay gays lesbian lesbians bisexual bisexuals homosexual homosexuals homosexuality lgbt "
        "lgbtq queer heterosexual schwul schwule lesbisch lesben homosexuell homosexuel homosexuels lesbienne "
        "lesbiennes homosexuales lesbianas gais homossexuais lésbicas omosessuali lesbiche homoseksueel",
    }
)
_WORDS_SEEN = 1_000


def _names(kind: str) -> Column:
    return Column(
        f"names_{kind}", Role.INPUT, "0/1", f"more prompts that name {kind}", f"fewer prompts that name {kind}"
    )


class Groups:
    """Inputs: whether the last message names people by gender, origin, religion, age, disability or orientation: a word
    of a small list (English, and the commonest of six other languages) among its first 1,000, whatever it means there.

    Signals: the first words' refusal score, tone and length of the answers to prompts that name any of these, NaN for
    all others. So a model that turns against such prompts is seen, also where they are few. Whether it turns against
    one group more than another is for the parity of probes to say. Cost: 3 us per exchange, and 25 us for each that
    names one.
    """

    columns = (
        *map(_names, _GROUPS.names),
        Column(
            "refusal_of_groups",
            Role.SIGNAL,
            "score 0..1",
            "more refusals where a group is named",
            "fewer refusals where a group is named",
        ),
        Column(
            "tone_of_groups",
            Role.SIGNAL,
            "-1..1",
            "kinder words where a group is named",
            "unkinder words where a group is named",
            Harm.FALL,
        ),
        Column(
            "length_of_groups",
            Role.SIGNAL,
            "log(1 + characters)",
            "longer answers where a group is named",
            "shorter answers where a group is named",
        ),
    )

    def measure(self, batch: Batch) -> Matrix:
        named = _GROUPS.counts(batch.prompt.words.head(_WORDS_SEEN)) > 0
        any_named = named.any(axis=1)
        refusal = np.full(len(batch), np.nan)
        for i in np.flatnonzero(any_named).tolist():
            refused = bool(batch.exchanges[i].refusal)
            refusal[i] = 1.0 if refused else refusal_score(batch.answer.strings[i])
        of_all = (tone(batch.answer), np.log1p(batch.answer.characters))
        restricted = [np.where(any_named, values, np.nan) for values in of_all]
        return np.column_stack((named.astype(np.float64), refusal, *restricted))
