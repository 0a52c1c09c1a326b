"""Neural readers: each fails alone, none that has changed is compared, and a monitor without them goes on."""

import msgspec
import numpy as np
import pytest
from traffic import exchanges

from monitor import baseline
from monitor.bank import Bank
from monitor.baseline import Gauge, open_baseline
from monitor.batch import Batch
from monitor.interfaces import Role
from monitor.readers import Reader
from monitor.records import Message
from monitor.testing import Loudness, WordMeaning
from monitor.verdict import Channel, Verdict

RUN = exchanges(0, 240)


def gauge(*named):
    return Gauge.standard([Reader(name, extractor) for name, extractor in named])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A baseline with both readers."""
    place = tmp_path_factory.mktemp("baselines") / "bot"
    made = gauge(("meaning", WordMeaning()), ("loud", Loudness()))
    baseline.write(baseline.build(RUN, model="bot", data={}, gauge=made), place)
    return place


def opened(folder, meaning=None, loud=None):
    return open_baseline(folder, gauge(("meaning", meaning or WordMeaning()), ("loud", loud or Loudness())))


def troubles(known):
    return {reader.name: reader.trouble for reader in known.gauge.readers}


def bank_over(known):
    return Bank(name="bot", baseline=known, exchanges_per_month=20_000)


def test_what_prompts_mean_forms_topics_and_a_way_of_being_strange(folder):
    known = opened(folder)
    assert troubles(known) == {"meaning": "", "loud": ""}
    assert known.conditional.topics.centres.shape[1] == 64
    assert known.known.novelty.shape[1] == 3
    assert [c.name for c in bank_over(known).columns[Channel.SUPPORT]][2] == "strange_meaning"
    assert [c.name for c in known.gauge.columns(Role.SIGNAL)][-2:] == ["kept", "loud"]


def saying(exchange, prompt):
    return msgspec.structs.replace(exchange, messages=(Message("user", prompt),))


def test_without_the_meaning_prompts_are_compared_by_their_words(folder):
    plain = open_baseline(folder, Gauge.standard())
    assert plain.id.endswith("-plain")
    assert set(troubles(plain).values()) == {"it is not in the settings"}
    never = baseline.build(RUN, model="bot", data={}, gauge=Gauge.standard())
    baseline.write(never, folder.parent / "never")
    with_readers, without = bank_over(plain), bank_over(open_baseline(folder.parent / "never", Gauge.standard()))
    live = exchanges(1, 300, style="swapped", first=5_000)
    for bank in (with_readers, without):
        bank.update(live)
    assert with_readers.course.verdict is without.course.verdict is Verdict.UNEXPLAINED
    columns = [{c.name: c for c in b.report().channels[Channel.BEHAVIOUR].columns} for b in (with_readers, without)]
    for name, column in columns[1].items():
        assert (column.samples, column.recent) == (columns[0][name].samples, columns[0][name].recent)


def test_as_built_it_can_be_looked_at_without_its_readers(folder):
    looked_at = open_baseline(folder, Gauge.standard(), as_built=True)
    assert looked_at.known.novelty.shape[1] == 3


@pytest.mark.parametrize(
    ("meaning", "said"), [(WordMeaning("words/2"), "built with another model"), (WordMeaning(), "anchors moved by 0.5")]
)
def test_a_reader_that_is_not_the_same_is_not_compared(folder, meaning, said):
    meaning.turn = 0.5 if meaning.identity == "words/1" else 0.0
    known = opened(folder, meaning=meaning)
    assert said in troubles(known)["meaning"]
    assert troubles(known)["loud"] == ""
    assert known.id.endswith("-plain")


def test_rounding_is_no_movement(folder):
    meaning = WordMeaning()
    meaning.turn = 1e-3
    assert troubles(opened(folder, meaning=meaning))["meaning"] == ""


def test_a_signal_that_fails_is_blind_alone_until_it_is_back(folder, caplog):
    loud = Loudness()
    known = opened(folder, loud=loud)
    bank = bank_over(known)
    bank.update(exchanges(1, 20, first=5_000))
    loud.broken = True
    bank.update(exchanges(1, 30, first=5_020))
    report = bank.report()
    samples = {c.name: c.samples for c in report.channels[Channel.BEHAVIOUR].columns}
    assert report.readers == {"meaning": "", "loud": "a batch failed: RuntimeError"}
    assert (samples["loud"], samples["kept"]) == (20, 50)
    loud.broken = False
    bank.update(exchanges(1, 10, first=5_050))
    assert bank.report().readers["loud"] == ""
    assert caplog.text.count("a batch failed") == 1


def test_meaning_that_fails_is_told_to_who_asked(folder):
    meaning = WordMeaning()
    known = opened(folder, meaning=meaning)
    meaning.broken = True
    with pytest.raises(RuntimeError):
        known.gauge.read(Batch(RUN[:3]))


def test_anchors_that_move_in_the_midst_make_a_reader_blind_for_good(folder):
    loud = Loudness()
    reader = Reader("loud", loud)
    known = open_baseline(folder, Gauge.standard([Reader("meaning", WordMeaning()), reader]))
    reader.check()
    assert reader.trouble == ""
    loud.turn = 0.2
    reader.check()
    assert reader.trouble == "the anchors moved by 0.20 since the start"
    assert np.isnan(reader.measure(Batch(RUN[:2]))).all()
    loud.turn = 0.0
    reader.check()
    assert reader.trouble
    assert troubles(known)["loud"] == reader.trouble


class OnAnchors(Loudness):
    """Has the values that it is given, one after the other; over again when they end."""

    def __init__(self, values):
        super().__init__()
        self.values = values

    def measure(self, batch):
        if self.broken:
            raise RuntimeError("broken by the test")
        return np.resize(np.array(self.values, np.float64), (len(batch), 1))


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ([0.0], [0.04], ""),
        ([0.0], [0.06], "the anchors moved by 0.06 since"),
        ([0.0] * 20, [0.9] + [0.0] * 19, ""),
        ([0.0, 0.0], [0.1, -0.1], "the anchors moved by 0.10 since"),
        ([0.5, np.nan], [0.5, np.nan], ""),
        ([0.5, np.nan], [0.6, np.nan], "the anchors moved by 0.10 since"),
        ([0.5, np.nan], [np.nan, 0.5], "it reads the anchors otherwise since"),
        ([0.5, np.nan], [np.nan], "it reads the anchors otherwise since"),
        ([np.nan], [np.nan], ""),
    ],
)
def test_anchors_are_compared_alike_at_the_start_and_later(before, now, said):
    known = Reader("loud", OnAnchors(before)).known()
    differs = Reader("loud", OnAnchors(now)).differs(known)
    assert differs == (said and f"{said} the baseline was built")
    extractor = OnAnchors(before)
    reader = Reader("loud", extractor)
    reader.known()
    extractor.values = now
    reader.check()
    assert reader.trouble == (said and f"{said} the start")


def test_anchors_that_move_slowly_or_could_not_be_read_once_are_still_compared_with_the_start():
    extractor = OnAnchors([0.0])
    reader = Reader("loud", extractor)
    reader.known()
    extractor.broken = True
    with pytest.raises(RuntimeError):
        reader.check()
    extractor.broken = False
    for value in (0.03, 0.06):
        extractor.values = [value]
        reader.check()
    assert reader.trouble == "the anchors moved by 0.06 since the start"


def test_no_centre_is_the_vector_of_one_prompt(folder):
    with np.load(folder / "conditional.npz") as arrays:
        names = [name for name in arrays.files if name.endswith(("known_senses", "topics_centres"))]
        centres = np.vstack([arrays[name] for name in names])
    prompts = WordMeaning().measure(Batch(RUN))[:, :64]
    assert len(centres) > 10
    assert (centres @ prompts.T).max() < 1 - 1e-6


def test_prompts_about_something_else_are_out_of_support(folder):
    known = opened(folder)
    same = known.conditional.apply(known.gauge.measure(exchanges(3, 100, first=9_000)))
    assert same.strange[:, 2].mean() < 0.1
    other = [saying(e, f"zebra quark {i} fjord lynx opal") for i, e in enumerate(exchanges(3, 40, first=9_000))]
    assert known.conditional.apply(known.gauge.measure(other)).strange[:, 2].mean() > 0.8
