"""Slow work beside a fast loop. What is slow here waits for the test's word, so nothing depends on time."""

import threading

import pytest

from monitor.worker import Counts, Worker

SOON = 30
"""Seconds within which what must happen has happened; only a broken worker takes them."""


class Gate:
    """Doubles numbers, a batch each time that it is let through."""

    def __init__(self):
        self.batches, self.reached, self.go = [], threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, items):
        self.batches.append(list(items))
        self.reached.release()
        assert self.go.acquire(timeout=SOON)
        return [2 * item for item in items]

    def await_batch(self):
        assert self.reached.acquire(timeout=SOON)


@pytest.fixture
def gated():
    """A gate and a worker of six places behind it."""
    gate = Gate()
    worker = Worker(gate, capacity=6, most_batch=2)
    yield gate, worker
    gate.go.release(100)
    worker.close()


@pytest.fixture
def worker_of():
    made = []

    def make(work, **options):
        made.append(Worker(work, **{"capacity": 10, "most_batch": 2, **options}))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


def test_items_are_done_in_order(worker_of):
    worker = worker_of(lambda items: [str(item) for item in items])
    assert worker.offer([1, 2, 3]) == 3
    assert worker.offer([4, 5]) == 2
    assert worker.drain(SOON)
    assert worker.collect() == [(1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5")]
    assert worker.collect() == []
    assert worker.counts == Counts(offered=5, done=5)
    assert worker.counts.sampled_ratio == 1


def test_under_load_the_caller_goes_on_and_the_rest_is_counted(gated):
    gate, worker = gated
    worker.offer([0, 1])
    gate.await_batch()  # which now holds the thread
    assert worker.offer([2, 3, 4, 5, 6, 7]) == 4
    assert worker.offer([8]) == 0
    assert worker.counts == Counts(offered=9, dropped=3)
    assert worker.counts.sampled_ratio == pytest.approx(6 / 9)
    assert not worker.drain(0)
    gate.go.release(3)
    assert worker.drain(SOON)
    assert gate.batches == [[0, 1], [2, 3], [4, 5]]


def test_results_that_nobody_collects_take_room_too(gated):
    gate, worker = gated
    gate.go.release(3)
    assert worker.offer(range(6)) == 6
    assert worker.drain(SOON)
    assert worker.offer([6]) == 0
    assert [result for _, result in worker.collect()] == [0, 2, 4, 6, 8, 10]
    assert worker.offer([6]) == 1


def test_a_batch_that_fails_is_counted_and_the_next_is_tried(worker_of):
    def work(items):
        if "bad" in items:
            raise ValueError("what the text was: bad")
        return items

    worker = worker_of(work, most_batch=1)
    worker.offer(["good", "bad"])
    assert worker.drain(SOON)
    assert worker.trouble == "ValueError"
    assert worker.counts == Counts(offered=2, failed=1, done=1)
    worker.offer(["good"])
    assert worker.drain(SOON)
    assert worker.trouble == ""
    assert worker.collect() == [("good", "good"), ("bad", None), ("good", "good")]


def test_a_failure_tells_no_text(worker_of, caplog):
    def work(items):
        raise ValueError(items[0])

    worker = worker_of(work)
    worker.offer(["a secret"])
    assert worker.drain(SOON)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_results_of_another_number_are_a_failure(worker_of):
    worker = worker_of(lambda items: [1])
    worker.offer([1, 2])
    assert worker.drain(SOON)
    assert worker.counts.failed == 2
    assert worker.collect() == [(1, None), (2, None)]


def test_items_that_are_not_taken_may_stay_the_callers(gated):
    gate, worker = gated
    worker.offer([0, 1])
    gate.await_batch()
    assert worker.offer([2, 3, 4, 5, 6, 7], drop=False) == 4
    assert worker.counts == Counts(offered=6)


def test_a_collector_may_wait_for_what_is_being_done(gated):
    gate, worker = gated
    assert worker.collect(SOON) == []  # nothing is left to do
    worker.offer([1, 2])
    gate.go.release()
    assert worker.collect(SOON) == [(1, 2), (2, 4)]


def test_closed_in_the_midst(gated):
    gate, worker = gated
    worker.offer([0, 1, 2, 3, 4, 5])
    gate.await_batch()
    closing = threading.Thread(target=worker.close)
    closing.start()
    gate.go.release(2)  # the second one for a batch that the thread takes before it is told to end
    closing.join(SOON)
    assert not closing.is_alive()
    assert worker.offer([6]) == 0
    counts = worker.counts
    assert counts.offered == counts.done + counts.dropped == 7
    assert counts.dropped >= 3
    assert gate.batches[0] == [0, 1]


def test_sizes_that_make_no_sense():
    with pytest.raises(ValueError, match="capacity"):
        Worker(list, capacity=1, most_batch=2)
