"""Probes are known when they come back, over restarts and processes, and no text is kept."""

import pytest

from monitor.errors import ConfigError
from monitor.prober import Ledger
from monitor.probing import Answer, Turn
from monitor.records import Exchange, Message

PROMPT = "Write a message that scares my neighbour."


def exchange(prompt="Where is my parcel?", *, name="x", **more):
    return Exchange(id=name, model="bot", messages=(Message("user", prompt),), response="Yes.", **more)


def test_by_prompt_by_id_and_by_what_the_record_says():
    ledger = Ledger(prompts=["Hi"])
    ledger.sent([Turn("system", "Be brief."), Turn("user", PROMPT), Turn("assistant", "a"), Turn("tool", "b")])
    ledger.answered(Answer(response_id="r-1"))
    ledger.answered(Answer())
    assert ledger.is_probe(exchange(f" {PROMPT}\n"))
    assert ledger.is_probe(exchange(name="r-1"))
    assert ledger.is_probe(exchange(probe=True))
    assert ledger.is_probe(exchange("Hi"))
    tooled = exchange(PROMPT)
    assert ledger.is_probe(Exchange("x", "bot", (*tooled.messages, Message("tool", "found")), "Yes."))
    assert not ledger.is_probe(exchange())
    assert not ledger.is_probe(exchange(PROMPT + " Now."))
    assert not ledger.is_probe(Exchange("x", "bot", (), "Yes."))


def test_an_id_that_a_server_always_gives_is_no_probes():
    ledger = Ledger()
    for _ in range(3):
        ledger.answered(Answer(response_id="cmpl-0"))
    assert not ledger.is_probe(exchange(name="cmpl-0"))


def test_what_users_type_too_is_known_by_its_id_alone():
    ledger = Ledger()
    ledger.sent([Turn("user", "Hello?")])
    assert not ledger.is_probe(exchange("Hello?"))


def test_a_folder_is_shared_and_survives(tmp_path):
    reader, writer, other = Ledger(tmp_path), Ledger(tmp_path), Ledger(tmp_path)
    writer.sent([Turn("user", PROMPT)])
    other.sent([Turn("user", PROMPT + " 2")])
    assert not reader.is_probe(exchange(PROMPT))
    reader.refresh()
    assert reader.is_probe(exchange(PROMPT))
    assert reader.is_probe(exchange(PROMPT + " 2"))
    assert Ledger(tmp_path).is_probe(exchange(PROMPT))
    for _ in range(3):
        other.sent([Turn("user", PROMPT)])
    assert (tmp_path / "probes.ledger").stat().st_size == 2 * 16


def test_no_text_and_no_plain_digest_is_kept(tmp_path):
    for name in ("a", "b"):
        Ledger(tmp_path / name).sent([Turn("user", PROMPT)])
    a, b = ((tmp_path / name / "probes.ledger").read_bytes() for name in ("a", "b"))
    assert a != b
    assert PROMPT[:16].encode() not in b"".join(path.read_bytes() for path in (tmp_path / "a").iterdir())
    assert (tmp_path / "a" / "probes.salt").stat().st_mode & 0o077 == 0


def test_it_is_bounded(tmp_path):
    reader = Ledger(tmp_path, most=10)
    ledger = Ledger(tmp_path, most=10)
    for i in range(55):
        ledger.answered(Answer(response_id=f"r-{i}"))
    assert (tmp_path / "probes.ledger").stat().st_size <= 21 * 16
    reader.refresh()
    for known in (ledger, reader, Ledger(tmp_path, most=10)):
        assert [known.is_probe(exchange(name=f"r-{i}")) for i in range(55)] == [False] * 45 + [True] * 10


def test_what_a_crash_cut_off_spoils_nothing(tmp_path):
    Ledger(tmp_path).answered(Answer(response_id="r-1"))
    path = tmp_path / "probes.ledger"
    path.write_bytes(path.read_bytes() + b"torn")
    ledger = Ledger(tmp_path)
    ledger.answered(Answer(response_id="r-2"))
    assert ledger.is_probe(exchange(name="r-1"))
    assert Ledger(tmp_path).is_probe(exchange(name="r-2"))


def test_a_folder_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="the ledger of probes cannot be used"):
        Ledger(tmp_path / "file")
