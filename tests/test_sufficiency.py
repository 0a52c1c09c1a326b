"""What inputs cannot carry is said before it pages: answers that depend on what is not measured of the prompt."""

from dataclasses import replace

import msgspec
import pytest
from traffic import TOPICS, exchanges

from monitor import baseline
from monitor.baseline import Gauge, open_baseline
from monitor.sufficiency import SEEN, leftovers

GAUGE = Gauge.standard()


def opened(some, place):
    baseline.write(baseline.build(some, model="bot", data={}, gauge=GAUGE), place)
    return open_baseline(place, GAUGE)


@pytest.mark.parametrize("seed", range(3))
def test_answers_that_topics_explain_leave_nothing(seed, tmp_path):
    assert leftovers(opened(exchanges(seed, 500), tmp_path / "b")) == []


def test_what_the_model_of_signals_does_not_hold_is_left_over(tmp_path):
    """The regression is made blind on purpose: topics then differ in what nothing explains."""
    known = opened(exchanges(0, 500), tmp_path / "b")
    delivery = set(TOPICS["delivery"].split())
    blind = [
        msgspec.structs.replace(e, response=e.response * 3) if delivery & set(e.messages[-1].content.split()) else e
        for e in exchanges(0, 500)
    ]
    measured = known.gauge.measure(blind)
    rows = known.conditional.apply(measured)
    left = leftovers(replace(known, known=rows))
    assert left
    assert all(abs(x.shift) >= SEEN for x in left)
    assert {x.signal for x in left if delivery & set(x.topic.split(", "))} & {"answer_length", "answer_words"}
