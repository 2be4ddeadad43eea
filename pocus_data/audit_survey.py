"""One look at every frame on disk: its pixels' digest, how bright and how sharp it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from pocus_data.png import pixels_sha256, read_png

# Frames are compared at one size: detail per pixel depends on it.
SIDE = 224


def survey(frames: pd.DataFrame, root: Path) -> pd.DataFrame:
    """What each row of ``frames.csv`` looks like on disk.

    Returns
    -------
    Columns frame_id, video_id, path and sha256 as they stand, pixels_sha256 and problem (one of
    them empty), mean_level (0…255) and sharpness, missing where the file cannot be read.
    """
    paths = [root / path for path in frames["path"]]
    # Threads will do: reading PNG, hashing and filtering leave Python's lock.
    with ThreadPoolExecutor() as pool:
        seen = pool.map(_look, paths)
        rows = list(tqdm(seen, "audit frames", len(paths), disable=None))
    found = pd.DataFrame(rows, columns=["pixels_sha256", "problem", "mean_level", "sharpness"])
    known = frames[["frame_id", "video_id", "path", "sha256"]].reset_index(drop=True)
    return pd.concat([known, found], axis=1)


def sharpness_of(grey: NDArray[np.floating]) -> float:
    """Fine detail of a picture: the energy of its Laplacian as a share of its variance.

    0 for one even grey; white noise has 20.
    """
    variance = float(grey.var())
    return float(ndimage.laplace(grey).var()) / variance if variance > 0 else 0.0


def _look(path: Path) -> tuple[str, str, float, float]:
    try:
        pixels = read_png(path)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return "", type(error).__name__, float("nan"), float("nan")
    grey: Any = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    step = max(1, grey.shape[0] // SIDE)
    small = grey[::step, ::step].astype(np.float32)
    return pixels_sha256(pixels), "", float(grey.mean()), sharpness_of(small)
