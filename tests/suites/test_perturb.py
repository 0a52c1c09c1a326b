"""Odd surfaces."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.suites.perturb import Perturbation, perturbed

ASK = "At what time do you open on Sunday, and is there parking for 12 bicycles?"


@pytest.mark.parametrize("how", Perturbation)
def test_it_changes_and_is_the_same_each_time(how):
    assert perturbed(ASK, how) != ASK
    assert perturbed(ASK, how) == perturbed(ASK, how)


@given(st.text(max_size=60), st.sampled_from(Perturbation))
def test_any_text_can_be_perturbed(text, how):
    assert len(perturbed(text, how)) >= len(text.replace(" ", ""))


def test_typos_keep_letters_ends_and_numbers():
    text = " ".join([ASK] * 5)
    before, after = text.split(), perturbed(text, Perturbation.TYPOS).split()
    slips = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert 3 < len(slips) < len(before) / 2
    for a, b in slips:
        assert sorted(a) == sorted(b)
        assert (a[0], re.sub(r"\W", "", a)[-1]) == (b[0], re.sub(r"\W", "", b)[-1])
    assert after.count("12") == 5


@pytest.mark.parametrize(
    "how",
    [Perturbation.LONG_PREAMBLE, Perturbation.MIXED_LANGUAGE, Perturbation.EMPTY_LINES],
)
def test_what_is_put_around_leaves_the_ask_whole(how):
    assert ASK in perturbed(ASK, how)


def test_an_emoji_ends_each_text():
    said = perturbed(ASK, Perturbation.EMOJI)
    assert re.sub(r" [^\w\s,?]", "", said) == ASK
    assert not said.isascii()
    assert not said[-1].isascii()
