"""Reading clips: what a file holds, and its frames by presentation time.

PyAV is used directly rather than through imageio, whose reader hides the presentation times
that sampling needs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from pocus_data.errors import MediaError
from pocus_data.workcache import cached_folder, code_digest, digest_of

# Larger claims than these are not ultrasound clips but broken or hostile headers.
MAX_PIXELS = 64_000_000
MAX_FRAMES = 200_000
# ffmpeg's names of the formats to accept; others, such as playlists, may show other files' pixels.
FORMATS = frozenset(
    {"mov", "avi", "gif", "mpeg", "mpegvideo", "mpegts", "matroska", "webm", "asf", "flv", "wav"}
    | {"image2", "png_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe", "webp_pipe", "m4v", "ogg"}
)
# Titles in odd encodings must not make a clip unreadable; from PyAV 19 on they never do.
_LENIENT: Any = {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}
# A clip that yields fewer of the frames its header promises was cut off.
MIN_DECODED_SHARE = 0.9


@dataclass(frozen=True)
class ProbeResult:
    """What a file was measured to hold; ``times_s`` is the presentation time of each frame."""

    container: str
    codec: str
    width: int
    height: int
    times_s: tuple[float, ...]

    @property
    def frames(self) -> int:
        """Number of frames that decode."""
        return len(self.times_s)

    @property
    def frame_rate_hz(self) -> float | None:
        """Mean rate over the clip, or ``None`` for a single frame."""
        if self.frames < 2 or self.times_s[-1] <= 0:
            return None
        return (self.frames - 1) / self.times_s[-1]

    @property
    def duration_s(self) -> float:
        """From the first frame's showing to the last one's."""
        return self.times_s[-1]


def probe(path: Path) -> ProbeResult:
    """Decode a clip once and measure it.

    Raises
    ------
    MediaError
        if it is no video or image, or breaks off early.
    """
    times: list[float | None] = []
    with _opened(path) as (container, stream):
        promised = _promised(container, stream)
        # 'mov,mp4,m4a,…' names a family of demuxers; its first name is the catalog's word.
        name = container.format.name.split(",")[0]
        rate = float(stream.average_rate or 25)
        context = stream.codec_context
        sizes = set()
        for frame in _decoded(container, stream, path):
            times.append(frame.time)
            sideways = frame.rotation % 180 == 90
            size = (frame.width, frame.height)
            sizes.add(size[::-1] if sideways else size)
    if not times:
        raise MediaError(f"{path.name}: no frame of it can be decoded")
    if len(sizes) > 1:
        raise MediaError(f"{path.name}: its frames differ in size: {sorted(sizes)}")
    width, height = sizes.pop()
    if len(times) < MIN_DECODED_SHARE * promised:
        raise MediaError(
            f"{path.name}: breaks off: {len(times)} of {promised} frames decode;"
            " fetch it again or mend its source"
        )
    return ProbeResult(name, context.name, width, height, _from_zero(times, rate))


def measured(path: Path, sha256: str) -> ProbeResult:
    """``probe``, remembered in the work cache by the file's content."""
    digest = digest_of(sha256, decoder_digest())

    def make(folder: Path) -> None:
        (folder / "probe.json").write_text(json.dumps(asdict(probe(path))))

    stored = cached_folder("probes", digest, make) / "probe.json"
    values = json.loads(stored.read_text())
    return ProbeResult(**values | {"times_s": tuple(values["times_s"])})


def decoder_digest() -> str:
    """What decoded pixels depend on besides the file: this module and ffmpeg's version."""
    return digest_of(code_digest(sys.modules[__name__]), av.__version__)


def read_frames(path: Path, indices: list[int]) -> list[NDArray[np.uint8]]:
    """Decode chosen frames.

    Parameters
    ----------
    indices : frame numbers in increasing order, counted from 0 in order of presentation.

    Returns
    -------
    One ``(height, width, 3)`` RGB array per index.

    Raises
    ------
    MediaError
        if a frame cannot be decoded.
    """
    wanted = set(indices)
    last = indices[-1]
    frames: list[NDArray[np.uint8]] = []
    with _opened(path) as (container, stream):
        for index, frame in enumerate(_decoded(container, stream, path)):
            if index in wanted:
                frames.append(_pixels(frame))
            if index >= last:
                break
    if len(frames) != len(indices):
        raise MediaError(f"{path.name}: only {len(frames)} of {len(indices)} chosen frames decode")
    return frames


def _pixels(frame: Any) -> NDArray[np.uint8]:
    """RGB pixels the right way up: a phone says in the header how it was held."""
    pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    return np.rot90(pixels, frame.rotation // 90) if frame.rotation else pixels


def _promised(container: Any, stream: Any) -> int:
    """How many frames the header promises; 0 when it does not say.

    QuickTime's edit list may show only a part of the frames that the file holds: the shorter of
    the two counts. Other formats have none, and lengths that are guessed from the file's size.
    """
    frames = int(stream.frames)
    edited = container.format.name.startswith("mov") and stream.duration and stream.average_rate
    if not frames or not edited:
        return frames
    return min(frames, round(float(stream.duration * stream.time_base * stream.average_rate)))


class _opened:  # noqa: N801 - used as a function
    """Open a file with ffmpeg's demuxers; whatever fails becomes a ``MediaError``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> tuple[Any, Any]:
        try:
            # The 'file' protocol alone: a playlist must not make the decoder open addresses.
            options = {"protocol_whitelist": "file"}
            self.container = av.open(str(self.path), options=options, **_LENIENT)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise MediaError(f"{self.path.name}: not a video or image ({_words(error)})") from error
        name = self.container.format.name
        if not FORMATS & set(name.split(",")):
            self.container.close()
            raise MediaError(f"{self.path.name}: {name} is no format of clips or pictures")
        if not self.container.streams.video:
            self.container.close()
            raise MediaError(f"{self.path.name}: holds no video stream")
        stream = self.container.streams.video[0]
        context = stream.codec_context
        if context is None:
            self.container.close()
            raise MediaError(f"{self.path.name}: its coding is unknown")
        stream.thread_type = "AUTO"
        if context.width * context.height > MAX_PIXELS:
            self.container.close()
            size = f"{context.width}x{context.height}"
            raise MediaError(f"{self.path.name}: claims {size} pixels, too large to be a scan")
        return self.container, stream

    def __exit__(self, *_: object) -> None:
        self.container.close()


def _decoded(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    count = 0
    try:
        for frame in container.decode(stream):
            count += 1
            if count > MAX_FRAMES:
                raise MediaError(f"{path.name}: more than {MAX_FRAMES} frames")
            yield frame
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(f"{path.name}: frame {count} cannot be decoded ({_words(error)})") from (
            error
        )


def _from_zero(times: list[float | None], rate_hz: float) -> tuple[float, ...]:
    """Times counted from the first frame; where the file states none, from its mean rate."""
    known = [time for time in times if time is not None]
    in_order = all(earlier < later for earlier, later in pairwise(known))
    if len(known) != len(times) or not in_order:
        return tuple(index / rate_hz for index in range(len(times)))
    return tuple(time - known[0] for time in known)


def _words(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error)
    return " ".join(str(said).split())
