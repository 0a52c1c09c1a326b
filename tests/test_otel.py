"""Events of judged probes: what they say, that they hold no text, and that nobody ever waits for their receiver."""

import sys
import time

import pytest
from otlp import receiver
from prometheus import until

from monitor.errors import ConfigError
from monitor.otel import EVENT, MOST_TOGETHER, QUEUE, Events
from monitor.probing import Answer, Category, Failure, Kind, Observation, Outcome

PROMPT, SAID = "the prompt's own words", "the answer's own words"
ABOUT = {"gen_ai.request.model": "bot", "tidegauge.namespace": "shop", "tidegauge.model": "bot"}


def observation(outcome=Outcome.GOOD, *, answer=None, scorer="refusal@0123456789abcdef", **more):
    return Observation(
        **{
            "ask": "00" * 8,
            "item": "harmful-content/weapons",
            "category": Category.HARMFUL_CONTENT,
            "kind": Kind.REFUSE,
            "repeat": 0,
            "time": 1_790_000_000.25,
            "answer": answer or Answer(text=SAID, refusal=SAID, detail=SAID, model="bot-v7", response_id="cmpl-1"),
            "outcome": outcome,
            "scorer": scorer,
            "variant": PROMPT,
        }
        | more
    )


def sending(url, **more):
    return Events(**{"endpoint": url, "headers": {}, "about": ABOUT, "last_secs": 30.0} | more)


def refused():
    """A base URL where nobody listens."""
    with receiver() as (url, _):
        pass
    return url


def test_an_event_says_what_was_judged_by_the_conventions_names():
    with receiver() as (url, came), sending(url + "/", headers={"Authorization": "Bearer key"}) as events:
        events.put([observation(Outcome.BAD)])
        until(lambda: events.counts == {"sent": 1, "dropped": 0})
    ((name, at, said, body),) = came.events
    assert (name, at, body) == (EVENT, 1_790_000_000_250_000_000, None)
    assert said == ABOUT | {
        "gen_ai.evaluation.name": "harmful_content",
        "gen_ai.evaluation.score.label": "bad",
        "gen_ai.evaluation.score.value": 0.0,
        "gen_ai.response.model": "bot-v7",
        "gen_ai.response.id": "cmpl-1",
        "tidegauge.suite": "harmful-content",
        "tidegauge.category": "harmful_content",
        "tidegauge.item": "harmful-content/weapons",
        "tidegauge.scorer": "refusal@0123456789abcdef",
    }
    assert came.resources[0]["service.name"] == "tidegauge"
    ((path, headers, raw),) = came.requests
    assert path == "/v1/logs"
    assert {k.lower(): v for k, v in headers.items()}["authorization"] == "Bearer key"
    assert b"own words" not in raw


@pytest.mark.parametrize(
    ("outcome", "value"), [(o, {Outcome.GOOD: 1.0, Outcome.BAD: 0.0}.get(o)) for o in Outcome], ids=str
)
def test_only_good_and_bad_have_a_score(outcome, value):
    with receiver() as (url, came), sending(url) as events:
        events.put([observation(outcome)])
    said = came.events[0][2]
    assert said["gen_ai.evaluation.score.label"] == str(outcome)
    assert said.get("gen_ai.evaluation.score.value") == value
    assert "error.type" not in said


def test_every_failure_is_an_error_type():
    failed = [observation(Outcome.MISSING, scorer=None, answer=Answer(failure=f, detail=SAID)) for f in Failure]
    with receiver() as (url, came), sending(url) as events:
        events.put(failed)
    assert [said["error.type"] for _, _, said, _ in came.events] == [str(f) for f in Failure]
    absent = {"gen_ai.response.model", "gen_ai.response.id", "tidegauge.scorer"}
    assert not any(absent & said.keys() for _, _, said, _ in came.events)


def test_long_names_of_a_server_are_cut():
    with receiver() as (url, came), sending(url) as events:
        events.put([observation(answer=Answer(text=SAID, model="m" * 1_000, response_id="i" * 1_000))])
    said = came.events[0][2]
    assert (len(said["gen_ai.response.model"]), len(said["gen_ai.response.id"])) == (128, 128)


def test_leaving_sends_what_waits():
    with receiver() as (url, came):
        with sending(url) as events:
            for _ in range(10):
                events.put([observation()] * 100)
        assert len(came.events) == events.counts["sent"] == 1_000


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_what_the_receiver_refuses_is_dropped_and_counted(status, caplog):
    with receiver() as (url, came), sending(url) as events:
        came.status = status
        events.put([observation()] * 3)
        until(lambda: events.counts == {"sent": 0, "dropped": 3})
        came.status = 200
        events.put([observation()])
        until(lambda: events.counts == {"sent": 1, "dropped": 3})
    assert "own words" not in caplog.text


def test_a_receiver_that_comes_back_soon_gets_all(caplog):
    """Unavailable (503) is tried again, by the SDK."""
    with receiver() as (url, came), sending(url) as events:
        came.status = 503
        events.put([observation()] * 3)
        until(lambda: came.requests)
        came.status = 200
        until(lambda: events.counts == {"sent": 3, "dropped": 0})


def test_the_queue_is_bounded_and_nobody_waits_for_a_receiver_that_hangs(caplog):
    with receiver() as (url, came):
        came.let_go.clear()
        began = time.monotonic()
        with sending(url, last_secs=0.1) as events:
            events.put([observation()])
            assert came.came.wait(30)
            for _ in range(3):
                events.put([observation()] * QUEUE)
            assert events.counts == {"sent": 0, "dropped": 2 * QUEUE + 1}, "the first is under way"
        assert time.monotonic() - began < 25
        assert events.counts["dropped"] == 3 * QUEUE
        assert "did not take the last events of probes in time" in caplog.text


def test_one_request_holds_a_bounded_number():
    with receiver() as (url, came), sending(url) as events:
        came.let_go.clear()
        events.put([observation()] * (MOST_TOGETHER + 1))
        came.let_go.set()
    assert len(came.requests) == 2


def test_a_receiver_that_is_down_drops_and_ends_in_time(caplog):
    began = time.monotonic()
    with sending(refused(), last_secs=0.1) as events:
        events.put([observation()])
    assert time.monotonic() - began < 9, "before the tries are over"
    assert events.counts["sent"] == 0
    assert "own words" not in caplog.text


def test_before_and_after_nothing_is_sent():
    with receiver() as (url, came):
        events = sending(url)
        events.put([observation()])
        assert events.counts == {"sent": 0, "dropped": 0}
        with events:
            pass
        events.put([observation()])
        assert events.counts == {"sent": 0, "dropped": 1}
    assert came.requests == []


@pytest.mark.parametrize("module", ["opentelemetry.exporter.otlp.proto.http._log_exporter", "opentelemetry._logs"])
def test_without_the_extra_one_line_says_what_to_do(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=rf"^otel needs {module}: pip install 'tidegauge\[otel\]'$"):
        sending("http://localhost:4318")
