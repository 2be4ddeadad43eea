"""A few frames on disk and the true ImageNet weights, made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pocus_data.classifier.features import FeatureStore, write_features
from pocus_data.classifier.weights import write_weights
from pocus_data.params import Features
from pocus_data.png import pixels_sha256
from pocus_data.tables import CLASS_ORDER

SETTINGS = Features(
    augmentations=2, rotation_deg=10, shift_share=0.1, flips=True, seed=1, precision="float32"
)


@pytest.fixture(scope="session")
def weights_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ImageNet weights, from whichever source this machine reaches."""
    path = tmp_path_factory.mktemp("weights") / "vgg16.weights.h5"
    write_weights(path)
    return path


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Twelve clips of two frames, each class with a pattern of its own, with folds."""
    folder = tmp_path_factory.mktemp("frames")
    rng = np.random.default_rng(3)
    rows = []
    for clip in range(12):
        name = CLASS_ORDER[clip % 3]
        for number in range(2):
            pixels = rng.integers(0, 60, (96, 96)).astype(np.uint8)
            if name == "covid19":
                pixels[:, ::8] += 150
            elif name == "healthy":
                pixels[::8] += 150
            path = folder / f"clip{clip}-{number}.png"
            Image.fromarray(pixels).save(path)
            rows.append(
                {
                    "frame_id": path.stem,
                    "video_id": f"clip{clip}",
                    "path": str(path),
                    "sha256": pixels_sha256(pixels),
                    "patient": f"p{clip}",
                    "group": f"p{clip}",
                    "class": name,
                    "fold": clip // 6,
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def store(
    frames: pd.DataFrame, weights_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> FeatureStore:
    """Their features."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POCUS_CACHE", str(tmp_path_factory.mktemp("cache")))
        folder = tmp_path_factory.mktemp("features")
        write_features(frames, weights_file, SETTINGS, folder)
    return FeatureStore(folder)
