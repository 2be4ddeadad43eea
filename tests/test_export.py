"""Each format loads in its own ecosystem's library, and nothing leaves that may not."""

import json
import shutil
import tarfile
from dataclasses import replace

import datasets
import frictionless
import mlcroissant
import numpy as np
import pandas as pd
import pytest
import webdataset
from PIL import Image

from pocus_data.audit_dataset import Dataset, open_dataset
from pocus_data.catalog import load_catalog
from pocus_data.errors import DataError, UsageError
from pocus_data.export import FORMATS, NothingToShareError, Selection, export, select
from pocus_data.licenses import Policy
from pocus_data.png import pixels_sha256
from pocus_data.tables import CLASS_ORDER
from tests.built import build
from tests.conftest import REPOSITORY
from tests.test_cli import run


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("exported")
    build(root)
    shutil.copy(REPOSITORY / "params.yaml", root)
    opened = open_dataset("phantom", "patient", root)
    # One clip is in no fold.
    outside = opened.folds["video_id"] != opened.folds["video_id"].iloc[0]
    return replace(opened, folds=opened.folds[outside])


@pytest.fixture(scope="module")
def chosen(dataset: Dataset) -> Selection:
    found = select(dataset, Policy.REDISTRIBUTABLE, "1.2.3", "2026-01-02")
    return replace(found, card="# A card\n")


def test_splits_are_folds(chosen, dataset):
    assert chosen.splits == ["fold0", "fold1", "outside_folds"]
    assert len(chosen.frames) == len(dataset.frames)
    per_patient = chosen.frames.groupby("patient")["split"].nunique()
    assert (per_patient == 1).all()


def test_imagefolder_loads_with_datasets(chosen, tmp_path):
    export(chosen, "imagefolder", tmp_path / "to")
    loaded = datasets.load_dataset(str(tmp_path / "to"), cache_dir=str(tmp_path / "hub"))
    assert set(loaded) == set(chosen.splits)
    for split in chosen.splits:
        rows = chosen.of(split).set_index("frame_id")
        assert loaded[split].num_rows == len(rows)
        sample = loaded[split][0]
        assert pixels_sha256(np.asarray(sample["image"])) == sample["pixels_sha256"]
        assert sample["class"] == rows.loc[sample["frame_id"], "class"]


def test_webdataset_loads(chosen, tmp_path):
    export(chosen, "webdataset", tmp_path / "to")
    shards = sorted(str(path) for path in (tmp_path / "to").glob("*.tar"))
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode("pill"))
    assert len(samples) == len(chosen.frames)
    for sample in samples[:3]:
        assert pixels_sha256(np.asarray(sample["png"])) == sample["json"]["pixels_sha256"]
        assert CLASS_ORDER[sample["cls"]] == sample["json"]["class"]
        assert sample["json"]["attribution"] and sample["json"]["license"]


def test_tfrecord_loads_with_its_spec(chosen, tmp_path):
    from pocus_data.classifier.backend import tf

    export(chosen, "tfrecord", tmp_path / "to")
    said = json.loads((tmp_path / "to" / "features.json").read_text())
    spec = {
        name: tf.io.FixedLenFeature(each["shape"], each["dtype"])
        for name, each in said["features"].items()
    }
    files = sorted(str(path) for path in (tmp_path / "to").glob("*.tfrecord"))
    records = tf.data.TFRecordDataset(files).map(lambda raw: tf.io.parse_single_example(raw, spec))
    rows = list(records)
    assert len(rows) == len(chosen.frames)
    for row in rows[:3]:
        pixels = tf.io.decode_png(row["image"]).numpy()
        pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
        assert pixels_sha256(pixels) == row["pixels_sha256"].numpy().decode()
        assert said["classes"][int(row["label"])] == row["class"].numpy().decode()


def test_datapackage_validates(chosen, tmp_path):
    export(chosen, "datapackage", tmp_path / "to")
    package = tmp_path / "to" / "datapackage.json"
    report = frictionless.validate(str(package))
    assert report.valid, report.flatten(["title", "message"])
    rows = frictionless.Package(str(package)).get_resource("frames").read_rows()
    assert len(rows) == len(chosen.frames)
    # It is no formality: a picture that is not the one listed is found.
    picture = next((tmp_path / "to" / "fold0").iterdir())
    Image.new("L", (9, 9)).save(picture)
    assert not frictionless.validate(str(package)).valid


def as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def test_croissant_loads(chosen, tmp_path):
    export(chosen, "croissant", tmp_path / "to")
    loaded = mlcroissant.Dataset(jsonld=str(tmp_path / "to" / "croissant.json"))
    issues = loaded.metadata.ctx.issues
    assert not issues.errors and not issues.warnings, issues.report()
    splits = {as_text(row["splits/name"]) for row in loaded.records("splits")}
    assert splits == set(chosen.splits)
    rows = list(loaded.records("frames"))
    assert len(rows) == len(chosen.frames)
    for row in rows[:3]:
        pixels = np.asarray(row["frames/image"])
        assert pixels_sha256(pixels) == as_text(row["frames/pixels_sha256"])
    said = json.loads((tmp_path / "to" / "croissant.json").read_text())
    assert "http://mlcommons.org/croissant/1.1" in said["conformsTo"]
    assert said["rai:dataBiases"] and said["version"] == "1.2.3"
    assert all(len(file["sha256"]) == 64 for file in said["distribution"] if "sha256" in file)


@pytest.mark.parametrize("form", FORMATS)
def test_same_selection_same_bytes(chosen, tmp_path, form):
    for name in ("one", "two"):
        export(chosen, form, tmp_path / name)
    one, two = (
        {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    names = {path.as_posix() for path in one}
    assert {"README.md", "ATTRIBUTION.md", "metadata.csv", "export.json"} <= names
    assert str(tmp_path) not in "".join(
        content.decode(errors="ignore") for path, content in one.items() if path.suffix != ".png"
    )


def test_archives_say_nothing_of_this_machine(chosen, tmp_path):
    export(chosen, "webdataset", tmp_path / "to")
    with tarfile.open(next((tmp_path / "to").glob("*.tar"))) as archive:
        for member in archive.getmembers():
            assert (member.mtime, member.uid, member.uname, member.mode) == (0, 0, "", 0o644)


def licensed(dataset: Dataset, license_id: str, clips: int = 1) -> Dataset:
    names = dataset.index["video_id"].iloc[:clips]
    index, frames = dataset.index.copy(), dataset.frames.copy()
    index.loc[index["video_id"].isin(names), "license"] = license_id
    frames.loc[frames["video_id"].isin(names), "license"] = license_id
    return replace(dataset, index=index, frames=frames)


@pytest.mark.parametrize(
    ("license_id", "policy", "leaves"),
    [
        ("CC-BY-NC-4.0", Policy.REDISTRIBUTABLE, True),
        ("CC-BY-NC-4.0", Policy.OPEN, False),
        ("CC-BY-SA-4.0", Policy.OPEN, True),
        ("NOASSERTION", Policy.REDISTRIBUTABLE, False),
        ("NOASSERTION", Policy.ANY, True),
        ("CC-BY-ND-4.0", Policy.REDISTRIBUTABLE, False),
        ("CC-BY-NC-ND-4.0", Policy.ANY, False),
    ],
)
def test_policies(dataset, license_id, policy, leaves):
    changed = licensed(dataset, license_id)
    found = select(changed, policy, "1.0.0", "2026-01-02")
    assert (dataset.index["video_id"].iloc[0] in set(found.frames["video_id"])) == leaves


def test_an_excluded_clip_stays(dataset):
    first = dataset.index["video_id"].iloc[0]
    index = dataset.index.copy()
    index.loc[index["video_id"] == first, "exclude"] = "not a lung"
    found = select(replace(dataset, index=index), Policy.ANY, "1.0.0", "2026-01-02")
    assert first not in set(found.frames["video_id"])


def test_a_copy_stays_with_the_stricter_licence(dataset, tmp_path):
    root = tmp_path / "copied"
    shutil.copytree(dataset.root, root, ignore=shutil.ignore_patterns("cache"))
    opened = licensed(open_dataset("phantom", "patient", root), "CC-BY-NC-ND-4.0")
    first, second, *_ = dict.fromkeys(opened.frames["video_id"])
    frames = opened.frames.copy()
    row, other = (frames.index[frames["video_id"] == name][0] for name in (first, second))
    (root / frames.loc[other, "path"]).unlink()
    shutil.copy(root / frames.loc[row, "path"], root / frames.loc[other, "path"])
    frames.loc[other, "sha256"] = frames.loc[row, "sha256"]
    found = select(replace(opened, frames=frames), Policy.ANY, "1.0.0", "2026-01-02")
    assert not {first, second} & set(found.frames["video_id"])


def test_a_licence_changed_by_hand_does_not_help(dataset):
    frames = dataset.frames.copy()
    frames.loc[frames.index[-1], "license"] = "CC-BY-4.0"
    with pytest.raises(DataError, match=r"frames\.csv: 'license' of phantom-006"):
        select(replace(dataset, frames=frames), Policy.OPEN, "1.0.0", "2026-01-02")


def test_the_card_speaks_of_what_is_exported(dataset):
    done = run("export", "phantom", "--format", "webdataset", "--to", "w", cwd=dataset.root)
    assert done.returncode == 0, done.stderr
    card = (dataset.root / "w" / "README.md").read_text()
    assert "## Audit" not in card and card.startswith("---\nconfigs:\n")
    assert f"{len(dataset.frames)} frames of 6 clips" in card
    shutil.rmtree(dataset.root / "w")


def test_what_is_withdrawn_never_leaves(dataset, tmp_path):
    first = dataset.index["video_id"].iloc[0]
    index = dataset.index.copy()
    index.loc[index["video_id"] == first, "exclude"] = "withdrawn on 2026-01-01: asked to"
    found = select(replace(dataset, index=index), Policy.ANY, "1.0.0", "2026-01-02")
    assert first not in set(found.frames["video_id"]) and len(found.frames) > 0
    # The catalog may be ahead of the dataset.
    root = tmp_path / "ahead"
    shutil.copytree(dataset.root, root, ignore=shutil.ignore_patterns("cache"))
    assert run("withdraw", first, "--reason", "asked to", cwd=root).returncode == 0
    ahead = select(dataset, Policy.ANY, "1.0.0", "2026-01-02", now=load_catalog("phantom", root))
    assert first not in set(ahead.frames["video_id"])
    done = run("export", "phantom", "--format", "imagefolder", "--to", "out", cwd=root)
    assert done.returncode == 0, done.stderr
    assert first not in set(pd.read_csv(root / "out" / "metadata.csv")["video_id"])


def test_nothing_to_share_is_said(dataset):
    with pytest.raises(NothingToShareError, match="no frame may be shared under policy 'open'"):
        select(licensed(dataset, "NOASSERTION", 99), Policy.OPEN, "1.0.0", "2026-01-02")


def test_a_swapped_picture_does_not_leave(dataset, tmp_path):
    root = tmp_path / "swapped"
    shutil.copytree(dataset.root, root, ignore=shutil.ignore_patterns("cache"))
    path = root / dataset.frames["path"].iloc[0]
    path.unlink()
    Image.new("L", (9, 9)).save(path)
    with pytest.raises(DataError, match=r"is not the frame that frames\.csv records"):
        select(open_dataset("phantom", "patient", root), Policy.OPEN, "1.0.0", "2026-01-02")


def test_a_stranger_s_folder_is_left_alone(chosen, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"holds thesis\.txt, which no export wrote"):
        export(chosen, "croissant", folder)
    assert (folder / "thesis.txt").read_text() == "years of work"
    export(chosen, "croissant", tmp_path / "ours")
    (tmp_path / "ours" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds notes\.txt, which no export wrote"):
        export(chosen, "croissant", tmp_path / "ours")
    export(chosen, "webdataset", tmp_path / "again")
    export(chosen, "imagefolder", tmp_path / "again")
    assert not list((tmp_path / "again").glob("*.tar"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "zip"], "format 'zip' is none of"),
        (["--format", "croissant", "--policy", "mine"], "--policy mine: is none of"),
        (["--format", "croissant", "--policy", "any"], "say so: --i-have-the-rights"),
    ],
)
def test_mistakes_are_one_line(dataset, words, said):
    done = run("export", "phantom", "--to", "nowhere", *words, cwd=dataset.root)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert not (dataset.root / "nowhere").exists()
