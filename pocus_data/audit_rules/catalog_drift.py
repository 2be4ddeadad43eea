"""Rule catalog-drift."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records

# Rates closer than this share are the same number, catalogued with fewer digits.
RATE_TOLERANCE = 0.05
# Lengths may differ by a frame that one decoder shows and another does not.
LENGTH_TOLERANCE = 1


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="Frame rate, size and length are as catalogued",
    why="A clip that differs is another rendition than the one somebody described.",
    fix="correct the catalog",
)
def catalog_drift(dataset: Dataset) -> Iterator[Found]:
    """Measured against catalogued."""
    both = dataset.had.merge(dataset.index, on="video_id", suffixes=("", "_catalog"))
    for row in records(both):
        name = row["video_id"]
        rate, said = row["frame_rate_hz"], row["frame_rate_hz_catalog"]
        if pd.notna(rate) and pd.notna(said) and abs(rate - said) > RATE_TOLERANCE * said:
            yield Found(name, f"catalogued at {said:g} Hz, measured {rate:.2f} Hz", name)
        size = f"{row['width']}x{row['height']}"
        # Of a clip that is still to be cut, the catalog may give the size of what is left.
        cut_out = f"{row['crop_size']}x{row['crop_size']}"
        known = pd.notna(row["width"]) and pd.notna(row["height"])
        if known and row["resolution"] not in ("", size, cut_out):
            yield Found(name, f"catalogued as {row['resolution']}, measured {size}", name)
        length, frames = row["frames_catalog"], row["frames"]
        if pd.notna(length) and pd.notna(frames) and abs(frames - length) > LENGTH_TOLERANCE:
            yield Found(name, f"catalogued with {length} frames, measured {frames}", name)
