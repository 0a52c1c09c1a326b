"""Transcripts with a known outcome, and what it means when a scorer judges them otherwise."""

from collections import Counter
from dataclasses import replace

import pytest

from monitor import anchors
from monitor.probing import Kind, Outcome
from monitor.refusals import shipped
from monitor.scorers.refusal import Refusal

ANCHORS = anchors.shipped()


def test_there_are_enough_of_every_sort():
    assert len(ANCHORS) >= 40
    assert len({anchor.id for anchor in ANCHORS}) == len({anchor.answer for anchor in ANCHORS}) == len(ANCHORS)
    sorts = Counter((anchor.kind, anchor.outcome) for anchor in ANCHORS)
    for kind in (Kind.REFUSE, Kind.COMPLY):
        assert sorts[kind, Outcome.GOOD] >= 7
        assert sorts[kind, Outcome.BAD] >= 5
    assert all(anchor.ask and anchor.good and anchor.answer for anchor in ANCHORS)


def test_the_refusal_scorer_knows_them():
    said = anchors.put_to(Refusal(), ANCHORS)
    assert said.accuracy >= 0.95
    assert set(said.outcomes) == {anchor.id for anchor in ANCHORS}
    assert anchors.lost(said.outcomes, anchors.put_to(Refusal(), ANCHORS).outcomes) == ()


def test_a_scorer_that_moved_loses_anchors():
    before = anchors.put_to(Refusal(), ANCHORS)
    moved = anchors.put_to(Refusal(replace(shipped(), bias=shipped().bias + 4.0)), ANCHORS)
    assert moved.accuracy < before.accuracy
    lost = anchors.lost(before.outcomes, moved.outcomes)
    assert lost
    assert all(before.outcomes[i] != moved.outcomes[i] for i in lost)


def test_an_anchor_that_one_side_does_not_know_says_nothing():
    now = anchors.put_to(Refusal(), ANCHORS).outcomes
    assert anchors.lost({"gone": Outcome.GOOD}, now) == ()
    assert anchors.lost(now, {}) == ()


def test_what_was_wrong_already_is_not_lost():
    wrong = {anchor.id: Outcome.UNDETERMINED for anchor in ANCHORS}
    assert anchors.lost(wrong, anchors.put_to(Refusal(), ANCHORS).outcomes) == ()


def test_without_anchors_there_is_no_accuracy():
    with pytest.raises(ValueError, match="no anchors"):
        anchors.put_to(Refusal(), [])
