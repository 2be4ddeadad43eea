"""Whether two files look alike, though their bytes differ.

Three frames at the same shares of the clip's length, cut to the window found in it, and their
crops, are compared by their perceptual hashes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pocus_data import perceptual, video
from pocus_data.perceptual import Hashes
from pocus_data.windows import mean_frame, propose
from pocus_data.workcache import cached_folder, digest_of

ALIKE_BITS = perceptual.NEAR_BITS

# Of the frames, and of their crops.
Look = tuple[Hashes, Hashes]


def look_of(path: Path, sha256: str) -> Look:
    """Hashes of a clip's three frames and of their crops; remembered by the file's content.

    Raises
    ------
    MediaError
        if the file cannot be decoded.
    """
    settings = (perceptual.SHARES, perceptual.CROPS, perceptual.HASH_SIDE, perceptual.VERSION)

    def make(folder: Path) -> None:
        found = video.measured(path, sha256)
        _, window = propose(found, mean_frame(path, found, 0, found.frames))
        frames = video.read_frames(path, found, perceptual.spread_over(found.frames))
        pictures = [window.cut(frame) if window else frame for frame in frames]
        np.savez(
            folder / "look.npz",
            frames=np.stack([perceptual.hash_of(picture) for picture in pictures]),
            crops=np.concatenate([perceptual.crop_hashes(picture) for picture in pictures]),
        )

    digest = digest_of(sha256, settings, video.decoder_digest())
    folder = cached_folder("looks", digest, make)
    with np.load(folder / "look.npz") as stored:
        return stored["frames"], stored["crops"]


def bits_apart(one: Look, other: Look) -> int:
    """In how many of 256 bits the most alike frames differ, crops of either looked at too."""
    return min(
        perceptual.bits_apart(np.concatenate(one), other[0]),
        perceptual.bits_apart(np.concatenate(other), one[0]),
    )
