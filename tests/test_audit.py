"""Each rule finds its planted defect and nothing on clean data."""

import shutil
from dataclasses import replace
from pathlib import Path

import mlcroissant
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pocus_data import audit, cards, splits
from pocus_data.audit import Dataset, Severity
from pocus_data.catalog import load_catalog
from pocus_data.dataset import load_frames
from pocus_data.download import download_all
from pocus_data.errors import DataError, UsageError
from pocus_data.index import write_index
from pocus_data.params import Download, Sample, Version
from pocus_data.phantom_catalog import draw_specs, to_yaml
from pocus_data.sample import sample_all
from pocus_data.splits import assign_folds
from pocus_data.tables import (
    CROP_COLUMNS,
    FOLD_COLUMNS,
    FRAME_COLUMNS,
    VIDEO_COLUMNS,
    read_crops,
    read_frames_table,
    read_index,
    read_videos,
    records,
    write_table,
)
from pocus_data.windows import crop_all
from tests.test_splits import NONE_NEAR


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small phantom dataset, made by the library's own stages."""
    root = tmp_path_factory.mktemp("built")
    (root / "catalog" / "phantom").mkdir(parents=True)
    specs = [replace(spec, frames=60, width=240, height=240) for spec in draw_specs(6, 1, 2)]
    (root / "catalog/phantom/phantom.yaml").write_text(to_yaml(specs))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("POCUS_CACHE", str(root / "cache"))
        data = Path("data/phantom")
        write_index(load_catalog("phantom"), data / "catalog.csv")
        index = read_index(data / "catalog.csv")
        rows = download_all(index, data / "videos", Download())
        write_table(rows, data / "videos.csv", VIDEO_COLUMNS)
        videos = read_videos(data / "videos.csv")
        windows, _ = crop_all(index, videos)
        write_table(windows, data / "crops.csv", CROP_COLUMNS)
        crops = read_crops(data / "crops.csv")
        settings = Sample(rate_hz=3, max_frames=30)
        frame_rows, failures = sample_all(index, videos, crops, data / "frames", settings)
        assert failures == []
        write_table(frame_rows, data / "frames.csv", FRAME_COLUMNS)
        frames = read_frames_table(data / "frames.csv").assign(study="")
        folds = assign_folds(frames, "patient", 2, 1, NONE_NEAR)
        write_table(records(folds), data / "folds.csv", FOLD_COLUMNS)
    return root


@pytest.fixture
def dataset(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A copy of it that a test may spoil, as the working directory."""
    root = tmp_path / "copy"
    shutil.copytree(built, root, ignore=shutil.ignore_patterns("cache"))
    monkeypatch.chdir(root)
    return audit.open_dataset("phantom", "patient")


def codes(dataset: Dataset) -> set[str]:
    return {finding.rule for finding in audit.run_audit(dataset)}


def test_a_clean_dataset_has_no_finding(dataset):
    assert audit.run_audit(dataset) == []
    summary = audit.as_json([], dataset)
    assert summary["checked"]["videos"] == 6
    assert summary["checked"]["frames"] == len(dataset.frames) > 6


def test_every_frame_leads_back_to_page_licence_and_bytes(dataset):
    table = audit.provenance(dataset)
    assert len(table) == len(dataset.frames)
    wanted = ["pixels_sha256", "video_sha256", "url_used", "license", "source_name", "md_comment"]
    assert (table[wanted].fillna("") != "").all().all()


def spoil_png(dataset: Dataset) -> Dataset:
    path = Path(dataset.frames["path"].iloc[0])
    Image.fromarray(np.zeros((9, 9), dtype=np.uint8)).save(path)
    return dataset


def lose_png(dataset: Dataset) -> Dataset:
    Path(dataset.frames["path"].iloc[0]).unlink()
    return dataset


def add_png(dataset: Dataset) -> Dataset:
    first = Path(dataset.frames["path"].iloc[0])
    shutil.copy(first, first.with_name("stranger.png"))
    return dataset


def spoil_video(dataset: Dataset) -> Dataset:
    path = Path(dataset.videos["path"].iloc[0])
    path.unlink()
    path.write_bytes(b"other bytes")
    return dataset


def edit(table: str, column: str, value: object, rows: slice = slice(0, 1)):
    def change(dataset: Dataset) -> Dataset:
        changed = getattr(dataset, table).copy()
        changed.loc[changed.index[rows], column] = value
        return replace(dataset, **{table: changed})

    change.__name__ = f"{table}.{column}"
    return change


@pytest.mark.parametrize(
    ("spoil", "rule", "severity"),
    [
        (edit("frames", "video_id", "nobody"), "orphan-frame", Severity.ERROR),
        (edit("videos", "status", "unavailable"), "orphan-frame", Severity.ERROR),
        (edit("frames", "license", ""), "lineage-gap", Severity.ERROR),
        (add_png, "unlisted-file", Severity.ERROR),
        (spoil_png, "frame-checksum", Severity.ERROR),
        (lose_png, "frame-checksum", Severity.ERROR),
        (spoil_video, "video-checksum", Severity.ERROR),
        (edit("index", "sha256", "0" * 64), "video-checksum", Severity.ERROR),
        (edit("index", "license", "NOASSERTION"), "license-unknown", Severity.WARNING),
        (edit("index", "license", "CC-BY-NC-ND-4.0"), "no-derivatives", Severity.WARNING),
        (edit("folds", "fold", 7), "patient-across-folds", Severity.ERROR),
        (
            edit("index", "patient", "phantom-1", slice(0, 2)),
            "patient-two-classes",
            Severity.WARNING,
        ),
        (edit("index", "frame_rate_hz", 99.0), "catalog-drift", Severity.WARNING),
        (edit("index", "resolution", "1x1"), "catalog-drift", Severity.WARNING),
        (edit("crops", "reason", "too small"), "not-used", Severity.NOTE),
        (edit("videos", "reason", "excluded: duplicate"), "not-used", Severity.NOTE),
        (edit("frames", "video_id", "nobody", slice(0, 999)), "no-frames", Severity.WARNING),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_planted_defect_is_found(dataset, spoil, rule, severity):
    findings = audit.run_audit(spoil(dataset))
    assert (rule, severity) in {(finding.rule, finding.severity) for finding in findings}


def test_a_table_edited_by_hand(dataset):
    frames_csv = Path("data/phantom/frames.csv")
    frames_csv.write_text(frames_csv.read_text().replace("frame_id", "id", 1))
    with pytest.raises(DataError, match=r"frames\.csv: its columns are not those"):
        audit.open_dataset("phantom", "patient")


def test_croissant_loads_in_its_own_library(dataset):
    import json

    frames_csv = Path("data/phantom/frames.csv")
    version = Version(number="1.2.3", date="2026-01-02")
    content = cards.croissant("phantom", version, dataset, frames_csv)
    path = Path("reports/phantom/croissant.json")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
    loaded = mlcroissant.Dataset(jsonld=str(path))
    assert not loaded.metadata.ctx.issues.errors
    rows = list(loaded.records("frames"))
    assert len(rows) == len(dataset.frames)
    assert rows[0]["frames/frame_id"].decode() == dataset.frames["frame_id"].iloc[0]


def test_load_frames(dataset, built):
    everything = load_frames("phantom", root=".")
    test, train = (load_frames("phantom", fold=0, split=name) for name in ("test", "train"))
    assert len(test) + len(train) == len(everything)
    assert not set(test["patient"]) & set(train["patient"])
    pictures, numbers = next(iter(test.to_tf(side=32).batch(4)))
    assert pictures.shape == (4, 32, 32, 3) and numbers.shape == (4,)
    with pytest.raises(UsageError, match="needs a fold"):
        load_frames("phantom", split="train")
    with pytest.raises(UsageError, match="fold 9 is none of"):
        load_frames("phantom", fold=9, split="test")
    with pytest.raises(UsageError, match="split 'validation'"):
        load_frames("phantom", fold=0, split="validation")


def test_selection_reaches_the_catalog(dataset):
    frames = dataset.frames
    chosen = splits.select_frames(frames, dataset.index, {"class": ["healthy"]})
    assert set(chosen["class"]) == {"healthy"}
    assert isinstance(chosen, pd.DataFrame)
