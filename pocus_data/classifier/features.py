"""Features: what the frozen part of the network makes of every frame and its augmented copies.

The first 12 convolutions never change, so they run once per picture instead of once per picture,
epoch and fold. One file a clip, ``(frames, 1 + copies, 14, 14, 512)`` in float16; the copy 0 is
the frame as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from pocus_data.classifier import augment, networks, prefix
from pocus_data.classifier.precision import resolve
from pocus_data.errors import DataError
from pocus_data.outputs import write_json
from pocus_data.params import Features as FeatureSettings
from pocus_data.tables import write_csv
from pocus_data.workcache import cached_folder, code_digest, digest_of, file_sha256, place

Features = NDArray[np.float16]


class FeatureStore:
    """Features of a dataset, memory-mapped: only what is asked for is read.

    Attributes
    ----------
    settings : how the features were made, among it ``augmentations`` and ``precision``.
    """

    def __init__(self, folder: Path) -> None:
        """Open what ``write_features`` wrote.

        Raises
        ------
        DataError
            if the folder is not complete.
        """
        table = folder / "rows.csv"
        if not table.exists():
            raise DataError(f"{table}: missing; run 'dvc repro' to make it")
        self.folder = folder
        self.settings: dict[str, Any] = json.loads((folder / "settings.json").read_text())
        names = {"frame_id": str, "video_id": str}
        rows = pd.read_csv(table, dtype=names, keep_default_na=False).set_index("frame_id")
        self._names = sorted(rows["video_id"].unique())
        numbers = {name: number for number, name in enumerate(self._names)}
        self._shard_of = rows["video_id"].map(numbers)
        self._row_of = rows["row"]
        self._shards: dict[int, Features] = {}

    @property
    def copies(self) -> int:
        """Augmented copies of each frame, numbered from 1; copy 0 is the frame itself."""
        return int(self.settings["augmentations"])

    def locate(self, frame_ids: pd.Series) -> NDArray[np.intp]:
        """Shard and row of each frame, ``(n, 2)``, for ``read``.

        Raises
        ------
        DataError
            if a frame has no features.
        """
        missing = ~frame_ids.isin(self._row_of.index)
        if missing.any():
            first = frame_ids[missing].iloc[0]
            raise DataError(
                f"{self.folder}: no features of {missing.sum()} frames ({first}, …);"
                " run 'dvc repro'"
            )
        places = np.stack([self._shard_of[frame_ids], self._row_of[frame_ids]], axis=1)
        return places.astype(np.intp)

    def read(self, places: NDArray[np.intp], copies: NDArray[np.intp]) -> Features:
        """Features of the frames at ``places``, one copy of each, ``(n, 14, 14, 512)``."""
        parts = [
            self._shard(int(shard))[row, copy]
            for (shard, row), copy in zip(places, copies, strict=True)
        ]
        return np.stack(parts)

    def _shard(self, number: int) -> Features:
        if number not in self._shards:
            path = self.folder / f"{self._names[number]}.npy"
            self._shards[number] = np.load(path, mmap_mode="r")
        return self._shards[number]


def write_features(
    frames: pd.DataFrame, weights_file: Path, settings: FeatureSettings, folder: Path
) -> None:
    """Compute the features of all frames, clip by clip, into ``folder``.

    A clip whose frames, weights, augmentation and precision were seen before is taken from the
    work cache.
    """
    folder.mkdir(parents=True, exist_ok=True)
    numbers = resolve(settings.precision)
    made_how = settings.model_dump() | {"precision": numbers}
    code = code_digest(augment, prefix)
    shape = [networks.PREFIX_END, networks.IMAGE_SIDE]
    made_by = digest_of(file_sha256(weights_file), made_how, code, shape)
    compute: Callable[[pd.DataFrame], Features] | None = None
    rows = []
    clips = frames.sort_values("frame_id").groupby("video_id", sort=True)
    for video_id, clip in tqdm(clips, "features", disable=None):

        def make(into: Path, clip: pd.DataFrame = clip) -> None:
            nonlocal compute
            compute = compute or prefix.compile_prefix(weights_file, settings, numbers)
            np.save(into / "features.npy", compute(clip))

        cached = cached_folder("features", digest_of(made_by, list(clip["sha256"])), make)
        place(cached / "features.npy", folder / f"{video_id}.npy")
        rows += [
            {"frame_id": frame_id, "video_id": video_id, "row": row}
            for row, frame_id in enumerate(clip["frame_id"])
        ]
    write_csv(pd.DataFrame(rows), folder / "rows.csv")
    write_json(folder / "settings.json", made_how)
