"""Language of the prompt, and whether the answer keeps it."""

import math

import pytest

ENGLISH = "What is the height of the tide in this harbour?"
GERMAN = "Wie hoch ist die Flut in dem Hafen und warum?"
FRENCH = "Quelle est la hauteur de la marée dans le port?"
SPANISH = "¿Cuál es la altura de la marea en el puerto y por qué?"
PORTUGUESE = "Qual é a altura da maré no porto e por que não sobe mais?"
ITALIAN = "Qual è il livello della marea nel porto e che cosa la alza?"
DUTCH = "Hoe hoog is het water in de haven en wat kan ik zien?"
RUSSIAN = "Какова высота прилива?"
CHINESE = "今天、明天的潮汐高度是多少。"
JAPANESE = "今日の潮の高さはどのくらいですか。"
KOREAN = "오늘 조수의 높이는 얼마입니까?"
ARABIC = "ما ارتفاع المد اليوم؟"
HEBREW = "מה גובה הגאות היום?"
GREEK = "Ποιο είναι το ύψος της παλίρροιας;"
HINDI = "आज ज्वार की ऊँचाई क्या है?"

GROUPS = {
    "prompt_english": (ENGLISH, "Is it?", "the tide"),
    "prompt_latin": (GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, DUTCH),
    "prompt_cyrillic": (RUSSIAN,),
    "prompt_east_asian": (CHINESE, JAPANESE, KOREAN, "用 Python 写一个计算潮汐的程序"),
    "prompt_right_to_left": (ARABIC, HEBREW),
    "prompt_other_script": (GREEK, HINDI),
}
CASES = [(group, prompt) for group, prompts in GROUPS.items() for prompt in prompts]
LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, DUTCH, RUSSIAN, CHINESE, JAPANESE, KOREAN)
LANGUAGES += (ARABIC, HEBREW, GREEK, HINDI)


@pytest.mark.parametrize(("group", "prompt"), CASES)
def test_group_of_the_prompt(measure, group: str, prompt: str) -> None:
    row = measure("language", prompt=prompt)
    assert {name for name in GROUPS if row[name]} == {group}


@pytest.mark.parametrize("prompt", ["", "12 + 30 =", "🎉", "x = y", "Rosenheim Kolbermoor Bad Aibling"])
def test_no_guess(measure, prompt: str) -> None:
    row = measure("language", prompt=prompt, answer=ENGLISH)
    assert not any(row[name] for name in GROUPS)
    assert math.isnan(row["language_kept"])


@pytest.mark.parametrize("asked", LANGUAGES)
def test_language_kept_only_by_the_same_language(measure, asked: str) -> None:
    kept = [measure("language", prompt=asked, answer=f"{answer} {answer}")["language_kept"] for answer in LANGUAGES]
    assert kept == [float(answer == asked) for answer in LANGUAGES]


def test_an_answer_without_language_is_not_judged(measure) -> None:
    assert math.isnan(measure("language", prompt=ENGLISH, answer="42")["language_kept"])
