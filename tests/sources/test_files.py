"""Files read once, and standard input."""

import gzip
import io
import os
import threading

import pytest

from monitor.errors import ConfigError
from monitor.sources.files import FileSource


def waiting(_secs):
    raise AssertionError("a file that is read once is never waited for")


def files(*paths, **options):
    return FileSource(paths=[str(path) for path in paths], **({"wait": waiting} | options))


def read(source, start=None):
    records, position = [], dict(start or {})
    for batch in source.batches(start or {}):
        records += batch.records
        position |= batch.position
    return records, position


@pytest.fixture
def path(tmp_path):
    return tmp_path / "traffic.jsonl"


def test_lines_come_in_order_with_their_places(path):
    path.write_bytes(b'{"a":1}\n\n  \n{"b":2}\r\n{"c":3}')
    records, position = read(files(path))
    assert [r.value for r in records] == [b'{"a":1}', b'{"b":2}\r', b'{"c":3}'], "blank lines are passed over"
    assert [r.offset for r in records] == [0, 12, 21]
    assert {r.partition for r in records} == set(position)
    assert list(position.values()) == [28]
    assert all(r.time == path.stat().st_mtime for r in records)
    assert all(r.size == len(r.value) for r in records)


@pytest.mark.parametrize("packed", [False, True])
def test_reading_goes_on_from_any_position(path, packed):
    text = b"".join(b"%d\n" % i for i in range(1000))
    path.write_bytes(gzip.compress(text) if packed else text)
    values, positions = [], [{}]
    for batch in files(path, batch_records=7).batches({}):
        values += [r.value for r in batch.records]
        positions.append(batch.position)
        rest, _ = read(files(path), batch.position)
        assert values + [r.value for r in rest] == [b"%d" % i for i in range(1000)]
    assert len(positions) > 100


def test_a_packed_file_is_known_by_its_bytes_or_its_name(tmp_path):
    for name in ("a.gz", "a.jsonl"):
        (tmp_path / name).write_bytes(gzip.compress(b"1\n") + gzip.compress(b"2\n"))
        assert [r.value for r in read(files(tmp_path / name))[0]] == [b"1", b"2"]


def test_a_damaged_packed_file_gives_what_is_readable_then_says_so(path):
    whole = gzip.compress(b"".join(os.urandom(50).hex().encode() + b"\n" for _ in range(10_000)))
    path.write_bytes(whole[: len(whole) // 2])
    batches = files(path).batches({})
    assert next(batches).records
    with pytest.raises(ConfigError, match=r"traffic\.jsonl: damaged gzip file"):
        list(batches)


def test_a_long_line_is_handed_on_without_its_bytes(path):
    path.write_bytes(b"a\n" + b"x" * 3_000_000 + b"\nb\n" + b"y" * 2_000_000)
    records, _ = read(files(path, max_record_bytes=1000))
    assert [(r.value, r.size) for r in records] == [(b"a", 1), (None, 3_000_000), (b"b", 1), (None, 2_000_000)]
    assert [r.offset for r in records] == [0, 2, 3_000_003, 3_000_005]
    assert read(files(path, max_record_bytes=2_000_000))[0][3].value is not None, "the limit itself is allowed"


def test_several_paths_in_order_and_none_is_read_again(tmp_path):
    for name in "abc":
        (tmp_path / name).write_bytes(f"{name}1\n{name}2\n".encode())
    paths = [tmp_path / name for name in "cab"]
    records, position = read(files(*paths))
    assert [r.value for r in records] == [b"c1", b"c2", b"a1", b"a2", b"b1", b"b2"]
    assert read(files(*paths), position)[0] == []
    first = next(files(*paths, batch_records=1).batches({})).position
    assert [r.value for r in read(files(*paths), first)[0]] == [b"c2", b"a1", b"a2", b"b1", b"b2"]


def test_a_grown_file_is_read_from_where_it_ended(path):
    path.write_bytes(b"1\n2\n")
    _, position = read(files(path))
    path.write_bytes(b"1\n2\n3\n")
    assert [r.value for r in read(files(path), position)[0]] == [b"3"]


def test_another_file_of_the_same_name_is_read_from_its_beginning(path, caplog):
    path.write_bytes(b"1\n2\n")
    _, position = read(files(path))
    path.write_bytes(b"one\ntwo\nthree\n")
    assert [r.value for r in read(files(path), position)[0]] == [b"one", b"two", b"three"]
    assert "is not the file read last" in caplog.text


def test_an_empty_file_is_said_to_be_empty(path, caplog):
    path.touch()
    assert read(files(path)) == ([], {})
    assert f"{path} is empty" in caplog.text


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(ConfigError, match=r"cannot be read: (No such file|Is a directory)"):
        read(files(tmp_path / name))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"paths": []}, "paths: name at least one file"),
        ({"paths": ["a", "a"]}, "paths: a path is named twice"),
        ({"paths": ["-"]}, "paths: - needs standard input"),
        ({"paths": ["a"], "poll_secs": 5}, "poll_secs: must be above 0 and at most 1"),
    ],
)
def test_options_that_cannot_hold(options, words):
    with pytest.raises(ConfigError, match=words):
        FileSource(wait=waiting, **options)


def test_standard_input_from_memory():
    records, position = read(files("-", stdin=io.BytesIO(b"1\n22\n333"), batch_records=2))
    assert [(r.value, r.offset, r.partition, r.time) for r in records] == [
        (b"1", 0, "-", None),
        (b"22", 2, "-", None),
        (b"333", 5, "-", None),
    ]
    assert position == {"-": 8}


def test_standard_input_from_a_pipe_never_holds_back_a_line():
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as stdin, os.fdopen(write_end, "wb", buffering=0) as writer:
        batches = files("-", stdin=stdin, poll_secs=0.01).batches({})
        assert not next(batches).records, "an empty batch while nobody writes"
        writer.write(b"1\n2")
        assert [r.value for r in next(batches).records] == [b"1"]
        writer.write(b"2\n")
        assert [r.value for r in next(batches).records] == [b"22"]
        writer.write(b"3")
        writer.close()
        assert [r.value for batch in batches for r in batch.records] == [b"3"]


def test_close_from_another_thread_ends_the_batches():
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as stdin, os.fdopen(write_end, "wb"):
        source = files("-", stdin=stdin, poll_secs=0.01)
        batches = source.batches({})
        next(batches)
        closer = threading.Thread(target=source.close)
        closer.start()
        for _batch in batches:
            pass
        closer.join()


def test_a_source_can_be_opened_again(path):
    path.write_bytes(b"1\n2\n3\n")
    source = files(path, batch_records=1)
    batches = source.batches({})
    next(batches)
    position = next(batches).position
    batches.close()
    assert [r.value for r in read(source, position)[0]] == [b"3"]
