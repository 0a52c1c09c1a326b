"""Files that grow, are cut and are rotated while they are read."""

import gzip
import os
import shutil

import pytest

from monitor.errors import ConfigError, TemporaryError
from monitor.sources.files import FileSource


class Follower:
    """Follows one path; `more` gives what has come since, reading until the source has nothing for now."""

    def __init__(self, path, start=None, **options):
        self.waits = []
        self.source = FileSource(paths=[str(path)], follow=True, wait=self.waits.append, **options)
        self.batches = self.source.batches(start or {})
        self.position = dict(start or {})
        self.gaps = 0

    def more(self):
        values = []
        for batch in self.batches:
            values += [r.value for r in batch.records]
            self.gaps += batch.gaps
            self.position = dict(batch.position)
            if not batch.records:
                break
        return values


def append(path, text):
    with path.open("ab") as file:
        file.write(text)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "app.jsonl"
    path.write_bytes(b"1\n")
    return path


@pytest.fixture
def follow(path):
    followers = []

    def start(*args, **options):
        followers.append(Follower(path, *args, **options))
        return followers[-1]

    yield start
    for follower in followers:
        follower.batches.close()


def test_what_is_added_comes_and_a_line_only_when_it_is_whole(path, follow):
    reader = follow()
    assert reader.more() == [b"1"]
    append(path, b"2\n3")
    assert reader.more() == [b"2"]
    assert reader.more() == []
    append(path, b"3\n")
    assert reader.more() == [b"33"]
    assert reader.waits == [0.5, 0.5, 0.5], "waits after each empty batch but the one in hand"


def test_a_partial_line_is_read_again_after_a_restart(path, follow):
    append(path, b"2")
    first = follow()
    assert first.more() == [b"1"]
    append(path, b"2\n")
    assert follow(first.position).more() == [b"22"]


def test_a_file_that_comes_later(tmp_path):
    path = tmp_path / "later.jsonl"
    reader = Follower(path)
    assert reader.more() == []
    path.write_bytes(b'{"half')
    assert reader.more() == []
    append(path, b'":1}\n')
    assert reader.more() == [b'{"half":1}']
    reader.batches.close()


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        Follower(tmp_path / "no" / "file").more()


def test_rotation_by_renaming_finishes_the_old_file_first(path, follow):
    reader = follow()
    reader.more()
    old = reader.position
    append(path, b"2\n")
    path.rename(path.with_suffix(".1"))
    append(path.with_suffix(".1"), b"3\n")
    assert reader.more() == [b"2", b"3"], "the writer still holds the old file"
    path.touch()
    append(path.with_suffix(".1"), b"4\n5")
    assert reader.more() == [b"4"], "the new file is empty: the writer has not moved on"
    path.write_bytes(b"6\n")
    assert reader.more() == [b"5", b"6"]
    assert reader.position.keys().isdisjoint(old)


def test_rotation_by_copying_and_cutting(path, follow, caplog):
    reader = follow()
    append(path, b"2\n")
    assert reader.more() == [b"1", b"2"]
    shutil.copy(path, path.with_suffix(".1"))
    os.truncate(path, 0)
    assert reader.more() == []
    assert "was emptied after byte 4" in caplog.text
    append(path, b"3\n")
    assert reader.more() == [b"3"]


def test_cut_and_filled_beyond_the_old_end_between_two_looks(path, follow):
    reader = follow()
    assert reader.more() == [b"1"]
    path.write_bytes(b"one\ntwo\n")
    assert reader.more() == []
    assert reader.more() == [b"one", b"two"]


@pytest.mark.parametrize("pack", [False, True])
def test_rotated_while_nobody_read(path, follow, pack):
    append(path, b"2\n3\n")
    first = follow(batch_records=1)
    next(first.batches)
    position = next(first.batches).position
    rotated = path.with_name("app.jsonl.1")
    path.rename(rotated)
    if pack:
        path.with_name("app.jsonl.1.gz").write_bytes(gzip.compress(rotated.read_bytes()))
        rotated.unlink()
    path.write_bytes(b"4\n")
    second = follow(position)
    assert [value for _ in range(3) for value in second.more()] == [b"3", b"4"]


def test_rotated_twice_with_positions_of_both_files_kept(path, follow):
    """The pipeline keeps the positions of files that were finished long ago."""
    reader = follow()
    reader.more()
    kept = dict(reader.position)
    path.rename(path.with_name("app.jsonl-20260301"))
    os.utime(path.with_name("app.jsonl-20260301"), (1, 1))
    path.write_bytes(b"2\n3\n")
    reader.more()
    reader.more()
    kept |= dict.fromkeys(reader.position, 2)
    path.rename(path.with_name("app.jsonl-20260302"))
    path.write_bytes(b"4\n")
    second = follow(kept)
    assert [value for _ in range(4) for value in second.more()] == [b"3", b"4"]


def test_the_rest_of_a_file_that_is_gone_is_said_to_be_lost(path, follow, caplog):
    first = follow()
    first.more()
    path.unlink()
    path.write_bytes(b"new\n")
    second = follow(first.position)
    assert second.more() == [b"new"]
    assert (first.gaps, second.gaps) == (0, 1)
    assert "the rest of it is lost" in caplog.text


def test_a_file_that_cannot_be_opened_any_more_is_temporary(path, follow):
    reader = follow()
    reader.more()
    path.rename(path.with_suffix(".1"))
    path.mkdir()
    (path / "x").touch()
    with pytest.raises(TemporaryError, match="cannot be read any more"):
        [reader.more() for _ in range(3)]


def test_several_paths_are_followed_together(tmp_path):
    paths = [tmp_path / name for name in "ab"]
    for path in paths:
        path.write_bytes(path.name.encode() + b"1\n")
    source = FileSource(paths=[str(p) for p in paths], follow=True, wait=lambda _: None)
    batches = source.batches({})
    assert [r.value for _ in range(2) for r in next(batches).records] == [b"a1", b"b1"]
    append(paths[1], b"b2\n")
    assert [r.value for _ in range(2) for r in next(batches).records] == [b"b2"]
    source.close()
    assert list(batches) == []
