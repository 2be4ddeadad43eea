"""Whether a picture looks like those a network was trained on.

A network answers with a class whatever it is shown. Each picture is compared with the training
frames by the cosine distance of their pooled features, averaged over the nearest few (deep
nearest neighbours: Sun et al. 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pocus_data.errors import DataError

FILE = "familiar.npz"
NEIGHBOURS = 5
# This share of the training frames, each compared with other patients' frames, is called strange.
STRANGE_SHARE = 0.01
# So many are remembered, spread over all: neighbours are sought among them for every picture.
REMEMBERED = 4000

Real = NDArray[np.float32]


@dataclass(frozen=True)
class Familiar:
    """Training frames as directions in feature space, and the distance from which on is strange."""

    directions: Real
    limit: float

    def distance(self, pooled: Real) -> Real:
        """Distance of pictures from the nearest training frames, 0 (the same) to 2.

        ``pooled`` are features averaged over their map, ``(n, 512)``.
        """
        return _to_nearest(_directions(pooled) @ self.directions.T)

    def save(self, folder: Path) -> None:
        """Write it beside the networks."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / FILE, directions=self.directions, limit=np.float64(self.limit))


def learn(pooled: Real, groups: NDArray[np.str_]) -> Familiar:
    """Remember training frames.

    Parameters
    ----------
    pooled : features averaged over their map, ``(n, 512)``.
    groups : whose each frame is: the limit is drawn from distances to other patients' frames.
    """
    count = len(pooled)
    kept = np.unique(np.linspace(0, count - 1, min(count, REMEMBERED)).astype(int))
    directions, groups = _directions(pooled[kept]), groups[kept]
    apart = directions @ directions.T
    apart[groups[:, None] == groups[None, :]] = -1
    limit = np.quantile(_to_nearest(apart), 1 - STRANGE_SHARE)
    return Familiar(directions, float(limit))


def load(folder: Path) -> Familiar:
    """Read what ``save`` wrote.

    Raises
    ------
    DataError
        if it is missing.
    """
    path = folder / FILE
    if not path.exists():
        raise DataError(f"{path}: missing; run 'dvc repro' to make it")
    with np.load(path) as stored:
        return Familiar(stored["directions"], float(stored["limit"]))


def pool(features: NDArray[np.floating]) -> Real:
    """Mean over the map: ``(n, 14, 14, 512)`` to ``(n, 512)``."""
    pooled: Real = features.astype(np.float32).mean(axis=(1, 2))
    return pooled


def _directions(pooled: Real) -> Real:
    lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
    directions: Real = (pooled / np.maximum(lengths, 1e-12)).astype(np.float32)
    return directions


def _to_nearest(similarity: Real) -> Real:
    nearest = min(NEIGHBOURS, similarity.shape[1])
    largest = np.partition(similarity, -nearest, axis=1)[:, -nearest:]
    distance: Real = (1 - largest.mean(axis=1)).astype(np.float32)
    return distance
