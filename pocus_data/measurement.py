"""What a file was measured to hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProbeResult:
    """What decoding a whole file once found.

    Attributes
    ----------
    times_s : presentation time of each frame, from the first one's.
    stamps : the same in the container's own units, where each packet of the file carries one
        frame and states its time, so that a frame can be told before it is decoded; else empty.
    region : left, top, right and bottom (exclusive) of the scan within the frame, in pixels,
        where the scanner states it; else ``None``.
    """

    container: str
    codec: str
    width: int
    height: int
    times_s: tuple[float, ...]
    stamps: tuple[int, ...] = ()
    region: tuple[int, int, int, int] | None = None

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
