"""One model's bank on invented traffic: the four stories that verdicts tell, and no trace of batches or restarts."""

import msgspec
import numpy as np
import pytest
from traffic import TURNED, exchanges

from monitor import baseline
from monitor.bank import Bank, movers
from monitor.baseline import Gauge, open_baseline
from monitor.interfaces import Level
from monitor.stats.opinions import OPINIONS
from monitor.verdict import Channel, Verdict

GAUGE = Gauge.standard()


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    place = tmp_path_factory.mktemp("baselines") / "bot"
    baseline.write(baseline.build(exchanges(0, 500), model="bot", data={}, gauge=GAUGE), place)
    return open_baseline(place, GAUGE)


def bank(known, **options):
    return Bank(name="bot", baseline=known, **{"exchanges_per_month": 20_000, **options})


def spans(bank):
    return [str(s.verdict) for s in bank.course.spans]


def test_unchanged_traffic_is_steady_once_there_is_enough(known):
    b = bank(known)
    b.update(exchanges(1, 29, first=10_000))
    assert b.report().verdict is Verdict.INSUFFICIENT
    assert b.report().needed == 1
    b.update(exchanges(1, 1_500, first=20_000))
    assert spans(b) == ["insufficient", "steady"]


def test_other_users_are_explained_and_their_end_is_seen(known):
    b = bank(known)
    b.update(exchanges(2, 200, first=10_000))
    b.update(exchanges(2, 400, topics=TURNED, first=20_000))
    assert b.report().verdict is Verdict.EXPLAINED
    (incident,) = b.course.incidents
    assert incident.channel is Channel.INPUTS
    assert abs(incident.onset - 201) < 40
    b.update(exchanges(2, 600, first=30_000))
    assert spans(b) == ["insufficient", "steady", "explained", "steady"]
    assert b.course.incidents[0].closed is not None


def test_another_model_is_unexplained_also_while_users_change(known):
    b = bank(known)
    b.update(exchanges(3, 200, first=10_000))
    b.update(exchanges(3, 300, topics=TURNED, first=20_000))
    b.update(exchanges(3, 300, topics=TURNED, style="swapped", first=30_000))
    assert spans(b) == ["insufficient", "steady", "explained", "unexplained"]
    incident = b.course.incidents[-1]
    assert (incident.verdict, incident.channel) == (Verdict.UNEXPLAINED, Channel.BEHAVIOUR)
    assert 500 < incident.opened < 600
    assert abs(incident.onset - 501) < 20
    assert incident.onset_time == pytest.approx(1.7e9 + 3 * (30_000 + incident.onset - 501), abs=1e5)
    assert incident.movers[0].share > 0.2
    assert len(incident.examples) == 3
    assert 1 <= len(incident.topics) <= 3
    assert set(incident.topics) <= {topic.name for topic in known.manifest.topics}
    assert {int(name.removeprefix("bot-")) >= 29_980 for name in incident.examples} == {True}
    assert b.report().incidents_opened == {Verdict.EXPLAINED: 1, Verdict.UNEXPLAINED: 1}


def traced(stream, keep=lambda i: True):
    """The exchanges with trace ids of which the last digits are those of their place."""
    return [msgspec.structs.replace(e, trace_id=f"{i:032x}") if keep(i) else e for i, e in enumerate(stream, 1)]


def test_an_incident_leads_to_the_trace_of_an_exchange_that_shows_it(known):
    stream = [*exchanges(3, 300, first=10_000), *exchanges(3, 100, style="swapped", first=20_000)]
    b = bank(known)
    b.update(traced(stream))
    (incident,) = b.course.incidents
    shown = int(incident.trace_id, 16)
    assert stream[shown - 1].id == incident.examples[0]
    assert b.report().trace_id == f"{400:032x}"

    some = bank(known)
    some.update(traced(stream, lambda i: i % 2 != shown % 2))
    (other,) = some.course.incidents
    named = [i for i, e in enumerate(stream, 1) if e.id in other.examples and i % 2 != shown % 2]
    assert int(other.trace_id, 16) in named
    assert msgspec.structs.replace(other, trace_id=None) == msgspec.structs.replace(incident, trace_id=None)


def test_without_a_trace_among_its_examples_an_incident_has_that_of_the_exchange_that_opened_it(known):
    """Other users have no examples."""
    b = bank(known)
    b.update(traced([*exchanges(2, 200, first=10_000), *exchanges(2, 400, topics=TURNED, first=20_000)]))
    (incident,) = b.course.incidents
    assert (incident.examples, int(incident.trace_id, 16)) == ((), incident.opened)


def test_without_traces_there_is_none_and_a_state_from_before_them_is_read(known):
    b = bank(known)
    b.update(traced(exchanges(3, 300, first=10_000)))
    stored = {name: array for name, array in b.snapshot().items() if name != "traces"}
    later = bank(known)
    later.restore(stored)
    assert later.report().trace_id is None
    later.update(exchanges(3, 100, style="swapped", first=20_000))
    (incident,) = later.course.incidents
    assert (incident.trace_id, later.report().trace_id) == (None, None)
    assert len(incident.examples) == 3


def test_second_opinions_are_asked_at_once_and_once_more(known):
    b = bank(known)
    b.update(exchanges(3, 300, first=10_000))
    swapped = exchanges(3, 200, style="swapped", first=20_000)
    b.update(swapped[:20])
    (early,) = b.course.incidents
    assert [o.name for o in early.opinions] == list(OPINIONS)
    whole = bank(known)
    whole.update([*exchanges(3, 300, first=10_000), *swapped])
    assert whole.course.incidents[0].opinions == early.opinions  # whatever came with the exchange that opened it
    b.update(swapped[20:])
    b.update(exchanges(3, 400, style="swapped", first=30_000))
    (later,) = b.course.incidents
    assert msgspec.structs.replace(later, opinions=early.opinions) == early
    assert {o.onset is None or abs(o.onset - 301) < 60 for o in later.opinions} == {True}
    assert sum(o.onset is not None for o in later.opinions) >= 2


def test_second_opinions_do_not_look_behind_the_last_incident(known):
    """The end of the first move is a change too, and lies in what is remembered."""
    b = bank(known)
    b.update(exchanges(3, 200, first=10_000))
    b.update(exchanges(3, 150, style="swapped", first=20_000))
    b.update(exchanges(3, 250, first=30_000))
    b.update(exchanges(3, 40, style="swapped", first=40_000))
    first, second = b.course.incidents
    assert first.closed < second.opened
    assert second.opened - first.opened < 512
    assert all(o.onset is None or o.onset > first.closed for o in second.opinions)


def test_prompts_of_another_kind_are_out_of_support_and_no_behaviour(known):
    b = bank(known)
    b.update(exchanges(4, 200, first=10_000))
    strange = [
        msgspec.structs.replace(
            e, messages=(e.messages[0], msgspec.structs.replace(e.messages[1], content=e.messages[1].content[::-1]))
        )
        for e in exchanges(4, 200, first=20_000)
    ]
    b.update(strange)
    report = b.report()
    assert report.verdict is Verdict.OUT_OF_SUPPORT
    assert report.out_of_support > 0.4
    assert report.channels[Channel.BEHAVIOUR].n < 260


def test_the_error_budget_and_the_traffic_make_the_threshold(known):
    fixed = bank(known, false_pages_per_month=2.0, exchanges_per_month=1_000_000).report()
    assert fixed.channels[Channel.BEHAVIOUR].threshold_log10 == pytest.approx(np.log10(500_000 / 0.35))
    assert fixed.channels[Channel.STYLE].threshold_log10 == pytest.approx(np.log10(500_000 / 0.55))
    assert fixed.channels[Channel.SUPPORT].threshold_log10 == pytest.approx(np.log10(500_000 / 0.02))
    measured = bank(known, exchanges_per_month=None)
    measured.update(exchanges(5, 2_560, first=10_000))  # one in 3 s for more than two hours
    threshold = measured.report().channels[Channel.BEHAVIOUR].threshold_log10
    assert threshold == pytest.approx(np.log10(30 * 86_400 / 3 / 0.35), abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_cuts_and_restarts_change_nothing(known, seed):
    rng = np.random.default_rng(seed)
    stream = traced(
        [
            *exchanges(6, 300, first=10_000),
            *exchanges(6, 300, topics=TURNED, first=20_000),
            *exchanges(6, 300, style="swapped", first=30_000),
            *exchanges(6, 400, first=40_000),
        ]
    )
    whole, cut, at = bank(known, exchanges_per_month=None), bank(known, exchanges_per_month=None), 0
    whole.update(stream)
    while at < len(stream):
        to = at + int(rng.integers(1, 300))
        stored = cut.snapshot()
        cut = bank(known, exchanges_per_month=None)
        cut.restore(stored)
        cut.update(stream[at:to])
        at = to
    assert len(whole.course.incidents) >= 2
    assert any(o.onset is not None for i in whole.course.incidents for o in i.opinions)
    assert msgspec.json.encode(whole.report()) == msgspec.json.encode(cut.report())
    final = cut.snapshot()
    for name, array in whole.snapshot().items():
        assert array.tobytes() == final[name].tobytes(), name


def test_movers_are_named_in_words_strongest_first(known):
    b = bank(known)
    b.update(exchanges(7, 400, style="swapped", first=10_000))
    from monitor.interfaces import Role

    reading = b._detectors[Channel.BEHAVIOUR].reading()
    named = movers(reading.by_column, reading.direction, GAUGE.columns(Role.SIGNAL))
    assert reading.level is Level.MOVED
    assert [m.share for m in named] == sorted((m.share for m in named), reverse=True)
    assert {m.move for m in named} & {"more exclamation marks", "shorter answers", "fewer words", "fewer characters"}


def again(exchanges, suffix):
    return [msgspec.structs.replace(e, id=f"{e.id}-{suffix}") for e in exchanges]


def test_retries_and_later_turns_are_counted_once(known):
    """A burst of one prompt whose answers all fall alike, and conversations of many turns, are each one observation of
    the model; of its users they are a change."""
    b = bank(known)
    ordinary = exchanges(11, 200, first=10_000)
    b.update(ordinary)
    n = b.report().channels[Channel.BEHAVIOUR].n
    swapped = exchanges(11, 1, style="swapped", first=20_000)
    burst = [e for k in range(300) for e in again(swapped, k)]
    b.update(burst)
    turns = [
        msgspec.structs.replace(e, id=f"{e.id}-later", messages=(*e.messages, e.messages[-1], e.messages[-1]))
        for e in ordinary
    ]
    b.update(turns)
    report = b.report()
    assert report.verdict is Verdict.EXPLAINED
    assert set(report.incidents_opened) == {Verdict.EXPLAINED}
    assert report.channels[Channel.BEHAVIOUR].n <= n + 1
    assert report.exchanges == 200 + 300 + 200
    assert report.repeated == pytest.approx(499 / 700)


def test_a_prompt_counts_again_when_it_is_long_past(known):
    b = bank(known)
    old = exchanges(12, 50, first=10_000)
    b.update(old)
    b.update(exchanges(12, 1_100, first=20_000))
    n = b.report().channels[Channel.BEHAVIOUR].n
    b.update(again(old, "again"))
    assert b.report().channels[Channel.BEHAVIOUR].n > n + 40


def test_effects_have_intervals_that_start_at_the_onset(known):
    b = bank(known)
    b.update(exchanges(13, 400, first=10_000))
    names = [c.name for c in b.columns[Channel.BEHAVIOUR]]
    at = names.index("answer_length")

    def effect():
        return b.report().channels[Channel.BEHAVIOUR].columns[at]

    before = effect()
    assert before.effect_low <= 0 <= before.effect_high
    b.update(exchanges(13, 300, style="swapped", first=20_000))
    during = effect()
    assert during.effect_high < -0.5
    assert during.effect_low < during.effect < during.effect_high
    b.update(exchanges(13, 400, first=30_000))
    assert b.course.incidents[-1].closed is not None
    after = effect()
    assert after.effect_high > -0.1
    assert after.effect > -0.2
