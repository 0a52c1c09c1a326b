"""Fifty models of forty signals each: more than most have."""

from reports import NOW, channel, column, detectable, incident, model, probes, report

from monitor.interfaces import Level
from monitor.looks import Look
from monitor.report import Blind
from monitor.verdict import TRAFFIC, Channel, Span, Verdict

MODELS, SIGNALS, LOOKS = 50, 40, 240


def name(i):
    return f"a-model-with-a-long-name-{i:02}"


def fifty():
    """A report: numbers 3 and 17 are unexplained, 9 is blind, the others are steady."""
    return report(*(_one(i) for i in range(MODELS)))


def looked_at(shown):
    """As many looks at a model as a board keeps."""
    return [Look(20 * (n + 1), *_evidence(shown, n), NOW - LOOKS + n) for n in range(LOOKS)]


def _evidence(shown, n):
    return (
        {c: n * (known.evidence_log10 or 0.0) / LOOKS for c, known in shown.evidence.items()},
        {c: known.threshold_log10 for c, known in shown.evidence.items()},
    )


def _one(i):
    verdict = Verdict.UNEXPLAINED if i in (3, 17) else Verdict.BLIND if i == 9 else Verdict.STEADY
    moved = verdict is Verdict.UNEXPLAINED
    signals = [
        column(
            f"signal_{n}",
            n / 10,
            baseline=0.1,
            recent=0.2,
            effect=n / 40,
            effect_low=n / 40 - 0.3,
            effect_high=n / 40 + 0.3,
            detectable=detectable(0.0625, 0.25, 0.5, 2.0),
        )
        for n in range(SIGNALS)
    ]
    known = {c: channel(1.0 + i / 50, *signals) for c in TRAFFIC}
    if moved:
        known[Channel.BEHAVIOUR] = channel(6.0, *signals, level=Level.MOVED)
    over = tuple(incident(Channel.BEHAVIOUR, opened=200 + n, closed=400, name=name(i)) for n in range(200))
    turns = (Span(list(Verdict)[n % 3], 1 + 100 * n, 100 + 100 * n) for n in range(199))
    return model(
        name(i),
        verdict,
        probes=probes() if i == 3 else None,
        blind=Blind.NO_RECORDS if verdict is Verdict.BLIND else None,
        exchanges=20_000,
        channels=known,
        spans=(*turns, Span(verdict, 19_901, None)),
        incidents=(*over, incident(Channel.BEHAVIOUR, opened=19_910, name=name(i))) if moved else over,
    )
