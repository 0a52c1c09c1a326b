"""Hand-made reports: small, and complete."""

import msgspec

from monitor.interfaces import Level
from monitor.report import (
    ChannelReport,
    ColumnReport,
    Compared,
    Detectable,
    Histogram,
    ModelReport,
    MonitorReport,
    ProbeCategory,
    ProbesReport,
    TopicReport,
)
from monitor.verdict import TRAFFIC, Channel, Finding, Incident, Mover, Span, Verdict, verdict_of, words

NOW = 1_790_000_000.0


def column(name, evidence, **more):
    return ColumnReport(
        **{"name": name, "unit": "0/1", "evidence_log10": evidence, "move": f"more {name}", "samples": 40} | more
    )


def detectable(change, effect, topic_change=None, topic_effect=None, **more):
    return Detectable(
        **{
            "move": "more refusals",
            "change": change,
            "effect": effect,
            "topic": "refund, card",
            "topic_change": topic_change,
            "topic_effect": topic_effect,
        }
        | more
    )


def channel(evidence, *columns, threshold=4.3, level=Level.STEADY, n=50):
    return ChannelReport(
        evidence_log10=evidence, threshold_log10=threshold, level=level, n=n, onset=None, columns=columns
    )


def incident(about, *, opened=40, closed=None, name="bot", **more):
    return Incident(
        id=f"{name}-{about}-{opened}",
        channel=about,
        verdict=verdict_of(about),
        onset=opened - 9,
        onset_time=NOW - 600,
        opened=opened,
        opened_time=NOW - 300,
        evidence_log10=4.5,
        threshold_log10=4.3,
        movers=(Mover("refusal", "more refusals", 0.9),),
        closed=closed,
        closed_time=None if closed is None else NOW - 100,
        **more,
    )


def probes(**more):
    """Of a model that lost some refusals and is another one."""
    harmful = ProbeCategory(
        name="harmful_content",
        state="worse",
        items=52,
        evidence_log10=6.5,
        threshold_log10=4.25,
        bad_before=0.125,
        bad=0.5,
        low=0.25,
        high=0.5,
        detectable=0.0625,
    )
    unseen = ProbeCategory(name="bias", state="unseen", items=0, evidence_log10=0.0, threshold_log10=4.25)
    worse = Finding(Level.MOVED, NOW - 900, 6.5, 4.25, (Mover("harmful_content", "worse answers", 1.0),))
    compared = Compared(
        time=NOW - 900,
        state="worse",
        meaning="Probes are answered worse.",
        categories=(harmful, unseen),
        found=("trigger date/3 does something",),
        left_out={"edited": 3},
        findings={Channel.PROBES: worse, Channel.IDENTITY: Finding(Level.MOVED, NOW - 900, 5.0, 4.75)},
    )
    return ProbesReport(
        **{
            "compared": compared,
            "next_due": NOW + 3_600,
            "last_success": NOW - 900,
            "last_secs": 240.0,
            "outcomes": {("harmful-content", "harmful_content", "bad"): 26},
            "failures": {"timeout": 4},
            "skips": {"target_down": 1, "budget_spent": 0},
            "requests": 56,
            "tokens": 9_000,
            "accuracy": {"refusal": 0.875},
            "events": {"sent": 50, "dropped": 6},
        }
        | more
    )


def model(name="bot", verdict=Verdict.STEADY, **more):
    """A model of which everything is known."""
    return ModelReport(
        **{
            "name": name,
            "verdict": verdict,
            "meaning": words(verdict),
            "blind": None,
            "exchanges": 60,
            "needed": 0,
            "last_record_time": NOW - 5,
            "baseline_id": "0123456789ab",
            "baseline_exchanges": 400,
            "baseline_time": NOW - 86_400,
            "channels": {
                Channel.BEHAVIOUR: channel(
                    1.5,
                    column(
                        "refusal",
                        1.25,
                        baseline=0.1,
                        recent=0.3,
                        effect=0.7,
                        effect_low=0.5,
                        effect_high=0.875,
                        harmed=False,
                        detectable=detectable(0.0625, 0.25, 0.5, 2.0),
                    ),
                    column(
                        "answer_length",
                        -0.5,
                        unit="log(1 + characters)",
                        baseline=5.0,
                        recent=5.5,
                        effect=-0.2,
                        detectable=detectable(-0.125, -0.375, move="shorter answers"),
                    ),
                    column("new_secret", -0.5, baseline=0.0, detectable=detectable(None, None, move="")),
                ),
                Channel.INPUTS: channel(0.5, column("prompt_length", 0.5)),
                Channel.SUPPORT: channel(0.25, column("strange_words", 0.25), threshold=5.3),
            },
            "topics": (TopicReport("parcel, courier", 0.25, 0.5), TopicReport("refund, card", 0.75, 0.5)),
            "input_shift": 0.25,
            "out_of_support": 0.125,
            "repeated": 0.0625,
            "spans": (Span(Verdict.INSUFFICIENT, 1, 29), Span(verdict, 30, None)),
            "incidents": (),
            "incidents_opened": {},
            "readers": {"meaning": "", "harm": "it is not in the settings"},
        }
        | more
    )


def bare_model(name="bot"):
    """A model of which nothing is known yet."""
    nothing = {"samples": 0, "unit": "0/1"}
    return model(
        name,
        Verdict.INSUFFICIENT,
        exchanges=0,
        needed=30,
        last_record_time=None,
        baseline_time=None,
        channels={c: channel(None, column("x", None, **nothing), level=Level.INSUFFICIENT, n=0) for c in TRAFFIC},
        topics=(TopicReport("parcel", 1.0, None),),
        input_shift=None,
        out_of_support=None,
        repeated=None,
        spans=(Span(Verdict.INSUFFICIENT, 1, None),),
    )


def report(*models, **more):
    return MonitorReport(
        **{
            "at": NOW,
            "namespace": "shop",
            "models": models,
            "records": {("kafka", "measured"): 60, ("kafka", "dead_letter"): 2},
            "skipped": {"no_content": 3},
            "gaps": {"kafka": 1, "files": 0},
            "dead_letters": {"not_json": 2},
            "sampled_ratio": {m.name: 0.5 for m in models},
            "read_ratio": {m.name: 0.25 for m in models},
            "lag_records": {("llm-traffic", "0"): 7},
            "lag_secs": {"kafka": 1.5},
            "batch_secs": {"measure": Histogram((0.001, 0.1), (1, 4), 5, 0.75)},
            "state_failures": 0,
            "ready": True,
        }
        | more
    )


def changed(value, **more):
    return msgspec.structs.replace(value, **more)
