"""DICOM ultrasound: what a file holds, its frames in eight bits, and where the scan lies in them.

Tags are named as in DICOM PS3.6; what they mean is in PS3.3: Image Pixel (C.7.6.3), Cine (C.7.6.5)
and US Region Calibration (C.8.5.5).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset, config
from pydicom.dataset import FileMetaDataset
from pydicom.pixels.processing import (
    apply_color_lut,
    apply_modality_lut,
    apply_voi,
    apply_windowing,
)
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import DeflatedExplicitVRLittleEndian

from pocus_data.errors import MediaError
from pocus_data.ffmpeg import MAX_FRAMES, MAX_PIXELS
from pocus_data.measurement import ProbeResult

VERSION = pydicom.__version__
CONTAINER = "dicom"
# Scanners break the rules of value lengths and characters all the time; pixels do not mind. What
# matters is raised, and said in our own line.
config.settings.reading_validation_mode = config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module="pydicom")

_TWO_DIMENSIONAL, _TISSUE = 1, 1


def is_dicom(path: Path) -> bool:
    """Whether a file has DICOM's mark, which stands after 128 bytes (PS3.10, 7.1)."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError as error:
        raise MediaError(f"{path.name}: {error.strerror or error}") from error


def probe(path: Path) -> ProbeResult:
    """Decode all frames once and measure them.

    Raises
    ------
    MediaError
        if the file holds no pixels, breaks off, states no time for its frames, or is coded in a
        way that no installed decoder reads.
    """
    with _one_error(path):
        header = _header(path)
        width, height, count = _size(header)
        decoded = sum(1 for _ in iter_pixels(path))
        if decoded != count:
            raise MediaError(f"breaks off: {decoded} of {count} frames decode; fetch it again")
        codec = header.file_meta.TransferSyntaxUID.keyword
        times = _times_s(header, count)
        return ProbeResult(CONTAINER, codec, width, height, times, region=_region(header))


def read_frames(path: Path, _found: ProbeResult, indices: list[int]) -> list[NDArray[np.uint8]]:
    """Decode chosen frames: RGB, see ``video.read_frames``.

    Palettes and luminance are turned into colours; more than eight bits are brought to eight by
    the window that the file names, else by its full range.
    """
    with _one_error(path):
        header = _header(path)
        return [_rgb(pixels, header) for pixels in iter_pixels(path, indices=indices)]


def _header(path: Path) -> Dataset:
    """All but the pixels.

    A file that is compressed as a whole is refused: nothing bounds what it would unpack to.
    """
    read_meta(path)
    return pydicom.dcmread(path, stop_before_pixels=True)


def read_meta(path: Path) -> FileMetaDataset:
    """The head that says how the rest is coded; a file deflated as a whole is refused there.

    Raises
    ------
    MediaError
        for such a file.
    """
    meta = pydicom.filereader.read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        raise MediaError("is deflated as a whole; store it uncompressed, as RLE or as JPEG")
    return meta


def _size(header: Dataset) -> tuple[int, int, int]:
    """Width, height and number of frames."""
    if "Rows" not in header or "Columns" not in header:
        raise MediaError("holds no picture")
    width, height = int(header.Columns), int(header.Rows)
    count = int(header.get("NumberOfFrames") or 1)
    if not 0 < width * height <= MAX_PIXELS or not 0 < count <= MAX_FRAMES:
        raise MediaError(f"claims {count} frames of {width}x{height} pixels: no scan")
    return width, height, count


def _times_s(header: Dataset, count: int) -> tuple[float, ...]:
    """Presentation time of each frame, from the first one's."""
    if count == 1:
        return (0.0,)
    steps_ms = header.get("FrameTimeVector")
    if steps_ms is not None and len(steps_ms) == count:
        return tuple(total / 1000 for total in accumulate([0.0, *map(float, steps_ms[1:])]))
    if header.get("FrameTime"):
        return tuple(index * float(header.FrameTime) / 1000 for index in range(count))
    for tag in ("CineRate", "RecommendedDisplayFrameRate"):
        if header.get(tag):
            return tuple(index / float(header[tag].value) for index in range(count))
    raise MediaError(
        f"holds {count} frames but says nothing of their times; add Frame Time (0018,1063)"
    )


def _region(header: Dataset) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the largest two-dimensional tissue region."""
    width, height, _ = _size(header)
    found = []
    for item in header.get("SequenceOfUltrasoundRegions") or []:
        kind = (item.get("RegionSpatialFormat"), item.get("RegionDataType"))
        if kind != (_TWO_DIMENSIONAL, _TISSUE):
            continue
        left, top = int(item.RegionLocationMinX0), int(item.RegionLocationMinY0)
        last_x, last_y = int(item.RegionLocationMaxX1), int(item.RegionLocationMaxY1)
        # A region that leaves the frame is that of another size, kept when the file was scaled.
        # Some makers name the pixel behind the last one.
        if 0 <= left < last_x <= width and 0 <= top < last_y <= height:
            found.append((left, top, min(last_x + 1, width), min(last_y + 1, height)))
    return max(found, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)


def _rgb(pixels: NDArray[Any], header: Dataset) -> NDArray[np.uint8]:
    kind = str(header.PhotometricInterpretation)
    if kind.startswith("MONOCHROME"):
        grey = _grey(pixels, header)
        grey = 255 - grey if kind == "MONOCHROME1" else grey
        return np.repeat(grey[..., None], 3, axis=-1)
    if kind == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, header)
    bits = 8 * pixels.dtype.itemsize
    return (pixels >> (bits - 8)).astype(np.uint8)


def _grey(pixels: NDArray[Any], header: Dataset) -> NDArray[np.uint8]:
    """Eight bits of stored luminance, as the file asks to show it (PS3.3, C.11.1 and C.11.2)."""
    bits = int(header.BitsStored)
    signed = int(header.get("PixelRepresentation") or 0)
    extremes = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1])
    values = apply_modality_lut(pixels, header)
    low, high = apply_modality_lut(extremes.astype(pixels.dtype), header).astype(np.float64)
    if "WindowCenter" in header:
        values = apply_windowing(values, header)
        # What lies far outside the window shows the ends of its range.
        low, high = apply_windowing(np.array([-1e12, 1e12]), header)
    elif "VOILUTSequence" in header:
        values = apply_voi(values, header)
        low, high = 0.0, 2.0 ** header.VOILUTSequence[0].LUTDescriptor[2] - 1
    shown = (values.astype(np.float64) - low) * 255 / (high - low)
    grey: NDArray[np.uint8] = np.rint(np.clip(shown, 0, 255)).astype(np.uint8)
    return grey


@contextmanager
def _one_error(path: Path) -> Iterator[None]:
    """Whatever a broken file makes the library raise, said in one line."""
    try:
        yield
    except MediaError as error:
        raise MediaError(f"{path.name}: {error}") from error
    # A damaged file may raise nearly anything in pydicom: KeyError, AttributeError, struct.error.
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise MediaError(f"{path.name}: cannot be read as DICOM ({said})") from error
