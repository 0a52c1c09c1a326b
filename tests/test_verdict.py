"""The decision table, line by line, and the course that verdicts make."""

import json
from itertools import product

import pytest

from monitor.interfaces import Level
from monitor.verdict import (
    TABLE,
    TRAFFIC,
    Channel,
    Course,
    Incident,
    Opinion,
    Verdict,
    decide,
    meaning,
    second_opinions,
    verdict_of,
    words,
)

MOVED, STEADY, LITTLE = Level.MOVED, Level.STEADY, Level.INSUFFICIENT


@pytest.mark.parametrize(
    ("behaviour", "style", "inputs", "support", "verdict"),
    [
        (STEADY, STEADY, STEADY, STEADY, Verdict.STEADY),
        (STEADY, STEADY, MOVED, STEADY, Verdict.EXPLAINED),
        (MOVED, STEADY, STEADY, STEADY, Verdict.UNEXPLAINED),
        (STEADY, MOVED, STEADY, STEADY, Verdict.UNEXPLAINED),
        (LITTLE, MOVED, MOVED, MOVED, Verdict.UNEXPLAINED),
        (MOVED, MOVED, MOVED, MOVED, Verdict.UNEXPLAINED),
        (STEADY, STEADY, STEADY, MOVED, Verdict.OUT_OF_SUPPORT),
        (STEADY, STEADY, MOVED, MOVED, Verdict.OUT_OF_SUPPORT),
        (LITTLE, LITTLE, STEADY, STEADY, Verdict.INSUFFICIENT),
        (LITTLE, LITTLE, LITTLE, LITTLE, Verdict.INSUFFICIENT),
        (LITTLE, LITTLE, MOVED, STEADY, Verdict.EXPLAINED),
        (LITTLE, LITTLE, MOVED, MOVED, Verdict.OUT_OF_SUPPORT),
    ],
)
@pytest.mark.parametrize("probes", [LITTLE, STEADY])
@pytest.mark.parametrize("identity", [LITTLE, STEADY])
def test_the_table(behaviour, style, inputs, support, verdict, probes, identity):
    levels = dict(zip(Channel, (behaviour, style, inputs, support, probes, identity), strict=True))
    assert decide(levels) is verdict


def test_what_stands_beside_the_traffic_has_the_word_whatever_the_traffic_does():
    said = set()
    for of_traffic in product(Level, repeat=len(TRAFFIC)):
        for probes, identity in ((MOVED, STEADY), (MOVED, LITTLE), (LITTLE, MOVED), (STEADY, MOVED), (MOVED, MOVED)):
            levels = dict(zip(Channel, (*of_traffic, probes, identity), strict=True))
            assert decide(levels) is Verdict.UNEXPLAINED
            said.add((probes, identity is MOVED, meaning(levels)))
    assert {text for _, changed, text in said if changed} == {"Another model answers than the one that was evaluated."}
    assert len({text for _, changed, text in said if not changed}) == 2, "with the traffic, and before it"


def test_the_page_says_whether_probes_see_what_the_traffic_sees():
    def said(probes):
        return meaning(dict.fromkeys(Channel, STEADY) | {Channel.BEHAVIOUR: MOVED, Channel.PROBES: probes})

    assert "where probes do not look" in said(STEADY)
    assert "answers probes worse" in said(MOVED)
    assert said(LITTLE) == words(Verdict.UNEXPLAINED)


def test_every_combination_has_a_verdict_and_every_verdict_has_words():
    for levels in product(Level, repeat=len(Channel)):
        assert decide(dict(zip(Channel, levels, strict=True))) in Verdict
    for verdict in Verdict:
        assert words(verdict).endswith((".", "reason."))
    assert len({words(v) for v in Verdict}) == len(Verdict)
    assert TABLE[-1][0] == {}


def incident(channel, exchange):
    return Incident(
        id=f"m-{exchange}",
        channel=channel,
        verdict=verdict_of(channel),
        onset=exchange - 5,
        onset_time=None,
        opened=exchange,
        opened_time=None,
        evidence_log10=5.0,
        threshold_log10=4.3,
        movers=(),
    )


def test_a_course_keeps_spans_and_incidents_and_survives_its_bytes():
    course = Course()
    course.turn(Verdict.STEADY, exchange=30)
    course.turn(Verdict.STEADY, exchange=40)
    course.open(incident(Channel.INPUTS, 100))
    course.turn(Verdict.EXPLAINED, exchange=100)
    course.open(incident(Channel.BEHAVIOUR, 150))
    course.turn(Verdict.UNEXPLAINED, exchange=150)
    assert course.is_open(Verdict.UNEXPLAINED)
    course.close(Verdict.EXPLAINED, exchange=160, time=7.0)
    course.close(Verdict.UNEXPLAINED, exchange=200, time=None)
    assert not course.is_open(Verdict.UNEXPLAINED)
    course.turn(Verdict.STEADY, exchange=200)
    course = Course.load(course.dump())
    assert [(str(s.verdict), s.from_exchange, s.to_exchange) for s in course.spans] == [
        ("insufficient", 1, 29),
        ("steady", 30, 99),
        ("explained", 100, 149),
        ("unexplained", 150, 199),
        ("steady", 200, None),
    ]
    assert [(i.closed, i.closed_time) for i in course.incidents] == [(160, 7.0), (200, None)]
    assert course.opened == {Verdict.EXPLAINED: 1, Verdict.UNEXPLAINED: 1}


def test_a_course_from_before_there_were_opinions_can_be_read():
    course = Course()
    course.open(incident(Channel.BEHAVIOUR, 100))
    old = json.loads(course.dump())
    del old["incidents"][0]["opinions"]
    assert Course.load(json.dumps(old).encode()).incidents == course.incidents


def test_later_opinions_take_the_place_of_earlier_ones():
    course = Course()
    for exchange in (50, 100):
        course.open(incident(Channel.BEHAVIOUR, exchange))
    assert second_opinions(course.incidents[1]) == ""
    course.put_opinions(course.incidents[1], (Opinion("ADWIN", 1_095), Opinion("KSWIN", None)))
    course = Course.load(course.dump())
    assert [second_opinions(i) for i in course.incidents] == ["", "ADWIN 1,095, KSWIN –"]


def test_two_turns_at_one_exchange_leave_no_empty_span():
    course = Course()
    course.turn(Verdict.EXPLAINED, exchange=50)
    course.turn(Verdict.UNEXPLAINED, exchange=50)
    assert [(str(s.verdict), s.from_exchange) for s in course.spans] == [("insufficient", 1), ("unexplained", 50)]


def test_memory_of_the_past_is_bounded():
    course = Course()
    for i in range(1_000):
        course.open(incident(Channel.INPUTS, 2 * i + 10))
        course.close(Channel.INPUTS, exchange=2 * i + 11, time=None)
        course.turn(Verdict.EXPLAINED, exchange=2 * i + 10)
        course.turn(Verdict.STEADY, exchange=2 * i + 11)
    assert len(course.spans) == len(course.incidents) == Course.KEPT
    assert course.opened[Verdict.EXPLAINED] == 1_000
