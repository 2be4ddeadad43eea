"""A small phantom dataset, made by the library's own stages, for tests to look at or to spoil."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pocus_data.catalog import load_catalog
from pocus_data.download import download_all
from pocus_data.index import write_index
from pocus_data.params import Download, Sample
from pocus_data.phantom_catalog import draw_specs, to_yaml
from pocus_data.sample import sample_all
from pocus_data.splits import assign_folds
from pocus_data.tables import (
    CROP_COLUMNS,
    FOLD_COLUMNS,
    FRAME_COLUMNS,
    PREDICTION_COLUMNS,
    VIDEO_COLUMNS,
    read_crops,
    read_folds,
    read_frames_table,
    read_index,
    read_videos,
    records,
    write_table,
)
from pocus_data.windows import crop_all
from tests.test_splits import NONE_NEAR


def build(root: Path) -> None:
    """Six clips of six patients, two folds, and made-up predictions."""
    (root / "catalog" / "phantom").mkdir(parents=True)
    # On so small a screen letters would reach into the scan.
    screen = {"frames": 60, "width": 240, "height": 240, "furniture": ("ruler",)}
    specs = [replace(spec, **screen) for spec in draw_specs(6, 1, 2)]
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
        said = predictions_of(read_folds(data / "folds.csv"))
        write_table(records(said), Path("reports/phantom/predictions.csv"), PREDICTION_COLUMNS)


def predictions_of(folds: pd.DataFrame) -> pd.DataFrame:
    """Everything is called healthy, with little conviction."""
    guess = {"p_covid19": 0.3, "p_bacterial_pneumonia": 0.3, "p_healthy": 0.4}
    return folds.assign(predicted="healthy", **guess)
