"""Rules of the file: what is catalogued can be, and is what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.catalog_rules.registry import ERROR, WARNING, Finding, View, rule
from pocus_data.models import Media, Video

# Ultrasound machines show between a few and some hundred frames per second.
RATES_HZ = (1.0, 200.0)
SIDES = (32, 8192)
LONGEST_S = 2 * 60 * 60
MOST_FRAMES = 200_000
# Smaller windows hold too little of a lung: the network wants 224 pixels.
SMALLEST_CROP = 64
# Rates closer than this share are the same number, catalogued with fewer digits.
RATE_TOLERANCE = 0.05
# Counting frames differs by a few between tools: the last ones may be cut.
FRAME_TOLERANCE = 0.02


@rule(ERROR)
def frame_rate_range(view: View) -> Iterator[Finding]:
    """A frame rate is between 1 and 200 Hz."""
    rate_hz = view.video.frame_rate_hz
    if rate_hz is not None and not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        yield ("frame_rate_hz",), f"{rate_hz:g} Hz is no rate of an ultrasound clip (1 to 200)"


@rule(ERROR)
def resolution_range(view: View) -> Iterator[Finding]:
    """A picture's sides are between 32 and 8192 pixels."""
    size = _size(view.video)
    if size and not all(SIDES[0] <= side <= SIDES[1] for side in size):
        yield ("resolution",), f"{size[0]}x{size[1]}: a side is not within 32 and 8192 pixels"


@rule(ERROR)
def length_range(view: View) -> Iterator[Finding]:
    """A clip has more than one frame, and is shorter than two hours."""
    frames, rate_hz = view.video.frames, view.video.frame_rate_hz
    if frames is None or view.video.media is Media.IMAGE:
        return
    if frames < 2:
        yield ("frames",), "a video has more than one frame; is its media 'image'?"
    if frames > MOST_FRAMES or (rate_hz and frames / rate_hz > LONGEST_S):
        yield ("frames",), f"{frames} frames are no clip but a recording of hours"


@rule(ERROR)
def image_with_motion(view: View) -> Iterator[Finding]:
    """A still picture has one frame, no rate and no trim."""
    if view.video.media is not Media.IMAGE:
        return
    for name in ("frame_rate_hz", "trim"):
        if getattr(view.video, name) is not None:
            yield (name,), f"a still picture has no '{name}'"
    if (view.video.frames or 1) > 1:
        yield ("frames",), f"a still picture has one frame, not {view.video.frames}"


@rule(ERROR)
def crop_outside(view: View) -> Iterator[Finding]:
    """The window lies in the frame (or the resolution is that of the window's content)."""
    crop, size = view.video.crop, _size(view.video)
    if crop is None or size is None:
        return
    inside = crop.x + crop.size <= size[0] and crop.y + crop.size <= size[1]
    # Releases catalogued what was left after cutting, less what overhung the picture.
    pinned = view.video.sha256 is not None
    cut_out = not pinned and size[0] <= crop.size and size[1] <= crop.size
    if not inside and not cut_out:
        reach = f"{crop.x + crop.size}x{crop.y + crop.size}"
        yield ("crop",), f"reaches to {reach} of a frame of {size[0]}x{size[1]}"


@rule(WARNING)
def crop_small(view: View) -> Iterator[Finding]:
    """A window is at least 64 pixels wide."""
    if view.video.crop is not None and view.video.crop.size < SMALLEST_CROP:
        yield ("crop", "size"), f"{view.video.crop.size} pixels hold too little (at least 64)"


@rule(ERROR)
def trim_outside(view: View) -> Iterator[Finding]:
    """The trim lies in the clip (or the frames are those that the trim leaves)."""
    trim, frames = view.video.trim, view.video.frames
    if trim is None or frames is None:
        return
    cut_out = view.video.sha256 is None and trim.stop - trim.start == frames
    if trim.stop > frames and not cut_out:
        yield ("trim",), f"goes to frame {trim.stop} of {frames}"


@rule(WARNING)
def probe_disagrees(view: View) -> Iterator[Finding]:
    """Frame rate, resolution and length are those measured on the downloaded file."""
    video, found = view.video, _numbers(view.measured)
    if not found:
        return
    rate_hz = found["frame_rate_hz"]
    said_hz = video.frame_rate_hz
    if said_hz and rate_hz and abs(rate_hz - said_hz) > RATE_TOLERANCE * said_hz:
        yield ("frame_rate_hz",), f"catalogued {said_hz:g} Hz, the file has {rate_hz:.4g}"
    size, real = _size(video), (int(found["width"]), int(found["height"]))
    if size and size != real and not (video.crop and max(size) <= video.crop.size):
        yield ("resolution",), f"catalogued {size[0]}x{size[1]}, the file has {real[0]}x{real[1]}"
    frames = int(found["frames"])
    left = min(video.trim.stop, frames) - video.trim.start if video.trim else frames
    if video.frames and min(_apart(video.frames, frames), _apart(video.frames, left)) > 1:
        yield ("frames",), f"catalogued {video.frames} frames, the file has {frames}"


@rule(WARNING)
def half_pinned(view: View) -> Iterator[Finding]:
    """Checksum and size go together: both are of the same bytes."""
    if (view.video.sha256 is None) != (view.video.bytes is None):
        given = "sha256" if view.video.sha256 else "bytes"
        missing = "bytes" if view.video.sha256 else "sha256"
        yield (given,), f"'{given}' without '{missing}'"


def _numbers(row: dict[str, str]) -> dict[str, float]:
    """What was measured; nothing when the row is not whole."""
    try:
        found = {name: float(row[name] or 0) for name in ("frame_rate_hz", "width", "height")}
        return found | {"frames": int(row["frames"])}
    except (KeyError, ValueError, TypeError):
        return {}


def _apart(said: int, real: int) -> float:
    """Difference of two lengths, in units of what is tolerated."""
    return abs(said - real) / max(1.0, FRAME_TOLERANCE * real)


def _size(video: Video) -> tuple[int, int] | None:
    if video.resolution is None:
        return None
    width, height = video.resolution.split("x")
    return int(width), int(height)
