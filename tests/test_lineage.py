"""From a picture back to its page, from a clip to all made of it, and frames derived again."""

import json
import shutil
from pathlib import Path

import prov.model
import pytest
from PIL import Image

from pocus_data import lineage, provenance
from pocus_data.audit_dataset import open_dataset
from pocus_data.errors import DataError, PocusError
from pocus_data.tables import FRAME_COLUMNS, read_frames_table, records, write_table
from pocus_data.verify import verify
from tests.built import build
from tests.test_cli import run


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lineage")
    build(folder)
    return folder


@pytest.fixture
def spoilt(root: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "spoilt"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("cache"))
    return copy


def first_frame(root: Path) -> dict[str, object]:
    return records(read_frames_table(root / "data/phantom/frames.csv"))[0]


def test_a_frame_leads_back_to_everything(root):
    frame = first_frame(root)
    (said,) = lineage.trace(str(frame["frame_id"]), root)
    assert said["dataset"] == "phantom"
    assert said["frame"]["pixels_sha256"] == frame["sha256"]
    assert said["frame"]["time_s"] == frame["time_s"] and said["frame"]["fold"] in (0, 1)
    assert said["crop"]["size"] == frame["crop_size"] and said["crop"]["method"]
    assert said["file"]["sha256"] == frame["video_sha256"]
    assert said["url_used"].startswith("phantom:") and said["page"] is None
    assert said["license"]["id"] == frame["license"] and said["license"]["redistribute"] is True
    assert "redistributable" in said["policies"]
    assert said["source"]["name"] and said["patient"] and said["comments"]["md_comment"]
    json.dumps(said)


def test_a_bare_png_is_known_by_its_pixels(root, tmp_path):
    frame = first_frame(root)
    path = tmp_path / "picture.png"
    # Another compression, other bytes, the same pixels.
    Image.open(root / str(frame["path"])).save(path, optimize=True)
    assert path.read_bytes() != (root / str(frame["path"])).read_bytes()
    (said,) = lineage.trace(str(path), root)
    assert said["frame"]["frame_id"] == frame["frame_id"]
    # A viewer may have made it a picture of four channels.
    Image.open(path).convert("RGBA").save(path)
    assert lineage.trace(str(path), root) == [said]


def test_a_clip_has_a_lineage_too(root):
    (said,) = lineage.trace(str(first_frame(root)["video_id"]), root)
    assert "frame" not in said and said["crop"]["size"] > 0 and said["clip"]["file"]


def test_what_nobody_knows_is_said(root, tmp_path):
    with pytest.raises(PocusError, match="no-such: unknown; it is no frame or clip of phantom"):
        lineage.trace("no-such", root)
    with pytest.raises(PocusError, match="no-such: unknown; it is no clip of phantom"):
        lineage.impact("no-such", root)
    Image.new("L", (5, 5), 9).save(tmp_path / "other.png")
    with pytest.raises(PocusError, match="unknown; its pixels"):
        lineage.trace(str(tmp_path / "other.png"), root)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(PocusError, match="is no PNG that can be read"):
        lineage.trace(str(tmp_path / "text.png"), root)
    with pytest.raises(DataError, match="no dataset has been built here"):
        lineage.trace("x", tmp_path)


def test_the_command_exits_with_one(root):
    done = run("trace", "no-such", cwd=root)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    done = run("trace", str(first_frame(root)["frame_id"]), cwd=root)
    assert done.returncode == 0 and "video id: phantom" in done.stdout
    done = run("impact", str(first_frame(root)["video_id"]), "--json", cwd=root)
    assert json.loads(done.stdout)[0]["folds"]


def test_impact_lists_what_was_made(root):
    frame = first_frame(root)
    (said,) = lineage.impact(str(frame["video_id"]), root)
    frames = read_frames_table(root / "data/phantom/frames.csv")
    own = frames[frames["video_id"] == frame["video_id"]]
    assert said["frames"] == list(own["frame_id"]) and said["frames_of_all"] == len(frames)
    assert len(said["folds"]) == 1
    assert said["metrics"]["mean_probabilities"]["healthy"] == 0.4
    assert said["exports"] == [] and said["models_trained_on_it"] == []


def test_frames_are_derived_again(root, monkeypatch):
    monkeypatch.chdir(root)
    verdicts = verify("phantom")
    assert len(verdicts) == len(read_frames_table(Path("data/phantom/frames.csv")))
    assert {verdict.problem for verdict in verdicts} == {""}
    some = verify("phantom", 5, seed=2)
    assert len(some) == 5 and some == verify("phantom", 5, seed=2)
    assert [each.frame_id for each in some] != [each.frame_id for each in verify("phantom", 5)]


def test_verify_names_what_was_forged(spoilt, monkeypatch):
    monkeypatch.chdir(spoilt)
    path = Path("data/phantom/frames.csv")
    frames = read_frames_table(path)
    frames.loc[frames.index[0], "sha256"] = "0" * 64
    last = frames["video_id"].iloc[-1]
    write_table(records(frames), path, FRAME_COLUMNS)
    next(Path("data/phantom/videos").glob(f"{last}.*")).unlink()
    off = {verdict.frame_id: verdict.problem for verdict in verify("phantom") if verdict.problem}
    assert (
        off.pop(frames["frame_id"].iloc[0]) == "the clip's bytes give other pixels; run 'dvc repro'"
    )
    assert set(off) == set(frames.loc[frames["video_id"] == last, "frame_id"])
    assert set(off.values()) == {"its clip is not here; run 'dvc checkout' or 'dvc repro'"}
    done = run("verify", "phantom", "--all", cwd=spoilt)
    assert done.returncode == 1 and "other pixels" in done.stdout


def test_verify_looks_at_the_png_too(spoilt, monkeypatch):
    monkeypatch.chdir(spoilt)
    frames = read_frames_table(Path("data/phantom/frames.csv"))
    one, other = frames["path"].iloc[:2]
    Path(one).unlink()
    shutil.copy(other, one)
    (off,) = [verdict for verdict in verify("phantom") if verdict.problem]
    assert off.problem == f"{one} is another; run 'dvc checkout'"


def test_verify_of_a_changed_clip(spoilt, monkeypatch):
    monkeypatch.chdir(spoilt)
    clips = sorted(Path("data/phantom/videos").iterdir())
    shutil.copy(clips[1], clips[0].with_suffix(".copy"))
    clips[0].unlink()
    clips[0].with_suffix(".copy").rename(clips[0])
    off = [verdict for verdict in verify("phantom") if verdict.problem]
    assert off and all("is not what was fetched" in verdict.problem for verdict in off)


def test_prov_is_read_by_its_own_library(root):
    dataset = open_dataset("phantom", "patient", root)
    content = provenance.prov_json(dataset)
    document = prov.model.ProvDocument.deserialize(content=json.dumps(content), format="json")
    kinds = [type(record).__name__ for record in document.get_records()]
    assert kinds.count("ProvDerivation") == 2 * len(dataset.frames) + len(dataset.had)
    assert kinds.count("ProvActivity") == 3
    assert content == provenance.prov_json(dataset)
    assert "202" not in json.dumps(content["activity"])
