"""The pipeline itself, run by DVC on phantom in a clone of its own."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from tests.e2e.clone import TARGETS, Clone

pytestmark = pytest.mark.e2e

TABLES = ("catalog.csv", "videos.csv", "crops.csv", "frames.csv", "folds.csv")


def test_from_catalog_to_metrics(clone):
    metrics = clone.metrics()
    assert metrics["frame"]["balanced_accuracy"] > 0.85
    assert metrics["video_mean"]["balanced_accuracy"] > 0.85
    low, _ = metrics["frame"]["accuracy_ci"]
    assert low > metrics["controls"]["majority_class"]["frame"]["accuracy"] + 0.2
    audit = json.loads((clone.folder / "reports/phantom/audit.json").read_text())
    assert audit["findings"] == [] and audit["checked"]["videos"] >= 30
    not_checked = {each["rule"] for each in audit["rules"] if each["not_checked"]}
    assert not_checked <= {"stale", "burned-in-text"}
    assert "Synthetic." in (clone.folder / "reports/phantom/report.html").read_text()


def test_a_second_run_does_nothing(clone):
    done = clone.dvc("repro", *TARGETS)
    assert "Running stage" not in done.stdout
    assert "up to date" in done.stdout


def test_a_comment_in_the_catalog_reruns_the_index_alone(clone):
    path = clone.folder / "catalog/phantom/phantom.yaml"
    before = path.read_text()
    path.write_text("# a comment\n" + before)
    done = clone.dvc("repro", *TARGETS)
    assert done.stdout.count("Running stage") == 1
    assert "Running stage 'index@phantom'" in done.stdout
    path.write_text(before)
    clone.dvc("repro", *TARGETS)


def test_a_clean_rebuild_gives_the_same_bytes(clone):
    data = clone.folder / "data" / "phantom"
    before = {name: (data / name).read_bytes() for name in TABLES}
    pixels = {p.name: p.read_bytes() for p in data.glob("frames/*/*.png")}
    assert len(pixels) > 200
    shutil.rmtree(data / "frames")
    shutil.rmtree(data / "videos")
    fresh = str(clone.folder / "fresh-cache")
    for stage in ("download", "crop", "sample", "split"):
        clone.run(sys.executable, "-m", f"pipelines.{stage}", "phantom", POCUS_CACHE=fresh)
    assert {name: (data / name).read_bytes() for name in TABLES} == before
    assert {p.name: p.read_bytes() for p in data.glob("frames/*/*.png")} == pixels
    assert "up to date" in clone.dvc("repro", *TARGETS).stdout


def test_files_are_predicted_explained_or_turned_away(clone):
    clips = sorted((clone.folder / "data/phantom/videos").iterdir())[:2]
    words = ("--dataset", "phantom", "--json", "--explain", "heat")
    done = clone.run("pocus-data", "predict", *map(str, clips), "nowhere.mp4", *words, fails=True)
    said = json.loads(done.stdout)
    assert [each["file"] for each in said] == [clip.name for clip in clips]
    assert all(each["flags"] == [] and len(each["frames"]) > 3 for each in said)
    assert "nowhere.mp4: no such file" in done.stderr and "Not for clinical use" in done.stderr
    assert all((clone.folder / "heat" / f"{clip.name}.png").exists() for clip in clips)
    clone.run("pocus-data", "save-network", "one.keras", "--dataset", "phantom")
    assert (clone.folder / "one.keras").stat().st_size > 40_000_000
    (clone.folder / "one.keras").unlink()
    shutil.rmtree(clone.folder / "heat")


def test_one_command_per_tool_works(clone):
    assert "frame.accuracy" in clone.dvc("metrics", "show", "reports/phantom/metrics.json").stdout
    assert "evaluate@phantom" in clone.dvc("dag").stdout
    clone.dvc("plots", "show", "-o", "plots-page")
    assert (clone.folder / "plots-page" / "index.html").exists()
    shutil.rmtree(clone.folder / "plots-page")


def test_shuffled_labels_leave_nothing_to_learn(clone):
    honest = clone.metrics()["frame"]["balanced_accuracy"]
    clone.set_params({"split": {"shuffle_labels": True}})
    clone.dvc("repro", "evaluate@phantom")
    control = clone.metrics()["frame"]
    low, high = control["balanced_accuracy_ci"]
    assert low < 1 / 3 < high
    assert control["balanced_accuracy"] < honest - 0.25
    assert "Control run." in (clone.folder / "reports/phantom/report.html").read_text()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("catalog", "catalog/phantom/phantom.yaml:2:"),
        ("network", "clips available"),
        ("mirror", "POCUS_MIRROR: no folder"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, spoil, said):
    clone = Clone(tmp_path)
    dataset, env = "phantom", {}
    if spoil == "catalog":
        (clone.folder / "catalog/phantom/phantom.yaml").write_text("source:\n\tid: x\n")
    elif spoil == "network":
        # Nothing listens there: every download fails at once.
        dataset = "pocus"
        clone.set_params({"download": {"retries": 0, "timeout_s": 1}})
        env = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    else:
        env = {"POCUS_MIRROR": str(tmp_path / "nowhere")}
    stage = "index" if spoil == "catalog" else "download"
    if stage == "download":
        clone.run(sys.executable, "-m", "pipelines.index", dataset)
    done = clone.run(sys.executable, "-m", f"pipelines.{stage}", dataset, fails=True, **env)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
