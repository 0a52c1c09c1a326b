"""What inputs cannot carry is said before it pages: answers that depend on what is not measured of the prompt."""

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


def test_what_depends_on_a_word_within_a_topic_is_left_over(tmp_path):
    """Answers to prompts with one word are thrice as long: its topic does not tell, nor the model of signals."""
    word = TOPICS["delivery"].split()[0]
    odd = [
        msgspec.structs.replace(e, response=e.response * 3) if word in e.messages[-1].content.split() else e
        for e in exchanges(0, 1_000)
    ]
    left = leftovers(opened(odd, tmp_path / "b"))
    assert {"answer_length", "answer_words"} & {x.signal for x in left if x.topic == f'"{word}"'}
    assert all(abs(x.shift) >= SEEN for x in left)
