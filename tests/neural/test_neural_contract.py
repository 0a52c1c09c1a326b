"""What every slow extractor keeps to: names, shapes, NaN, independence of the batch, identity, its page."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from monitor.batch import Batch
from monitor.extractors import EXTRACTORS
from monitor.interfaces import Harm, Role
from monitor.networks import Choice, Classifier, Encoder, Names, Precision, Surprise
from monitor.neural import NEURAL
from monitor.neural.classifier import Signal
from monitor.records import Exchange, Message

pytestmark = [pytest.mark.neural, pytest.mark.filterwarnings("default")]  # torch warns of its own ways

PAGE = Path(__file__).parents[2] / "docs" / "neural.md"
SAID = (
    "At the depot, since yesterday.",
    "What an idiot.",
    "Anna Schmidt will.",
    "x",
    "word " * 700,
    "Grüße aus Köln, 你好, \ud800 and 🙂",
    "\x00" * 50,
    "{" * 3000,
    *(f"Order {i} came " + "late " * i for i in range(0, 40, 6)),
)


def exchange(response, *turns, **more):
    turns = tuple(Message("user", turn) for turn in turns or ("Where is my parcel?",))
    return Exchange(id="1", model="m", messages=turns, response=response, **more)


@pytest.fixture(scope="module")
def members(toxic, llama, persons, minilm):
    """Each, made in both precisions."""
    signals = [Signal("rude", ("rude", "idiot"), Harm.RISE), Signal("fine_tone", ("fine",))]
    given: Mapping[str, tuple] = {
        "classifier": (Classifier, toxic, signals),
        "meaning": (Encoder, minilm),
        "surprise": (Surprise, llama),
        "names": (Names, persons),
    }
    assert sorted(given) == sorted(NEURAL)

    def choice(folder, precision):
        return Choice(str(folder), device="cpu", precision=precision, threads=1)

    return {
        (name, precision): NEURAL[name](network(choice(folder, precision)), *more)
        for name, (network, folder, *more) in given.items()
        for precision in (Precision.FLOAT32, Precision.BFLOAT16)
    }


@pytest.fixture(
    params=[(name, precision) for name in NEURAL for precision in (Precision.FLOAT32, Precision.BFLOAT16)],
    ids="-".join,
)
def member(request, members):
    return members[request.param]


def test_columns_are_signals_that_say_what_a_move_means(member):
    others = {column.name for make in EXTRACTORS.values() for column in make().columns}
    for column in member.columns:
        if column.role is Role.MEANING:  # never shown
            continue
        assert column.role is Role.SIGNAL
        assert column.name not in others
        assert all((column.unit, column.rise, column.fall))
        assert column.rise != column.fall


def test_identity_is_a_hash(member):
    assert len(bytes.fromhex(member.identity)) == 8


def test_rows_do_not_depend_on_each_other(member):
    """But for the rounding of an encoder, which reads texts together; it keeps what it read."""
    exchanges = [exchange(said, f"Question {i}") for i, said in enumerate(SAID)]
    whole = member.measure(Batch(exchanges))
    assert whole.dtype == np.float64
    assert whole.shape == (len(SAID), len(member.columns))
    assert np.nanstd(whole[:, -1]) > 0
    parts = [member.measure(Batch(part)) for part in ([each] for each in reversed(exchanges))]
    assert np.concatenate(parts[::-1]).tobytes() == whole.tobytes()
    assert member.measure(Batch(exchanges[3:9])).tobytes() == whole[3:9].tobytes()


def test_empty_answers_have_no_value_and_a_refusal_is_an_answer(member):
    found = member.measure(Batch([exchange(""), exchange(" \n"), exchange("", refusal="I will not, you idiot.")]))
    signals = [i for i, column in enumerate(member.columns) if column.role is Role.SIGNAL]
    assert np.isnan(found[:2, signals]).all()
    assert np.isfinite(found[2]).all()
    assert member.measure(Batch([])).shape == (0, len(member.columns))


def test_values_come_in_steps(member):
    signals = [i for i, column in enumerate(member.columns) if column.role is Role.SIGNAL]
    found = member.measure(Batch([exchange(said) for said in SAID]))[:, signals] * 1024
    assert np.array_equal(found, np.round(found), equal_nan=True)


@pytest.mark.parametrize("name", NEURAL)
def test_its_page_names_it(name):
    assert f"| `{name}` |" in PAGE.read_text(encoding="utf-8")
