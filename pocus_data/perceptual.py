"""Perceptual hashes of frames: what a picture looks like in 256 bits, and which of many agree.

Each frame has a hash of 256 bits (signs of its discrete cosine transform). It survives another
coding, size or brightness, but no other frame around the picture: of some frames of a clip their
crops are hashed besides, so that a copy that lost a tenth of its edges still agrees with one of
them. To look up a hash among many costs about the same however many there are (multi-index
hashing: Norouzi et al. 2012, "Fast Search in Hamming Space with Multi-Index Hashing").
"""

from __future__ import annotations

from collections.abc import Iterator

import faiss
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

HASH_SIDE = 16
HASH_BITS = HASH_SIDE**2
# Bits of 256 that may differ. Measured on the 1,852 frames of one mirror's 138 files: of the clips
# catalogued as two patients', two pairs agree within it, at 14 and 34 bits, and both show one scene
# to the eye; whole frames of all others differ by 48 or more. `python -m benchmarks.duplicates`
# measures what is found of copies.
NEAR_BITS = 40
# What a copy may have lost: shares of the picture's side that are left, and in how many places.
CROPS = ((0.9, 5), (0.95, 3))
# Where in a clip the frames stand whose crops are hashed.
SHARES = (0.1, 0.5, 0.9)
# Crops are cut from a picture of this side: large enough for 16 cosines, and soon done.
_CROPPED_FROM = 256
_FEWEST_BITS, _MOST_BITS = 8, 24
_AT_ONCE = 20_000

Hashes = NDArray[np.uint64]
VERSION = imagehash.__version__


def hash_of(pixels: NDArray[np.uint8]) -> Hashes:
    """The hash of one picture, ``(4,)``: 256 bits."""
    return _hash(Image.fromarray(pixels).convert("L"))


def crop_hashes(pixels: NDArray[np.uint8]) -> Hashes:
    """Hashes of the picture's crops, ``(34, 4)``; see ``CROPS``."""
    side = _CROPPED_FROM
    picture = Image.fromarray(pixels).convert("L").resize((side, side))
    return np.stack([_hash(picture.crop(box)) for box in _boxes(side)])


def spread_over(count: int) -> list[int]:
    """Which of a clip's ``count`` frames have their crops hashed."""
    return sorted({round(share * (count - 1)) for share in SHARES})


def bits_apart(one: Hashes, other: Hashes) -> int:
    """In how many bits the most alike of two sets of hashes differ."""
    return int(np.bitwise_count(one[:, None] ^ other[None]).sum(axis=-1).min())


def close_to(
    queries: Hashes, index: Hashes, bits: int = NEAR_BITS
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Which hashes of an index differ from each query in at most ``bits`` bits.

    Pieces of a hash are looked up that agree but for one bit. Among 100,000 hashes a pair that
    differs in 30 bits has none about once in 7,000 times, one in 40 bits once in 130.

    Yields
    ------
    Blocks of three arrays of one length: rows of ``queries``, rows of ``index``, bits that differ.
    """
    if not len(queries) or not len(index):
        return
    # Pieces of about log2(n) bits leave about one hash to a bucket.
    piece = int(np.clip(np.log2(len(index)), _FEWEST_BITS, _MOST_BITS))
    store = faiss.IndexBinaryMultiHash(HASH_BITS, HASH_BITS // piece, piece)
    store.nflip = 1
    store.add(_as_bytes(index))
    for start in range(0, len(queries), _AT_ONCE):
        block = _as_bytes(queries[start : start + _AT_ONCE])
        # The radius itself is not within it.
        limits, apart, found = store.range_search(block, bits + 1)
        counts = np.diff(limits.astype(np.int64))
        yield start + np.repeat(np.arange(len(block)), counts), found, apart.astype(np.int64)


def _boxes(side: int) -> list[tuple[int, int, int, int]]:
    boxes = []
    for share, places in CROPS:
        size = round(share * side)
        starts = [round(place * (side - size) / (places - 1)) for place in range(places)]
        boxes += [(x, y, x + size, y + size) for y in starts for x in starts]
    return boxes


def _hash(picture: Image.Image) -> Hashes:
    bits = imagehash.phash(picture, hash_size=HASH_SIDE).hash
    return np.packbits(bits.ravel()).view(np.uint64)


def _as_bytes(hashes: Hashes) -> NDArray[np.uint8]:
    return np.ascontiguousarray(hashes).view(np.uint8)
