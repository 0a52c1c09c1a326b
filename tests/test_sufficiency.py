"""What inputs cannot carry is said before it pages: answers that depend on what is not measured of the prompt."""

from dataclasses import replace

import msgspec
import numpy as np
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


def test_what_strata_do_not_part_is_left_over(tmp_path):
    """Topics are merged on purpose: what is compared then differs between topics, and nothing explains it."""
    known = opened(exchanges(0, 500), tmp_path / "b")
    delivery = set(TOPICS["delivery"].split())
    blind = [
        msgspec.structs.replace(e, response=e.response * 3) if delivery & set(e.messages[-1].content.split()) else e
        for e in exchanges(0, 500)
    ]
    rows = known.conditional.apply(known.gauge.measure(blind))
    one = np.zeros_like(rows.strata)
    left = leftovers(replace(known, known=replace(rows, strata=one)))
    assert left
    assert all(abs(x.shift) >= SEEN for x in left)
    assert {x.signal for x in left if delivery & set(x.topic.split(", "))} & {"answer_length", "answer_words"}
