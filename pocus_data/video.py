"""Reading clips and pictures: what a file holds, and its frames by presentation time."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pocus_data import dicom, ffmpeg, measurement
from pocus_data.errors import MediaError
from pocus_data.measurement import ProbeResult
from pocus_data.workcache import cached_folder, code_digest, digest_of


def probe(path: Path) -> ProbeResult:
    """Decode a clip once and measure it.

    Raises
    ------
    MediaError
        if it is no video or image, or breaks off early.
    """
    return dicom.probe(path) if dicom.is_dicom(path) else ffmpeg.probe(path)


def measured(path: Path, sha256: str) -> ProbeResult:
    """``probe``, remembered in the work cache by the file's content."""
    digest = digest_of(sha256, decoder_digest())

    def make(folder: Path) -> None:
        (folder / "probe.json").write_text(json.dumps(asdict(probe(path))))

    stored = cached_folder("probes", digest, make) / "probe.json"
    values = json.loads(stored.read_text())
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return ProbeResult(**values | lists)


def decoder_digest() -> str:
    """What decoded pixels depend on besides the file: our code and the libraries' versions."""
    return digest_of(code_digest(dicom, ffmpeg, measurement), ffmpeg.VERSION, dicom.VERSION)


def read_frames(path: Path, found: ProbeResult, indices: list[int]) -> list[NDArray[np.uint8]]:
    """Decode chosen frames.

    Parameters
    ----------
    found : what ``probe`` said of the file.
    indices : frame numbers in increasing order, counted from 0 in order of presentation.

    Returns
    -------
    One ``(height, width, 3)`` RGB array per index.

    Raises
    ------
    MediaError
        if a frame cannot be decoded.
    """
    read = dicom.read_frames if dicom.is_dicom(path) else ffmpeg.read_frames
    frames = read(path, found, indices)
    if len(frames) != len(indices):
        raise MediaError(f"{path.name}: only {len(frames)} of {len(indices)} chosen frames decode")
    return frames
