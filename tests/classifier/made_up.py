"""Predictions and facts made up for tests of what is computed from them."""

import numpy as np
import pandas as pd

from pocus_data.classifier import metrics
from pocus_data.classifier.known import Known
from pocus_data.tables import CLASS_ORDER


def predictions(patients: int = 24, frames: int = 8, skill: float = 2.0) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = []
    for patient in range(patients):
        name = CLASS_ORDER[patient % 3]
        for frame in range(frames):
            score = rng.normal(size=3) + skill * (np.array(CLASS_ORDER) == name)
            probability = np.exp(score) / np.exp(score).sum()
            rows.append(
                {
                    "frame_id": f"{patient}-{frame}",
                    "video_id": f"v{patient}-{frame // 4}",
                    "patient": f"p{patient}",
                    "group": f"p{patient}",
                    "class": name,
                    "fold": patient % 4,
                    "predicted": CLASS_ORDER[int(probability.argmax())],
                    **dict(zip(metrics.PROBABILITIES, probability, strict=True)),
                }
            )
    return pd.DataFrame(rows)


def known_of(table: pd.DataFrame, telling: str = "") -> Known:
    """Facts that say nothing, but for one that gives the class away."""
    rng = np.random.default_rng(6)
    codes = table["class"].astype("category").cat.codes.to_numpy()
    noise = rng.normal(size=(len(table), 512)).astype(np.float32)
    shown = noise.copy()
    shown[:, :20] += 3 * codes[:, None]
    facts = pd.DataFrame(
        {
            "source": table["class"] if telling == "source" else "here",
            "width": 100 + 40 * codes if telling == "size" else 300,
            "height": 300,
            "frame_rate_hz": 10.0 + codes if telling == "frame_rate" else None,
            "probe": "convex",
            "license": "CC-BY-4.0",
            "release": "2020-05 2021-02",
        },
        index=table.index,
    )
    return Known(facts, shown, shown if telling == "border" else noise, seed=1)
