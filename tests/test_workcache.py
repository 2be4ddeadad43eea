"""The work cache believes only what was finished."""

from pathlib import Path

import pytest

from pocus_data.workcache import cached_folder, digest_of, place


def test_made_once(work_cache):
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "x").write_text("1")

    first = cached_folder("kind", "abc", make)
    assert cached_folder("kind", "abc", make) == first
    assert len(made) == 1 and (first / "x").read_text() == "1"


def test_an_interrupted_run_leaves_nothing_behind(work_cache):
    def make(folder: Path) -> None:
        (folder / "half").write_text("1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_folder("kind", "abc", make)
    assert not [path for path in work_cache.rglob("*") if path.is_file()]


def test_placing_does_not_write_through_the_old_files_links(tmp_path):
    cached, target, other = tmp_path / "cached", tmp_path / "target", tmp_path / "other"
    cached.write_text("new")
    other.write_text("old")
    target.hardlink_to(other)
    place(cached, target)
    assert target.read_text() == "new" and other.read_text() == "old"


def test_digests_tell_parts_apart():
    assert digest_of("ab", "c") != digest_of("a", "bc")
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})
