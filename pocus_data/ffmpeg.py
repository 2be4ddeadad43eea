"""Clips and pictures that ffmpeg reads, through PyAV.

PyAV is used directly rather than through imageio, whose reader hides the presentation times
that sampling needs, and rather than ffmpeg's command, which costs a process and a pipe a clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from pocus_data.errors import MediaError
from pocus_data.measurement import ProbeResult
from pocus_data.parallel import threads_each

# Larger claims than these are not ultrasound clips but broken or hostile headers.
MAX_PIXELS = 64_000_000
MAX_FRAMES = 200_000
# ffmpeg's names of the formats to accept; others, such as playlists, may show other files' pixels.
FORMATS = frozenset(
    {"mov", "avi", "gif", "mpeg", "mpegvideo", "mpegts", "matroska", "webm", "asf", "flv", "wav"}
    | {"image2", "png_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe", "webp_pipe", "m4v", "ogg"}
)
VERSION = av.__version__
# Titles in odd encodings must not make a clip unreadable; from PyAV 19 on they never do.
_LENIENT: Any = {"metadata_errors": "ignore"} if int(VERSION.split(".")[0]) < 19 else {}
# A clip that yields fewer of the frames its header promises was cut off.
MIN_DECODED_SHARE = 0.9
# For who counts frames and does not look at them: all of the bitstream is read, but not made into
# pixels to the end.
_COUNTING = {"skip_loop_filter": "all", "skip_idct": "all"}


def probe(path: Path) -> ProbeResult:
    """Decode a clip once and measure it.

    Raises
    ------
    MediaError
        if it is no video or image, or breaks off early.
    """
    times: list[float | None] = []
    stamps: list[int | None] = []
    packets: list[int | None] = []
    sizes = set()
    with _opened(path, _COUNTING) as (container, stream):
        promised = _promised(container, stream)
        # 'mov,mp4,m4a,…' names a family of demuxers; its first name is the catalog's word.
        name = container.format.name.split(",")[0]
        rate = float(stream.average_rate or 25)
        context = stream.codec_context
        for packet in _packets(container, stream, path):
            packets += [packet.pts] if packet.size else []
            for frame in _frames_of(packet, path, len(times)):
                times.append(frame.time)
                stamps.append(frame.pts)
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
    told = _told_before(packets, stamps)
    return ProbeResult(name, context.name, width, height, _from_zero(times, rate), told)


def read_frames(path: Path, found: ProbeResult, indices: list[int]) -> list[NDArray[np.uint8]]:
    """Decode chosen frames: RGB, see ``video.read_frames``.

    Where the file tells its frames before they are decoded, those that are neither chosen nor
    needed for another are not decoded.
    """
    last = indices[-1]
    chosen = set(indices)
    stamps = {found.stamps[index] for index in indices} if found.stamps else set()
    convert = VideoReformatter()
    frames: list[NDArray[np.uint8]] = []
    index = 0
    with _opened(path) as (container, stream):
        context = stream.codec_context
        for packet in _packets(container, stream, path):
            if stamps and packet.size:
                wanted = packet.pts in stamps
                if context.codec.intra_only and not wanted:
                    continue
                # Frames that no other is predicted from, such as most B-frames, are left out.
                context.skip_frame = "DEFAULT" if wanted else "NONREF"
            for frame in _frames_of(packet, path, index):
                if frame.pts in stamps if stamps else index in chosen:
                    frames.append(_pixels(frame, convert))
                index += 1
            if len(frames) == len(indices) or (not stamps and index > last):
                break
    return frames


def _pixels(frame: Any, convert: VideoReformatter) -> NDArray[np.uint8]:
    """RGB pixels the right way up: a phone says in the header how it was held."""
    pixels = cast("NDArray[np.uint8]", convert.reformat(frame, format="rgb24").to_ndarray())
    return np.rot90(pixels, frame.rotation // 90) if frame.rotation else pixels


def _told_before(packets: list[int | None], stamps: list[int | None]) -> tuple[int, ...]:
    """The frames' stamps, if the packets' are just the same and tell all frames apart."""
    told = [stamp for stamp in packets if stamp is not None]
    if len(told) == len(packets) == len(set(told)) and sorted(told) == stamps:
        return tuple(sorted(told))
    return ()


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

    def __init__(self, path: Path, decoding: dict[str, str] | None = None) -> None:
        self.path = path
        self.decoding = decoding or {}

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
        if context.width * context.height > MAX_PIXELS:
            self.container.close()
            size = f"{context.width}x{context.height}"
            raise MediaError(f"{self.path.name}: claims {size} pixels, too large to be a scan")
        # Clips side by side use the cores better than threads within one clip do.
        context.thread_count = threads_each()
        context.thread_type = "AUTO" if context.thread_count > 1 else "NONE"
        context.options = self.decoding
        return self.container, stream

    def __exit__(self, *_: object) -> None:
        self.container.close()


def _packets(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    """Packets as they lie in the file; the last one is empty and brings what the decoder holds."""
    try:
        yield from container.demux(stream)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(f"{path.name}: cannot be read to its end ({_words(error)})") from error


def _frames_of(packet: Any, path: Path, before: int) -> list[Any]:
    try:
        frames: list[Any] = packet.decode()
    except (av.error.FFmpegError, OSError, ValueError) as error:
        said = f"frame {before} cannot be decoded ({_words(error)})"
        raise MediaError(f"{path.name}: {said}") from error
    if before + len(frames) > MAX_FRAMES:
        raise MediaError(f"{path.name}: more than {MAX_FRAMES} frames")
    return frames


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
