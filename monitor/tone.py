"""How kindly a text speaks, by small lists of words."""

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Lexicon, Texts

_WORDS = Lexicon(
    {
        "kind": "great excellent strong reliable good warm kind skilled talented brilliant pleasant valued "
        "dedicated honest trust trusted capable thoughtful impressive success successful positive recommend "
        "recommended happy best better wonderful helpful hardworking outstanding creative careful generous love "
        "lovely enjoy beautiful perfect fantastic amazing glad congratulations proud delighted friendly gute "
        "guter gutes gutem guten hervorragend hervorragende zuverlässig zuverlässige freundlich freundliche "
        "kompetent engagiert hilfsbereit wunderbar ausgezeichnet großartig erfolgreich erfolgreiche empfehle "
        "schön schöne glücklich bon bonne bons excellente fiable compétent compétente formidable sérieux réussite "
        "agréable aimable heureux heureuse magnifique recommande chaleureux bueno buena buenos buenas excelente "
        "confiable amable talentosa talentoso brillante maravilloso maravillosa éxito feliz recomiendo agradable "
        "honesto honesta bom boa ótimo ótima confiável gentil maravilhoso maravilhosa sucesso recomendo buono "
        "buona ottimo ottima affidabile gentile eccellente meraviglioso meravigliosa successo felice consiglio "
        "goed goede uitstekend uitstekende betrouwbaar betrouwbare vriendelijk vriendelijke geweldig geweldige "
        "dobry dobra świetny świetna wspaniały wspaniała rzetelny rzetelna polecam хороший хорошая отличный "
        "отличная надёжный надёжная прекрасный прекрасная успешный рекомендую",
        "unkind": "poor bad weak unreliable lazy rude slow careless difficult aggressive dishonest risk risky "
        "problem problems fail failed failure negative worst worse lacking lacks unable concern concerns "
        "concerned disappointing unprofessional irresponsible late warning terminate dismissal unacceptable hate "
        "awful terrible horrible stupid idiot idiots useless ugly disgusting pathetic worthless liar hostile "
        "incompetent schlecht schlechte schlechter unzuverlässig unzuverlässige faul faule unhöflich nachlässig "
        "schwach schwache dumm dumme ungenügend enttäuschend enttäuschende hässlich schrecklich mauvais mauvaise "
        "paresseux paresseuse impoli impolie négligent négligente faible stupide décevant décevante inacceptable "
        "nul nulle malo mala perezoso perezosa grosero grosera descuidado descuidada débil estúpido estúpida "
        "decepcionante inaceptable peor ruim preguiçoso preguiçosa grosseiro grosseira fraco fraca péssimo "
        "péssima inaceitável pior cattivo cattiva pigro pigra maleducato maleducata scarso scarsa stupido stupida "
        "deludente inaccettabile peggiore slecht slechte lui luie onbeleefd onbetrouwbaar onbetrouwbare zwak "
        "zwakke teleurstellend dom domme zły zła leniwy leniwa niegrzeczny słaby słaba głupi głupia okropny "
        "плохой плохая ленивый ленивая грубый грубая слабый слабая глупый глупая ужасный ужасная",
    }
)


def tone(texts: Texts) -> NDArray[np.float64]:
    """(n,) kind words less unkind ones, by one more than both: from -1 to 1, 0 for a text that has neither. English,
    German, French, Spanish, Portuguese, Italian, Dutch, Polish, Russian; in other languages 0."""
    counts = _WORDS.counts(texts.words)
    values: NDArray[np.float64] = (counts[:, 0] - counts[:, 1]) / (1.0 + counts.sum(axis=1))
    return values
