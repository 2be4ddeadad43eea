"""Features: what the frozen part of the network makes of every frame and its augmented copies.

The first 12 convolutions never change, so they run once per picture instead of once per picture,
epoch and fold. One file a clip, ``(frames, 1 + copies, 14, 14, 512)`` in float16; the copy 0 is
the frame as it is. Beside it a small one, ``(frames, 512)``, of the frames without their scan.
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

from pocus_data import crop
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
        names = {"frame_id": str, "video_id": str, "sha256": str}
        rows = pd.read_csv(table, dtype=names, keep_default_na=False).set_index("frame_id")
        self._names = sorted(rows["video_id"].unique())
        numbers = {name: number for number, name in enumerate(self._names)}
        self._shard_of = rows["video_id"].map(numbers)
        self._row_of = rows["row"]
        self._sha256_of = rows["sha256"]
        self._shards: dict[int, Features] = {}

    @property
    def copies(self) -> int:
        """Augmented copies of each frame, numbered from 1; copy 0 is the frame itself."""
        return int(self.settings["augmentations"])

    def fingerprint(self, frame_ids: pd.Series) -> str:
        """Digest of what the features of these frames, in this order, were made from and how."""
        return digest_of(self.settings, list(self._sha256_of[frame_ids]))

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
        """Features of the frames at ``places``, one copy of each, ``(n, 14, 14, 512)``.

        All that is asked of one clip is gathered at once.
        """
        found = np.empty((len(places), *networks.FEATURE_SHAPE), dtype=np.float16)
        for number in np.unique(places[:, 0]):
            rows = places[:, 0] == number
            found[rows] = self._shard(int(number))[places[rows, 1], copies[rows]]
        return found

    def pooled(self, places: NDArray[np.intp], border: bool = False) -> NDArray[np.float32]:
        """Features of unchanged frames averaged over their map, ``(n, 512)``.

        With ``border`` those of the frames whose scan was blacked out. Reads one clip at a time.
        """
        found = np.zeros((len(places), networks.FEATURE_SHAPE[-1]), dtype=np.float32)
        for number in np.unique(places[:, 0]):
            rows = places[:, 0] == number
            wanted = places[rows, 1]
            if border:
                found[rows] = np.load(self.folder / f"{self._names[number]}.border.npy")[wanted]
            else:
                frames = self._shard(int(number))[wanted, 0]
                found[rows] = frames.astype(np.float32).mean(axis=(1, 2))
        return found

    def _shard(self, number: int) -> Features:
        if number not in self._shards:
            path = self.folder / f"{self._names[number]}.npy"
            shard = np.load(path, mmap_mode="r")
            if shard.shape[2:] != networks.FEATURE_SHAPE:
                shape = "x".join(str(side) for side in shard.shape[2:])
                raise DataError(f"{path}: {shape} features are another network's; run 'dvc repro'")
            self._shards[number] = shard
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
    code = code_digest(augment, prefix, crop)
    shape = [networks.PREFIX_END, networks.IMAGE_SIDE]
    made_by = digest_of(file_sha256(weights_file), made_how, code, shape)
    compute: Callable[[pd.DataFrame], prefix.Computed] | None = None
    rows = []
    clips = frames.sort_values("frame_id").groupby("video_id", sort=True)
    for video_id, clip in tqdm(clips, "features", disable=None):

        def make(into: Path, clip: pd.DataFrame = clip) -> None:
            nonlocal compute
            compute = compute or prefix.compile_prefix(weights_file, settings, numbers)
            computed = compute(clip)
            np.save(into / "features.npy", computed.features)
            np.save(into / "border.npy", computed.border)

        cached = cached_folder("features", digest_of(made_by, list(clip["sha256"])), make)
        place(cached / "features.npy", folder / f"{video_id}.npy")
        place(cached / "border.npy", folder / f"{video_id}.border.npy")
        rows += [
            {"frame_id": frame_id, "video_id": video_id, "row": row, "sha256": sha256}
            for row, (frame_id, sha256) in enumerate(
                zip(clip["frame_id"], clip["sha256"], strict=True)
            )
        ]
    write_csv(pd.DataFrame(rows), folder / "rows.csv")
    write_json(folder / "settings.json", made_how | {"made_by": made_by})
