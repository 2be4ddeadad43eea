"""The synthetic scanner: lung-ultrasound clips made on the spot from a ``phantom:`` address.

``phantom:covid19?patient=7&clip=2&depth_mm=120&…`` says everything about a clip, so the same
address always gives the same frames. Class decides the anatomy alone; the machine, the screen
and the container are drawn independently of it.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import imageio.v2 as imageio
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pocus_data import phantom_lungs, phantom_screen, phantom_tissue
from pocus_data.errors import FetchError, MediaError
from pocus_data.phantom_lungs import LUNGS
from pocus_data.phantom_screen import FURNITURE, Machine, Screen, compress
from pocus_data.phantom_tissue import DEPTH_SAMPLES, SCAN_LINES, Patient, Probe, Scene
from pocus_data.video import probe
from pocus_data.workcache import code_digest

SCHEME = "phantom:"
# Container and codec pairs that occur among the real clips, by file name extension.
CODECS = {
    ".mp4": ("mp4", "libx264"),
    ".mov": ("mov", "libx264"),
    ".avi": ("avi", "mpeg4"),
    ".mjpeg.avi": ("avi", "mjpeg"),
    ".mpeg": ("mpeg", "mpeg2video"),
    ".gif": ("gif", "gif"),
}


@dataclass(frozen=True)
class ClipSpec:
    """All that a clip is made from; lengths in mm, angles in degrees, gain and range in dB."""

    diagnosis: str
    patient: int
    clip: int
    frames: int = 50
    frame_rate_hz: float = 20.0
    width: int = 480
    height: int = 480
    depth_mm: float = 120.0
    radius_mm: float = 60.0
    angle_deg: float = 64.0
    frequency_mhz: float = 3.5
    gain_db: float = 0.0
    dynamic_range_db: float = 55.0
    tgc_tilt_db: float = 0.0
    furniture: tuple[str, ...] = ()
    codec: str = ".mp4"

    @property
    def url(self) -> str:
        """The address of the clip: every setting, in a fixed order."""
        query = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "diagnosis"}
        query["furniture"] = ".".join(self.furniture)
        return f"{SCHEME}{self.diagnosis}?{urlencode(query)}"


@dataclass(frozen=True)
class Truth:
    """What the scanner drew: for tests, and for windows as a person would set them."""

    sector_box: tuple[int, int, int, int]
    sector_mask: NDArray[np.bool_]
    furniture_mask: NDArray[np.bool_]
    pleura_mm: float


@cache
def fingerprint() -> str:
    """Digest of the scanner's own code: another scanner makes other clips."""
    modules = (sys.modules[__name__], phantom_lungs, phantom_screen, phantom_tissue)
    return code_digest(*modules)


def parse(url: str) -> ClipSpec:
    """Read a ``phantom:`` address.

    Raises
    ------
    FetchError
        if the address is not one; it names the part that is wrong.
    """
    name, _, query = url.removeprefix(SCHEME).partition("?")
    if name not in LUNGS:
        raise FetchError(f"{url}: class '{name}' is none of {', '.join(LUNGS)}")
    kinds = {f.name: f.type for f in fields(ClipSpec)}
    values: dict[str, Any] = {"diagnosis": name}
    for key, text in parse_qsl(query):
        if key not in kinds or key == "diagnosis":
            raise FetchError(f"{url}: the scanner has no setting '{key}'")
        try:
            values[key] = _value(key, str(kinds[key]), text)
        except ValueError as error:
            raise FetchError(f"{url}: {key}: {error}") from error
    if missing := {"patient", "clip"} - values.keys():
        raise FetchError(f"{url}: '{missing.pop()}' is missing")
    return ClipSpec(**values)


def _value(key: str, kind: str, text: str) -> Any:
    if key == "furniture":
        parts = tuple(part for part in text.split(".") if part)
        if unknown := set(parts) - set(FURNITURE):
            raise ValueError(f"'{unknown.pop()}' is none of {', '.join(FURNITURE)}")
        return parts
    if key == "codec":
        if text not in CODECS:
            raise ValueError(f"'{text}' is none of {', '.join(CODECS)}")
        return text
    number = int(text) if kind == "int" else float(text)
    if key not in {"gain_db", "tgc_tilt_db", "patient", "clip"} and number <= 0:
        raise ValueError("must be greater than zero")
    return number


def frames(spec: ClipSpec) -> NDArray[np.uint8]:
    """Grey frames as the screen showed them, ``(frames, height, width)``."""
    probe = _probe(spec)
    scene = Scene(Patient(spec.patient), spec.clip, probe, LUNGS[spec.diagnosis])
    screen = Screen(spec.width, spec.height, probe, spec.furniture)
    rng = np.random.default_rng([spec.patient, 41, spec.clip])
    machine = Machine(spec.gain_db, spec.dynamic_range_db, spec.tgc_tilt_db, noise_db=-62)
    furniture = screen.draw_furniture(_labels(spec))
    noise_shape = (4, DEPTH_SAMPLES, SCAN_LINES)
    noises = np.hypot(*rng.standard_normal((2, *noise_shape)).astype(np.float32))
    clip = np.empty((spec.frames, spec.height, spec.width), dtype=np.uint8)
    for index in range(spec.frames):
        echo = scene.amplitude(index / spec.frame_rate_hz)
        noise = noises[index % len(noises)]
        clip[index] = screen.scan_convert(compress(echo, probe, machine, noise)) | furniture
    return clip


def truth(spec: ClipSpec) -> Truth:
    """The geometry behind the clip's frames."""
    probe = _probe(spec)
    screen = Screen(spec.width, spec.height, probe, spec.furniture)
    furniture = screen.draw_furniture(_labels(spec))
    pleura_mm = Patient(spec.patient).pleura_mm
    return Truth(screen.sector_box, screen.sector_mask, furniture > 0, pleura_mm)


def frame_times_s(spec: ClipSpec) -> NDArray[np.float64]:
    """Presentation time of each frame; animated GIFs count in hundredths, so unevenly."""
    times = np.arange(spec.frames) / spec.frame_rate_hz
    return np.round(times, 2) if spec.codec == ".gif" else times


def render(url: str, path: Path) -> None:
    """Write the clip of a ``phantom:`` address as a video file.

    The encoder is ffmpeg (from imageio-ffmpeg) on one thread, without its own date or version
    in the file: the same address gives the same bytes.
    """
    spec = parse(url)
    clip = frames(spec)
    path.parent.mkdir(parents=True, exist_ok=True)
    if spec.codec == ".gif":
        path.write_bytes(_gif(clip, frame_times_s(spec)))
        return
    try:
        _encode(clip, spec, path)
    except OSError as error:
        # imageio repeats ffmpeg's whole command; what a person needs is below.
        said = f"{SCHEME}{spec.diagnosis}: the encoder stopped"
        raise _no_space_or(FetchError(said), path) from error
    # imageio does not look at ffmpeg's exit code; a full disk would pass for a short clip.
    try:
        written = probe(path).frames
    except MediaError:
        written = 0
    if written != spec.frames:
        said = f"{SCHEME}{spec.diagnosis}: {written} of {spec.frames} frames were written"
        raise _no_space_or(FetchError(said), path)


def _encode(clip: NDArray[np.uint8], spec: ClipSpec, path: Path) -> None:
    container, codec = CODECS[spec.codec]
    writer: Any
    with imageio.get_writer(
        str(path),
        format="FFMPEG",
        mode="I",
        fps=spec.frame_rate_hz,
        codec=codec,
        quality=None,
        pixelformat="yuvj420p" if codec == "mjpeg" else "yuv420p",
        macro_block_size=2,
        ffmpeg_log_level="quiet",
        output_params=[*_QUALITY[codec], *_BITEXACT, "-f", container],
    ) as writer:
        for frame in clip:
            writer.append_data(np.repeat(frame[..., None], 3, axis=2))


def _no_space_or(error: Exception, path: Path) -> Exception:
    """A full disk, when there is one behind what went wrong; else the error itself."""
    if shutil.disk_usage(path.parent).free < 1_000_000:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    return error


_QUALITY = {
    "libx264": ["-crf", "20", "-preset", "veryfast"],
    "mpeg4": ["-q:v", "3"],
    "mjpeg": ["-q:v", "4"],
    "mpeg2video": ["-q:v", "3"],
}
_BITEXACT = ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]


def _gif(clip: NDArray[np.uint8], times_s: NDArray[np.float64]) -> bytes:
    ends = np.append(times_s[1:], times_s[-1] + times_s[1] if len(times_s) > 1 else 0.1)
    delays_ms = [int(delay) for delay in np.round(1000 * (ends - times_s))]
    pictures = [Image.fromarray(frame) for frame in clip]
    stream = io.BytesIO()
    pictures[0].save(
        stream, "GIF", save_all=True, append_images=pictures[1:], duration=delays_ms, loop=0
    )
    return stream.getvalue()


def _probe(spec: ClipSpec) -> Probe:
    half_angle_rad = float(np.deg2rad(spec.angle_deg / 2))
    return Probe(spec.radius_mm, half_angle_rad, spec.depth_mm, spec.frequency_mhz)


def _labels(spec: ClipSpec) -> list[str]:
    return [
        "SYNTHETIC PHANTOM",
        f"{spec.frequency_mhz:.1f} MHz  {spec.depth_mm / 10:.0f} cm",
        f"G {spec.gain_db:+.0f} dB  DR {spec.dynamic_range_db:.0f}",
        f"{spec.frame_rate_hz:.0f} Hz",
        "MI 0.9",
    ]
