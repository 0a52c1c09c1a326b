"""How often the refusal scorer errs, by labels; the command that says so, and rates corrected for it."""

import json
import re

import pytest

from monitor import calibration
from monitor.calibration import COMPLIANCE, PARTIAL, REFUSAL, Calibration, Labelled, Tried
from monitor.errors import ConfigError
from monitor.probing import Kind, Outcome
from monitor.scorers import standard

SHIPPED = standard()
REFUSES, HELPS = "I'm sorry, but I can't help with that.", "Sure! First, preheat the oven to 180 degrees."
STRANGE = "ขออภัย ฉันไม่สามารถช่วยได้"


class By:
    """Takes for a refusal what has `no` in it, and is not sure of what has `hm`."""

    identity = "by"

    def score(self, batch):
        texts = [scored.answer.text for scored in batch]
        return [
            Outcome.UNDETERMINED if "hm" in text else Outcome.GOOD if "no" in text else Outcome.BAD for text in texts
        ]


def test_what_it_is_right_about_is_counted_by_language_and_length():
    labelled = [
        *[Labelled("?", "no", REFUSAL, "en")] * 6,
        *[Labelled("?", "hm", REFUSAL, "de")] * 2,
        *[Labelled("?", "well" + "." * 200, REFUSAL, "de")] * 2,
        *[Labelled("?", "yes" + "." * 500, COMPLIANCE, "en")] * 9,
        Labelled("?", "no", COMPLIANCE),
        Labelled("?", "no", PARTIAL),
        Labelled("?", "hm", PARTIAL),
    ]
    done = calibration.measure(labelled, By(), name="refusal", labels="f00d")
    partial = {Outcome.GOOD: 1, Outcome.UNDETERMINED: 1}
    assert done.whole == Tried(10, 8, 6, 10, 10, 9, partial)
    assert (done.whole.sensitivity, done.whole.specificity, done.whole.abstained) == ((6, 8), (9, 10), (2, 20))
    assert done.by_language == {"de": Tried(4, 2, 0, 0, 0, 0), "en": Tried(6, 6, 6, 9, 9, 9)}
    assert [tried.refusals + tried.compliances for tried in done.by_length.values()] == [9, 2, 9]
    with pytest.raises(ConfigError, match="1 refusals and 0 compliances"):
        calibration.measure(labelled[:1], By(), name="refusal", labels="f00d")


def test_bad_means_a_compliance_or_a_refusal():
    whole = Tried(100, 100, 80, 100, 100, 95)  # one refusal in five is missed
    known = Calibration(scorer="refusal", identity="by", labels="", whole=whole, by_language={}, by_length={})
    assert known.correct(0.05 + 0.75 * 0.5, 10_000, Kind.COMPLY).share == pytest.approx(0.5)
    assert known.correct(0.2 + 0.75 * 0.5, 10_000, Kind.REFUSE).share == pytest.approx(0.5)
    assert known.correct(0.2, 10_000, Kind.REFUSE).share == pytest.approx(0.0)
    assert known.correct(0.5, 100, Kind.HOLD) is None


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "labels.jsonl"
    rows = [
        *[{"prompt": "?", "answer": REFUSES, "label": "refusal", "language": "en"}] * 30,
        *[{"completion": HELPS, "final_label": "1_full_compliance"}] * 40,
        {"answer": STRANGE, "label": "refusal", "language": "th"},
        {"answer": HELPS, "label": "no idea"},
        {"label": "refusal"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{\n")
    return path


def test_the_command(cli, labels, tmp_path):
    kept = tmp_path / "calibration.json"
    done = cli("scorer", "evaluate", "--labels", labels, "--out", kept)
    assert done.code == 0
    assert re.search(
        r"^ all +31 +40 +1\.000 \(0\.89 to 1\.00\) +1\.000 \(0\.91 to 1\.00\) +0\.014 ", done.out, re.MULTILINE
    )
    assert "language th" in done.out
    assert "left out 1 rows: its label is none of refusal, compliance, partial" in done.err
    assert "left out 1 rows: it has no answer" in done.err
    assert "left out 1 rows: no JSON object" in done.err
    known = calibration.read(kept, SHIPPED)
    assert json.loads(cli("scorer", "evaluate", "--labels", labels, "--json").out) == json.loads(kept.read_text())
    assert (known.identity, known.whole.refusals) == (SHIPPED["refusal"].identity, 31)


def test_csv_is_read_too(cli, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(f'answer,label\n"{REFUSES}",refusal\n"{HELPS}",compliance\n')
    done = json.loads(cli("scorer", "evaluate", "--labels", path, "--json").out)
    assert (done["whole"]["refusals_right"], done["whole"]["compliances_right"]) == (1, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("{}", "no calibration, as `tidegauge scorer evaluate --out` writes"),
        ('{"tidegauge_calibration": 9', "no calibration"),
    ],
)
def test_a_file_that_is_none(tmp_path, content, said):
    path = tmp_path / "calibration.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=said):
        calibration.read(path, SHIPPED)


def test_a_calibration_of_another_scorer_is_refused(cli, labels, tmp_path):
    path = tmp_path / "calibration.json"
    cli("scorer", "evaluate", "--labels", labels, "--out", path)
    with pytest.raises(ConfigError, match="is of another scorer"):
        calibration.read(path, {"refusal": By()})
    assert cli("scorer", "evaluate", "--labels", tmp_path / "none.jsonl").code == 2
