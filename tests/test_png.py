"""Our PNG files are everybody's: any pixels come back through other readers as they were."""

import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from pocus_data.png import pixels_sha256, read_png, write_png

sides = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)
shapes = st.one_of(sides, sides.map(lambda shape: (*shape, 3)))


@given(shapes.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_any_pixels_come_back(tmp_path_factory, pixels):
    path = tmp_path_factory.getbasetemp() / "any.png"
    write_png(pixels, path)
    assert np.array_equal(read_png(path), pixels)
    with Image.open(path) as picture:
        picture.verify()


@pytest.mark.parametrize("shape", [(200, 300), (200, 300, 3)])
def test_ffmpeg_reads_them_too(tmp_path, shape):
    # A part of a larger picture, as a window cuts it: its lines do not follow each other.
    whole = np.random.default_rng(1).integers(0, 256, (260, 400, *shape[2:]), dtype=np.uint8)
    pixels = whole[30:230, 50:350]
    write_png(pixels, tmp_path / "a.png")
    kind = "rgb24" if len(shape) == 3 else "gray"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", tmp_path / "a.png"]
    raw = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", kind, "-"], check=True, capture_output=True
    ).stdout
    assert np.array_equal(np.frombuffer(raw, np.uint8).reshape(shape), pixels)


def test_the_same_pixels_are_the_same_bytes(tmp_path):
    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    write_png(pixels, tmp_path / "a.png")
    write_png(pixels[::-1][::-1], tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_digests_tell_shapes_apart():
    grey = np.zeros((4, 6), dtype=np.uint8)
    same_bytes = [grey, grey.reshape(6, 4), np.zeros((2, 4, 3), dtype=np.uint8)]
    assert len({pixels_sha256(pixels) for pixels in same_bytes}) == 3
