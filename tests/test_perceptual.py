"""Hashes find copies that lost their edges, among many, and nothing else."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pocus_data import perceptual, video
from pocus_data.perceptual import NEAR_BITS, bits_apart, close_to, crop_hashes, hash_of

rng = np.random.default_rng(5)


@pytest.fixture(scope="module")
def picture(mp4) -> np.ndarray:
    return video.read_frames(mp4, video.probe(mp4), [7])[0]


def flipped(hashes: np.ndarray, count: int) -> np.ndarray:
    bits = np.unpackbits(hashes.view(np.uint8), axis=1)
    for row in bits:
        row[rng.choice(256, count, replace=False)] ^= 1
    return np.packbits(bits, axis=1).view(np.uint64)


share = st.floats(0, 0.1)


@given(left=share, top=share, quality=st.integers(40, 95), side=st.integers(120, 300))
@settings(max_examples=40, deadline=None)
def test_a_crop_coded_anew_at_another_size_agrees(picture, left, top, quality, side):
    height, width = picture.shape[:2]
    edges = (left * width, top * height, (left + 0.9) * width, (top + 0.9) * height)
    stream = io.BytesIO()
    Image.fromarray(picture).crop(edges).resize((side, side)).save(stream, "JPEG", quality=quality)
    copy = hash_of(np.asarray(Image.open(stream)))
    assert bits_apart(crop_hashes(picture), copy[None]) <= NEAR_BITS


def test_other_pictures_do_not(picture):
    small = rng.integers(0, 255, (30, 12, 12), dtype=np.uint8)
    others = [Image.fromarray(each).resize((160, 160)) for each in small]
    hashes = np.stack([hash_of(np.asarray(other)) for other in others])
    assert bits_apart(crop_hashes(picture), hashes) > NEAR_BITS


@pytest.mark.parametrize("count", [100, 5_000, 100_000])
def test_the_near_are_found_among_many_and_only_they(count):
    index = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
    asked = index[: min(500, count)]
    near, far = flipped(asked, 30), flipped(asked, NEAR_BITS + 1)
    pairs = {
        (int(q), int(r)): int(b)
        for qs, rs, bs in close_to(near, index)
        for q, r, b in zip(qs, rs, bs, strict=True)
    }
    hits = sum(pairs.get((row, row)) == 30 for row in range(len(asked)))
    assert hits >= 0.995 * len(asked)
    assert set(pairs) <= {(row, row) for row in range(len(asked))}
    assert not [row for _, rows, _ in close_to(far, index) for row in rows]


def test_all_that_is_said_near_is_near():
    index = flipped(np.repeat(rng.integers(0, 2**64, (40, 4), dtype=np.uint64), 20, axis=0), 25)
    for queries, rows, bits in close_to(index, index):
        apart = np.bitwise_count(index[queries] ^ index[rows]).sum(axis=1)
        assert (apart == bits).all() and (apart <= NEAR_BITS).all()


def test_nothing_among_nothing():
    none = np.zeros((0, 4), dtype=np.uint64)
    assert list(close_to(none, none)) == []


def test_frames_whose_crops_are_hashed():
    assert perceptual.spread_over(1) == [0]
    assert perceptual.spread_over(30) == [3, 14, 26]
