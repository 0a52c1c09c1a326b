"""How many requests are under way at once."""

import asyncio

from monitor.prober.pace import Pace
from monitor.probing import Answer, Failure

OK = Answer(text="Yes", completion_tokens=10, latency_secs=1.0)


def allowed(answers, *, most=8):
    """What is allowed after each of these answers, put one after the other."""
    pace = Pace(most)

    async def put():
        out = []
        for answer in answers:
            await pace.leave(await pace.enter(), answer)
            out.append(pace.allowed)
        return out

    return asyncio.run(put())


def test_it_rises_to_the_most_and_stays():
    assert allowed([OK] * 10) == [2, 3, 4, 5, 6, 7, 8, 8, 8, 8]


def test_it_halves_when_the_endpoint_is_busy_and_rises_slowly():
    for busy in (
        Answer(failure=Failure.RATE_LIMITED),
        Answer(failure=Failure.SERVER),
        Answer(failure=Failure.TIMEOUT),
        Answer(text="Yes", tries=2),
    ):
        out = allowed([*[OK] * 7, busy, *[OK] * 6])
        assert out[6:9] == [8, 4, 4]
        assert out[-1] == 5
    assert min(allowed([OK, *[Answer(failure=Failure.SERVER)] * 9])) == 1


def test_failures_that_say_nothing_of_load_do_not_slow_it():
    assert allowed([*[OK] * 7, Answer(failure=Failure.BLOCKED), Answer(failure=Failure.UNAUTHORIZED)])[-1] == 8


def test_it_halves_when_answers_become_slow():
    slow = Answer(text="Yes", completion_tokens=10, latency_secs=4.0)
    longer = Answer(text="Yes", completion_tokens=70, latency_secs=4.0)  # as many tokens a second
    assert min(allowed([*[OK] * 20, *[longer] * 20])[20:]) == 8
    assert min(allowed([*[OK] * 20, *[slow] * 20])[20:]) <= 4
    assert allowed([*[OK] * 20, *[slow] * 200])[-1] == 8  # it is no load of ours


def test_what_was_under_way_together_halves_it_once():
    pace = Pace(8)

    async def put():
        for _ in range(7):
            await pace.leave(await pace.enter(), OK)
        under_way = [await pace.enter() for _ in range(8)]
        for ordinal in under_way:
            await pace.leave(ordinal, Answer(failure=Failure.SERVER))

    asyncio.run(put())
    assert pace.allowed == 4
