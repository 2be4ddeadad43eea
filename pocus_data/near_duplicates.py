"""Clips that show the same pictures, whatever they are called: found by their frames' look.

Each frame has a perceptual hash of 256 bits (discrete cosine transform). Two clips of which any
two frames nearly agree were cut from one recording, or copied; folds keep them together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pocus_data.parallel import over_processes
from pocus_data.png import read_png
from pocus_data.workcache import cached_folder, digest_of

HASH_SIDE = 16
# Bits of 256 that may differ. Measured on the frames of one mirror's 138 files: the nearest frames
# of clips of two patients differ by 48 bits or more, but for one pair at 14, which is one clip
# under two names.
NEAR_BITS = 40
_BLOCK = 256

Hashes = NDArray[np.uint64]


def frame_hashes(frames: pd.DataFrame) -> Hashes:
    """Hash of every frame, ``(n, 4)``: 256 bits; remembered by the frames' pixels.

    ``frames`` has columns video_id, path and sha256.
    """
    paths, digests = frames["path"].to_numpy(), frames["sha256"].to_numpy()
    clips = [
        {"rows": rows, "paths": list(paths[rows]), "sha256": list(digests[rows])}
        for rows in frames.groupby("video_id", sort=True).indices.values()
    ]
    found = over_processes(_hashes_of_clip, clips, "look", _died, cached=True)
    hashes = np.zeros((len(frames), 4), dtype=np.uint64)
    for clip, words in zip(clips, found, strict=True):
        hashes[clip["rows"]] = words
    return hashes


def near_pairs(hashes: Hashes, video_ids: pd.Series) -> pd.DataFrame:
    """Pairs of clips of which two frames differ in at most ``NEAR_BITS`` bits.

    Returns
    -------
    Columns one, other (identifiers, one < other) and bits (the least difference), sorted.
    """
    names, owner = np.unique(video_ids.to_numpy(str), return_inverse=True)
    least: dict[tuple[int, int], int] = {}
    for one, other, bits in _close(hashes, owner):
        pair = (min(one, other), max(one, other))
        least[pair] = min(bits, least.get(pair, bits))
    rows = [(names[one], names[other], bits) for (one, other), bits in sorted(least.items())]
    return pd.DataFrame(rows, columns=["one", "other", "bits"])


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


def _hashes_of_clip(clip: dict[str, Any]) -> Hashes:
    digest = digest_of(clip["sha256"], HASH_SIDE, imagehash.__version__)

    def make(folder: Path) -> None:
        words = [_hash(Path(path)) for path in clip["paths"]]
        (folder / "hashes.json").write_text(json.dumps(words))

    stored = cached_folder("hashes", digest, make) / "hashes.json"
    return np.array(json.loads(stored.read_text()), dtype=np.uint64)


def _hash(path: Path) -> list[int]:
    bits = imagehash.phash(Image.fromarray(read_png(path)), hash_size=HASH_SIDE).hash
    return [int(word) for word in np.packbits(bits.ravel()).view(np.uint64)]


def _close(hashes: Hashes, owner: NDArray[np.intp]) -> Iterator[tuple[int, int, int]]:
    """Owners of frames that nearly agree, and in how many bits these differ."""
    for start in range(0, len(hashes), _BLOCK):
        block = hashes[start : start + _BLOCK]
        rest = hashes[start:]
        bits = np.zeros((len(block), len(rest)), dtype=np.uint16)
        for word in range(hashes.shape[1]):
            bits += np.bitwise_count(block[:, None, word] ^ rest[None, :, word])
        apart = owner[start : start + _BLOCK, None] != owner[None, start:]
        for row, column in np.argwhere((bits <= NEAR_BITS) & apart):
            yield int(owner[start + row]), int(owner[start + column]), int(bits[row, column])


def _died(clip: dict[str, Any]) -> Hashes:
    raise RuntimeError(f"{clip['paths'][0]}: cannot be hashed")
