"""What others do with the built dataset, and what a withdrawal undoes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.e2e.clone import TARGETS, Clone

pytestmark = pytest.mark.e2e

OPEN = """
import dvc.api, pandas
with dvc.api.open("data/phantom/frames.csv", repo={repo!r}, rev="data-v0.1.0") as stream:
    print(len(pandas.read_csv(stream)))
"""


@pytest.fixture(scope="module")
def published(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The built clone with its tables in a remote, and a tag."""
    clone.set_params({"split": {"shuffle_labels": False}})
    clone.dvc("repro", *TARGETS)
    store = tmp_path_factory.mktemp("store")
    clone.dvc("remote", "add", "-f", "-d", "store", str(store))
    clone.dvc("push", "sample@phantom", "split@phantom")
    clone.commit()
    clone.run("git", "tag", "-f", "data-v0.1.0")
    return clone


def test_another_project_gets_imports_and_opens_the_data(published, tmp_path):
    source = str(published.folder)
    frames = published.folder / "data/phantom/frames.csv"
    dvc = (sys.executable, "-m", "dvc")
    published.run(*dvc, "get", source, "data/phantom/frames.csv", "-o", "f.csv", cwd=tmp_path)
    assert (tmp_path / "f.csv").read_bytes() == frames.read_bytes()
    first = pd.read_csv(frames)["video_id"][0]
    published.run(*dvc, "get", source, f"data/phantom/frames/{first}", cwd=tmp_path)
    assert len(list((tmp_path / first).glob("*.png"))) > 3
    project = tmp_path / "project"
    project.mkdir()
    published.run("git", "init", "-q", cwd=project)
    published.run(*dvc, "init", "-q", cwd=project)
    revision = ("--rev", "data-v0.1.0")
    published.run(*dvc, "import", source, "data/phantom/folds.csv", *revision, cwd=project)
    assert "rev_lock" in (project / "folds.csv.dvc").read_text()
    counted = published.run(sys.executable, "-c", OPEN.format(repo=source), cwd=project)
    assert int(counted.stdout) == len(pd.read_csv(frames))


def test_the_audit_knows_what_changed_since_the_lock(published):
    done = published.run("pocus-data", "audit", "phantom", "--json")
    assert json.loads(done.stdout)["findings"] == []
    table = published.folder / "data/phantom/frames.csv"
    before = table.read_bytes()
    table.unlink()
    table.write_bytes(before.replace(b"healthy", b"covid19", 1))
    done = published.run("pocus-data", "audit", "phantom", "--json", fails=True)
    found = json.loads(done.stdout)["findings"]
    assert {"frame-facts", "stale"} <= {each["rule"] for each in found}
    stale = {each["subject"]: each["message"] for each in found if each["rule"] == "stale"}
    assert "data/phantom/frames.csv modified" in stale["sample@phantom"]
    table.unlink()
    published.dvc("checkout", "data/phantom/frames.csv")
    assert table.read_bytes() == before


def test_lineage_knows_commit_and_lock(published):
    frame = pd.read_csv(published.folder / "data/phantom/frames.csv")["frame_id"][0]
    said = json.loads(published.run("pocus-data", "trace", frame, "--json").stdout)[0]
    assert len(said["made_by"]["git_commit"]) == 40
    assert len(said["made_by"]["dvc_lock"]["data/phantom/frames.csv"]) == 32
    clip = said["clip"]["video_id"]
    made = json.loads(published.run("pocus-data", "impact", clip, "--json").stdout)[0]
    assert len(made["models_trained_on_it"]) == 4 and made["exports"] == [
        "exports/phantom/croissant"
    ]
    done = published.run("pocus-data", "verify", "phantom", "--frames", "20")
    assert done.stdout == "20 of 20 frames are as derived again\n"


def workspace(folder: Path) -> list[Path]:
    """All files but those of git, of DVC's cache and of the work cache."""
    hidden = {".git", ".dvc", "work-cache", "fresh-cache"}
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in hidden]
        found += [Path(place) / name for name in names]
    return found


def test_withdrawal_drill(published):
    root = published.folder
    clip = pd.read_csv(root / "data/phantom/folds.csv")["video_id"][0]
    pictures = set(pd.read_csv(root / "data/phantom/frames.csv").query("video_id == @clip").sha256)
    assert [path for path in workspace(root) if clip in path.name]
    done = published.run(
        *("pocus-data", "withdraw", clip, "--reason", "the patient asked", "--date", "2026-02-03")
    )
    assert "dvc gc" in done.stdout and "remote" in done.stdout
    published.dvc("repro", *TARGETS)
    assert [path for path in workspace(root) if clip in path.as_posix()] == []
    # Where its name still stands: the catalog's tombstone, the tables that give the reason.
    reasons = {"phantom.yaml", "catalog.csv", "videos.csv", "audit.json", "audit.html"}
    naming = {
        path.name
        for path in workspace(root)
        if path.suffix not in {".png", ".keras", ".npy", ".tar", ".mp4"}
        and clip in path.read_text(errors="ignore")
    }
    assert naming <= reasons
    tombstone = (root / "catalog/phantom/phantom.yaml").read_text()
    assert "the patient asked" in tombstone and "2026-02-03" in tombstone
    for table in ("frames.csv", "folds.csv"):
        assert clip not in (root / "data/phantom" / table).read_text()
    assert not pictures & set(pd.read_csv(root / "data/phantom/frames.csv")["sha256"])
    (made,) = json.loads(published.run("pocus-data", "impact", clip, "--json").stdout)
    assert made["frames"] == made["features"] == made["exports"] == made["folds"] == []
    assert made["metrics"] == {}
    (archive,) = (root / "exports/phantom/croissant").glob("frames-*.tar")
    listed = subprocess.run(["tar", "tf", archive], capture_output=True, text=True, check=True)
    assert clip not in listed.stdout
    # It is a major step, and the changelog says so.
    done = published.run("pocus-data", "release", "data-v0.1.0", fails=True)
    assert "it must be 1.0.0 or more" in done.stdout
    changes = published.run("pocus-data", "diff", "data-v0.1.0").stdout
    assert f"phantom: withdrawn of {clip}: nothing → date 2026-02-03" in changes
    assert f"phantom: lost frames of {clip}: nothing → {len(pictures)} frames" in changes
    shutil.rmtree(root / "exports")
