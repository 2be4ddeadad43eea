"""Frames of two revisions compared through DVC, and the SemVer step that asks for."""

import subprocess
import sys
from pathlib import Path

import pytest

from pocus_data import dataset_diff as differ
from pocus_data.catalog_diff import Change
from pocus_data.errors import DataError, UsageError
from tests.conftest import REPOSITORY
from tests.test_cli import run

PIPELINE = """
stages:
  sample:
    cmd: cp -r tables/. data/here
    deps: [tables]
    outs: [data/here/frames.csv, data/here/folds.csv]
"""
PARAMS = (REPOSITORY / "params.yaml").read_text().replace("[phantom, pocus]", "[here]")
CATALOG = """source: {id: source, name: Here, url: https://example.org, kind: test}
videos:
- {id: clip-1, file: a.mp4, class: healthy, media: video, probe: convex, license: CC-BY-4.0}
"""


class Repository:
    """A git and DVC repository of one dataset whose tables are written by hand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("catalog/here", "tables", "data/here"):
            (root / folder).mkdir(parents=True)
        (root / "dvc.yaml").write_text(PIPELINE)
        (root / "params.yaml").write_text(PARAMS)
        (root / "catalog/here/source.yaml").write_text(CATALOG)
        self.call("git", "init", "-q")
        self.call("git", "config", "user.email", "test@example.invalid")
        self.call("git", "config", "user.name", "test")
        self.call(sys.executable, "-m", "dvc", "init", "-q")

    def call(self, *words: str) -> None:
        subprocess.run(words, cwd=self.root, check=True, capture_output=True)

    def commit(self, name: str, frames: dict[str, tuple[str, str]]) -> None:
        """Record tables: the digest and the fold of each frame."""
        said = [f"{frame},{frame[:6]},{digest}" for frame, (digest, _) in frames.items()]
        folds = [f"{frame},{fold}" for frame, (_, fold) in frames.items()]
        tables = self.root / "tables"
        (tables / "frames.csv").write_text("\n".join(["frame_id,video_id,sha256", *said, ""]))
        (tables / "folds.csv").write_text("\n".join(["frame_id,fold", *folds, ""]))
        self.call(sys.executable, "-m", "dvc", "repro", "-q")
        self.call("git", "add", "-A")
        self.call("git", "commit", "-q", "-m", name)
        self.call("git", "tag", name)

    def set_version(self, version: str) -> None:
        path = self.root / "params.yaml"
        lines = path.read_text().splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith("dataset_version:"))
        lines[at] = f"dataset_version: {version}"
        path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("diff"))
    made.set_version("1.4.2")
    first = {"clip-1-1": ("a", "0"), "clip-1-2": ("b", "0"), "clip-2-1": ("c", "1")}
    made.commit("one", first)
    made.commit("more", first | {"clip-3-1": ("d", "1")})
    made.commit("other", {"clip-1-1": ("x", "1"), "clip-1-2": ("b", "1"), "clip-3-1": ("d", "1")})
    return made


def words(repository: Repository, a: str, b: str | None) -> list[str]:
    return [str(each) for each in differ.frames_between("here", a, b, repository.root)]


def test_frames_that_came_left_changed_and_moved(repository):
    assert words(repository, "one", "more") == ["here: new frames of clip-3: nothing → 1 frames"]
    assert words(repository, "one", "other") == [
        "here: fold of clip-1: 0 → 1",
        "here: pixels of clip-1: nothing → 1 frames",
        "here: lost frames of clip-2: nothing → 1 frames",
        "here: new frames of clip-3: nothing → 1 frames",
    ]
    assert words(repository, "other", None) == []
    assert (
        words(repository, "other", "one")[-1] == "here: lost frames of clip-3: nothing → 1 frames"
    )
    assert differ.clips_with_frames("here", ("one", "other"), repository.root) == {
        *("clip-1", "clip-2", "clip-3"),
    }


def test_frames_that_are_replaced_are_seen(repository):
    repository.commit("replaced", {"clip-1-7": ("x", "1"), "clip-1-8": ("b", "1")})
    assert words(repository, "other", "replaced")[:2] == [
        "here: lost frames of clip-1: nothing → 2 frames",
        "here: new frames of clip-1: nothing → 2 frames",
    ]
    repository.call("git", "checkout", "-q", "other", "--", ".")
    repository.call("git", "commit", "-q", "-m", "back")
    repository.call(sys.executable, "-m", "dvc", "checkout", "-q", "--force")


def test_a_revision_before_the_data(repository):
    repository.call("git", "commit", "-q", "--allow-empty", "-m", "same")
    first = subprocess.run(
        ["git", "rev-list", "--max-parents=0", "HEAD"],
        cwd=repository.root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert words(repository, first, "one") == []
    with pytest.raises(UsageError, match=r"no params\.yaml at revision 'nowhere'"):
        differ.version_at("nowhere", repository.root)
    assert differ.version_at("one", repository.root) == "1.4.2"


def change(kind: str, field: str = "", before: str | None = None, after: str | None = None):
    return Change("here", "clip-1", kind, field, before, after)


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ([], "none"),
        ([change("changed", "md_comment", "a", "b")], "patch"),
        ([change("added", after="healthy")], "patch"),
        ([change("frames", differ.CAME, None, "3 frames")], "minor"),
        ([change("frames", differ.LEFT, None, "3 frames")], "major"),
        ([change("frames", differ.MOVED, "0", "1")], "major"),
        ([change("frames", differ.PIXELS, None, "1 frames")], "major"),
        ([change("changed", "class", "healthy", "covid19")], "major"),
        ([change("changed", "license", "CC0-1.0", "CC-BY-4.0")], "major"),
        ([change("changed", "patient", None, "here-1")], "major"),
        ([change("removed", before="healthy")], "major"),
        ([Change("here", "no-frames", "removed", before="healthy")], "patch"),
        ([Change("here", "no-frames", "changed", "class", "healthy", "covid19")], "patch"),
        ([Change("licences", "LicenseRef-x", "changed", "redistribute", "no", "yes")], "major"),
        (
            [change("added"), change("changed", "class", "a", "b"), change("changed", "url")],
            "major",
        ),
    ],
)
def test_steps(changes, step):
    assert differ.step_of(changes, {("here", "clip-1")}) == step


def test_versions():
    assert [differ.next_version("1.4.2", step) for step in differ.STEPS] == [
        *("1.4.2", "1.4.3", "1.5.0", "2.0.0"),
    ]
    assert differ.step_between("1.4.2", "2.0.0") == "major"
    assert differ.step_between("1.4.2", "1.4.2") == "none"
    with pytest.raises(UsageError, match=r"1\.4\.1 is behind 1\.4\.2"):
        differ.step_between("1.4.2", "1.4.1")


def test_release_checks_the_bump_and_writes_the_changelog(repository):
    done = run("release", "one", cwd=repository.root)
    assert done.returncode == 1, done.stderr
    assert done.stdout == "params.yaml: dataset_version is 1.4.2; it must be 2.0.0 or more\n"
    repository.set_version("2.0.0")
    done = run("release", "one", "--write", cwd=repository.root)
    assert done.returncode == 0 and "2.0.0 fits" in done.stdout
    path = repository.root / differ.CHANGELOG
    once = path.read_text()
    assert "\n## 2.0.0 (" in once and "- here: fold of clip-1: 0 → 1\n" in once
    # Written again it says the same, and a later version goes before it.
    run("release", "one", "--write", cwd=repository.root)
    assert path.read_text() == once
    repository.set_version("2.1.0")
    run("release", "other", "--write", cwd=repository.root)
    assert [line for line in path.read_text().splitlines() if line.startswith("## ")] == [
        line.replace("2.0.0", version) for version in ("2.1.0", "2.0.0")
        for line in once.splitlines() if line.startswith("## ")
    ]  # fmt: skip
    repository.set_version("1.4.2")


def test_diff_without_the_data_compares_the_catalogs(repository, tmp_path):
    subprocess.run(["git", "clone", "-q", str(repository.root), str(tmp_path / "c")], check=True)
    done = run("diff", "one", "other", cwd=tmp_path / "c")
    assert done.returncode == 0 and "frames are not compared" in done.stderr
    with pytest.raises(DataError, match="neither in the DVC cache nor in a remote"):
        differ.frames_between("here", "one", "other", tmp_path / "c")
