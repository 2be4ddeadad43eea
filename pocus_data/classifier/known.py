"""What is known of each frame without looking at its scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pocus_data.classifier.features import FeatureStore

Real = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """What controls may use, and results are broken down by.

    Attributes
    ----------
    facts : per row source, width, height, frame_rate_hz, probe, license and release; several
        releases are separated by spaces.
    scan, border : pooled features ``(rows, 512)`` of the frame, and of the frame whose scan was
        blacked out, so that only border and furniture are left.
    seed : of what the controls draw.
    """

    facts: pd.DataFrame
    scan: Real
    border: Real
    seed: int


def gather_known(
    predictions: pd.DataFrame,
    index: pd.DataFrame,
    videos: pd.DataFrame,
    store: FeatureStore,
    seed: int,
) -> Known:
    """Look up the facts of each row of ``predictions``."""
    of_entry = index.set_index("video_id")[["source", "probe", "license", "releases"]]
    of_file = videos.set_index("video_id")[["width", "height", "frame_rate_hz"]]
    facts = predictions[["video_id"]].join(of_entry.join(of_file), on="video_id")
    places = store.locate(predictions["frame_id"])
    return Known(
        facts.rename(columns={"releases": "release"}),
        store.pooled(places),
        store.pooled(places, border=True),
        seed,
    )
