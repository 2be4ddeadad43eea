"""Clips that show the same pictures, whatever they are called: found by their frames' look.

Two clips of which any two frames nearly agree, or a frame with a crop of another, were cut from one
recording, or copied; folds keep them together. Order and time of frames do not matter, so that a
copy may be trimmed or play at another rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pocus_data import perceptual
from pocus_data.parallel import over_processes
from pocus_data.perceptual import Hashes
from pocus_data.png import read_png
from pocus_data.workcache import cached_folder, digest_of


@dataclass(frozen=True)
class Looks:
    """Hashes of a table's frames, ``(n, 4)``, and of crops, ``(m, 4)``, with the rows of these."""

    frames: Hashes
    crops: Hashes
    crop_rows: NDArray[np.intp]


def frame_hashes(frames: pd.DataFrame) -> Looks:
    """Hashes of all frames, and of crops of three of each clip; remembered by the frames' pixels.

    ``frames`` has columns video_id, path and sha256.
    """
    paths, digests = frames["path"].to_numpy(), frames["sha256"].to_numpy()
    clips = [
        {"rows": rows, "paths": list(paths[rows]), "sha256": list(digests[rows])}
        for rows in frames.groupby("video_id", sort=True).indices.values()
    ]
    found = over_processes(_hashes_of_clip, clips, "look", _died, cached=True)
    hashes = np.zeros((len(frames), 4), dtype=np.uint64)
    crops, crop_rows = [np.zeros((0, 4), dtype=np.uint64)], [np.zeros(0, dtype=np.intp)]
    for clip, (own, cropped) in zip(clips, found, strict=True):
        rows = np.asarray(clip["rows"])
        hashes[rows] = own
        shown = rows[perceptual.spread_over(len(rows))]
        crops.append(cropped)
        crop_rows.append(np.repeat(shown, len(cropped) // len(shown)))
    return Looks(hashes, np.concatenate(crops), np.concatenate(crop_rows))


def near_pairs(looks: Looks, video_ids: pd.Series) -> pd.DataFrame:
    """Pairs of clips of which two frames, or a frame and a crop, nearly agree.

    Returns
    -------
    Columns one, other (identifiers, one < other) and bits (the least difference), sorted.
    """
    names, owner = np.unique(video_ids.to_numpy(str), return_inverse=True)
    queries = np.concatenate([looks.frames, looks.crops])
    of_query = np.concatenate([owner, owner[looks.crop_rows]])
    found = [np.zeros((0, 3), dtype=np.int64)]
    for asked, rows, bits in perceptual.close_to(queries, looks.frames):
        one, other = of_query[asked], owner[rows]
        apart = one != other
        pair = np.sort(np.stack([one[apart], other[apart]], axis=1), axis=1)
        found.append(np.column_stack([pair, bits[apart]]))
    table = pd.DataFrame(np.concatenate(found), columns=["one", "other", "bits"])
    least = table.groupby(["one", "other"])["bits"].min().reset_index()
    return least.assign(one=names[least["one"]], other=names[least["other"]])


def joined(groups: pd.Series, video_ids: pd.Series, pairs: pd.DataFrame) -> pd.Series:
    """Groups, those of near-duplicate clips made one; it is called after the first of them."""
    names, number = np.unique(groups.to_numpy(str), return_inverse=True)
    of_video = pd.Series(number, index=video_ids.to_numpy(str)).groupby(level=0).first()
    present = pairs[pairs["one"].isin(of_video.index) & pairs["other"].isin(of_video.index)]
    one, other = of_video[present["one"]].to_numpy(), of_video[present["other"]].to_numpy()
    links = coo_array((np.ones(len(one)), (one, other)), shape=(len(names), len(names)))
    _, component = connected_components(links, directed=False)
    first = pd.Series(names).groupby(component).first()
    return pd.Series(first.to_numpy()[component[number]], index=groups.index, name=groups.name)


def _hashes_of_clip(clip: dict[str, Any]) -> tuple[Hashes, Hashes]:
    settings = (perceptual.HASH_SIDE, perceptual.CROPS, perceptual.SHARES, perceptual.VERSION)

    def make(folder: Path) -> None:
        pictures = [read_png(Path(path)) for path in clip["paths"]]
        shown = [pictures[number] for number in perceptual.spread_over(len(pictures))]
        np.savez(
            folder / "hashes.npz",
            frames=np.stack([perceptual.hash_of(picture) for picture in pictures]),
            crops=np.concatenate([perceptual.crop_hashes(picture) for picture in shown]),
        )

    folder = cached_folder("hashes", digest_of(clip["sha256"], settings), make)
    with np.load(folder / "hashes.npz") as stored:
        return stored["frames"], stored["crops"]


def _died(clip: dict[str, Any]) -> tuple[Hashes, Hashes]:
    raise RuntimeError(f"{clip['paths'][0]}: cannot be hashed")
