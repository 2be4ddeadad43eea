"""What changed between two revisions, in words, in a real git repository."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pocus_data.catalog_diff import as_markdown, between
from pocus_data.errors import CatalogError, UsageError


@pytest.fixture
def git(write_catalog, monkeypatch):
    """A repository whose first commit has two entries."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    root = write_catalog({"license": "NOASSERTION"}, {"id": "clip-2"})
    who = {
        f"GIT_{role}_{part}": "a@b.c"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }

    def run(*words: str) -> None:
        command = ["git", *words]
        subprocess.run(command, cwd=root, check=True, capture_output=True, env=os.environ | who)

    run("init", "-q")
    run("add", "-A")
    run("commit", "-qm", "one")
    run("tag", "one")
    return root, run


def words(root: Path, *revisions: str | None) -> list[str]:
    first, second = (*revisions, None)[:2]
    return [str(change) for change in between(first, second, root)]


def test_entries_and_fields_in_words(git, write_catalog):
    root, run = git
    write_catalog(
        {"license": "CC-BY-NC-4.0", "findings": ["a_lines"]}, {"id": "clip-3", "class": "covid19"}
    )
    expected = [
        "here: findings of clip-1: nothing → a_lines",
        "here: licence of clip-1: NOASSERTION → CC-BY-NC-4.0",
        "here: removed clip-2 (healthy, video, source, CC-BY-4.0)",
        "here: added clip-3 (covid19, video, source, CC-BY-4.0)",
    ]
    assert words(root, "one") == expected
    run("commit", "-qam", "two")
    assert words(root, "one", "HEAD") == expected
    assert words(root, "HEAD") == []
    back = words(root, "HEAD", "one")
    assert "here: licence of clip-1: CC-BY-NC-4.0 → NOASSERTION" in back


def test_a_sources_licence_is_its_entries_licence(git, write_catalog):
    root, _ = git
    write_catalog({"license": "NOASSERTION"}, {"id": "clip-2"}, source={"license": "CC-BY-SA-4.0"})
    assert words(root, "one") == ["here: licence of clip-2: CC-BY-4.0 → CC-BY-SA-4.0"]


def test_what_a_source_and_a_licence_say(git, write_catalog):
    root, run = git
    described = root / "catalog" / "licenses.yaml"
    described.write_text("LicenseRef-A: {redistribute: null}\n")
    run("add", "-A")
    run("commit", "-qm", "two")
    described.write_text("LicenseRef-A: {redistribute: true}\n")
    write_catalog({"license": "NOASSERTION"}, {"id": "clip-2"}, source={"name": "There"})
    assert words(root, "HEAD") == [
        "here: name of source source: Here → There",
        "licences: redistribute of LicenseRef-A: None → True",
    ]


def test_below_the_repositorys_top(git, write_catalog, tmp_path):
    root, _ = git
    below = tmp_path / "top" / "project"
    below.parent.mkdir()
    root.rename(below)
    (below / ".git").rename(below.parent / ".git")
    env = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"), "a@b.c")
    env |= dict.fromkeys(("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"), "a@b.c")
    for command in (["git", "add", "-A"], ["git", "commit", "-qm", "moved"]):
        subprocess.run(command, cwd=below, check=True, capture_output=True, env=os.environ | env)
    file = below / "catalog/here/source.yaml"
    file.write_text(file.read_text().replace("NOASSERTION", "CC-BY-NC-4.0"))
    assert words(below, "HEAD") == ["here: licence of clip-1: NOASSERTION → CC-BY-NC-4.0"]


def test_folders_and_numbers_in_place_of_lists(git):
    root, _ = git
    (root / "catalog/here/z.yaml").mkdir()
    (root / "catalog/here/gone.yaml").symlink_to(root / "nowhere")
    (root / "catalog/here/source.yaml").write_text("source: 3\nvideos: true\n")
    assert [line.split(" (")[0] for line in words(root, "one")] == [
        *("here: removed clip-1", "here: removed clip-2", "here: added source None"),
        "here: removed source source",
    ]


def test_a_moved_line_a_comment_and_another_order_are_no_change(git):
    root, _ = git
    file = root / "catalog/here/source.yaml"
    head, first, second = file.read_text().split("- id: ")
    file.write_text(f"# new\n{head}- id: {second}\n\n- id: {first}")
    assert words(root, "one") == []
    assert as_markdown([]) == "### Catalog\n\nNo entry changed."


def test_for_programs_and_for_a_pull_request(git, write_catalog):
    root, _ = git
    write_catalog({"license": "NOASSERTION", "md_comment": "a | b"}, {"id": "clip-2"}, {"id": "c"})

    def diff(*options: str) -> str:
        command = [sys.executable, "-m", "pocus_data.cli", "diff", "one", *options]
        return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout

    listed = json.loads(diff("--json"))
    assert [(change["entry"], change["kind"]) for change in listed] == [
        ("c", "added"),
        ("clip-1", "changed"),
    ]
    page = diff("--markdown")
    assert "**here**: 1 added, 1 changed" in page
    assert "| `clip-1` | md comment | A-lines | a \\| b |" in page


def test_a_long_list_fits_a_comment(git, write_catalog):
    root, _ = git
    write_catalog(*({"id": f"clip-{number}"} for number in range(3000)))
    page = as_markdown(between("one", None, root))
    assert len(page) < 65_000 and "more: `pocus-data diff`" in page


def test_revisions_that_do_not_exist(git, tmp_path):
    root, _ = git
    for revision in ("nowhere", "--output=x"):
        with pytest.raises(UsageError, match=revision):
            between(revision, None, root)
    with pytest.raises(UsageError, match="no catalog at revision"):
        between("HEAD", None, tmp_path)


def test_a_catalog_that_is_no_yaml(git):
    root, _ = git
    (root / "catalog/here/source.yaml").write_text("videos: [")
    with pytest.raises(CatalogError, match=r"^catalog/here/source\.yaml:\d+:\d+: yaml: "):
        between("one", None, root)
