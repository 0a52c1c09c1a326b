"""Signals given inputs: exchangeable between baseline and live, the same for a row whatever its batch."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from traffic import EVEN, TURNED, exchanges

from monitor.baseline import Gauge
from monitor.conditional import ROWS_PER_TOPIC, Conditional, deal
from monitor.interfaces import Role
from monitor.spaces import shipped
from monitor.vocabulary import Vocabulary

GAUGE = Gauge.standard().knowing(Vocabulary.learn(exchanges(0, 500)), shipped())
LENGTH = [c.name for c in GAUGE.columns(Role.SIGNAL)].index("answer_length")


def fitted(seed=0, n=500):
    m = GAUGE.measure(exchanges(seed, n))
    return Conditional.fit(m, seed=0), m


def test_inputs_explain_what_depends_on_them():
    model, m = fitted()
    residuals = model.apply(m).residuals[:, LENGTH]
    assert residuals.std() < 0.75 * m.signals[:, LENGTH].std()
    assert abs(residuals.mean()) < 0.1 * m.signals[:, LENGTH].std()


@pytest.mark.parametrize("topics", [EVEN, TURNED])
def test_residuals_of_live_exchanges_are_those_of_the_baseline_in_their_stratum(topics):
    """Over 30 baselines: a live residual differs from the mean of its stratum by little on average, also when the mix
    of topics is turned round; the spread of all residuals is 0.4."""
    apart = []
    for seed in range(30):
        model, m = fitted(seed, 400)
        known = model.apply(m)
        sums = np.bincount(known.strata[:, LENGTH], weights=known.residuals[:, LENGTH], minlength=model.groups)
        means = sums / np.maximum(np.bincount(known.strata[:, LENGTH], minlength=model.groups), 1)
        m = GAUGE.measure(exchanges(seed, 100, topics=topics, first=10_000))
        live = model.apply(m)
        apart.append(np.mean(live.residuals[:, LENGTH] - means[live.strata[:, LENGTH]]))
    assert abs(np.mean(apart)) < 0.05


@pytest.mark.parametrize("cut", [1, 7, 33, 64, 199])
def test_a_row_does_not_depend_on_its_batch(cut):
    model, _ = fitted()
    live = exchanges(0, 500)
    whole = model.apply(GAUGE.measure(live))
    for start in range(0, len(live), cut):
        s = slice(start, start + cut)
        part = model.apply(GAUGE.measure(live[s]))
        assert np.array_equal(part.residuals, whole.residuals[s], equal_nan=True)
        assert np.array_equal(part.strata, whole.strata[s])
        assert np.array_equal(part.novelty, whole.novelty[s])
        assert np.array_equal(part.supported, whole.supported[s])


def test_strata_are_bands_within_topics_that_have_enough_rows():
    """A stratum holds rows of one topic, or of topics too rare for one of their own."""
    model, m = fitted(n=600)
    known = model.apply(m)
    base = 0
    for f, fold in enumerate(model.folds):
        own = deal(m.ids, len(model.folds)) == f
        cells = np.searchsorted(np.cumsum(fold.bands), known.strata[own, LENGTH] - base, side="right")
        assert (cells == fold.cell[known.topic[own]]).all()
        for topic, n in enumerate(np.bincount(known.topic[own], minlength=model.topics.count)):
            assert (n >= ROWS_PER_TOPIC) == (fold.cell[topic] < len(fold.cuts) - 1)
        base += fold.groups
    assert base == model.groups


def test_prompts_of_another_kind_are_out_of_support_and_known_ones_hardly_ever():
    model, _ = fitted()
    strange = []
    for e in exchanges(1, 60, first=5_000):
        m = e.messages[-1]
        strange.append(type(e)(e.id, e.model, (e.messages[0], type(m)(m.role, m.content[::-1])), e.response))
    m = GAUGE.measure(strange)
    assert model.apply(m).supported.mean() < 0.1
    m = GAUGE.measure(exchanges(1, 1_000, first=6_000))
    assert model.apply(m).supported.mean() > 0.97
    m = GAUGE.measure(exchanges(1, 500, topics=TURNED, first=8_000))
    assert model.apply(m).supported.mean() > 0.97


def test_what_is_constant_stays_constant_to_the_last_bit():
    model, m = fitted()
    constant = replace(m, signals=np.full_like(m.signals, 0.1))
    model = Conditional.fit(constant, seed=0)
    assert (model.apply(constant).residuals == 0.1).all()
    nearly = replace(m, signals=0.1 + 1e-15 * np.random.default_rng(0).normal(size=m.signals.shape))
    assert (Conditional.fit(nearly, seed=0).apply(nearly).residuals == 0).all()


def test_folds_are_dealt_evenly_and_by_the_id_alone():
    ids = [f"request-{i}" for i in range(10_000)]
    dealt = deal(ids, 4)
    assert stats.chisquare(np.bincount(dealt)).pvalue > 1e-4
    assert deal(ids[5_000:], 4).tolist() == dealt[5_000:].tolist()


def test_the_model_survives_its_arrays():
    model, m = fitted(n=120)
    again = Conditional.from_arrays(model.arrays())
    one, two = (x.apply(m) for x in (model, again))
    assert np.array_equal(one.residuals, two.residuals, equal_nan=True)
