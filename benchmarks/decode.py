"""Decode, sample and write, against the machine's limit: `python -m benchmarks.decode FOLDER`.

Over all clips in a folder, each once, nothing cached:

- the physical limit, ``ffmpeg -f null``, one file after the other and two at a time;
- the plain loop of the original project: OpenCV, every frame read, each n-th kept as JPEG
  (needs ``pip install opencv-python-headless``; left out where it is not installed);
- ours: sampled by presentation time, windowed, lossless PNG with digests; once with the times
  known from the download stage, as the ``sample`` stage runs, once measuring them too.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import imageio_ffmpeg

from pocus_data import frames, video
from pocus_data.crop import Window
from pocus_data.measurement import ProbeResult
from pocus_data.parallel import over_processes

ENDINGS = {".mp4", ".mov", ".avi", ".gif", ".mpeg", ".mpg"}
RATE_HZ, MAX_FRAMES = 3, 30
Task = tuple[Path, Path, ProbeResult | None]


def main() -> None:
    """Print a Markdown table."""
    if len(sys.argv) != 2:
        raise SystemExit("name a folder of clips: python -m benchmarks.decode FOLDER")
    clips = [
        path for path in sorted(Path(sys.argv[1]).rglob("*")) if path.suffix.lower() in ENDINGS
    ]
    if not clips:
        raise SystemExit(f"{sys.argv[1]}: no clips below it")
    print(f"{len(clips)} clips\n\n| what | wall s |\n| --- | --- |")
    row("(a) ffmpeg to nowhere, one at a time", lambda: ffmpeg_all(clips, 1))
    row("(a) ffmpeg to nowhere, two at a time", lambda: ffmpeg_all(clips, 2))
    with tempfile.TemporaryDirectory() as folder:
        if importlib.util.find_spec("cv2"):
            row("(b) OpenCV, each n-th frame as JPEG", lambda: opencv_all(clips, Path(folder)))
        known = over_processes(video.probe, clips, "measure", _died)
        tasks = list(zip(clips, known, strict=True))
        row("(c) ours, times known", lambda: ours_all(tasks, Path(folder) / "known"))
        fresh = [(clip, None) for clip in clips]
        row("(c) ours, measuring too", lambda: ours_all(fresh, Path(folder) / "fresh"))


def row(what: str, work: Callable[[], object]) -> None:
    """Run and time one way of doing it."""
    started = time.perf_counter()
    work()
    print(f"| {what} | {time.perf_counter() - started:.1f} |", flush=True)


def ffmpeg_all(clips: list[Path], at_once: int) -> None:
    """Decode every frame and throw it away."""
    tool = imageio_ffmpeg.get_ffmpeg_exe()

    def null(clip: Path) -> None:
        command = [tool, "-loglevel", "error", "-i", str(clip), "-f", "null", "-"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(null, clips))


def opencv_all(clips: list[Path], folder: Path) -> None:
    """Read every frame, keep each n-th as JPEG: at most 30, the rate cut to a whole number."""
    import cv2

    for clip in clips:
        capture = cv2.VideoCapture(str(clip))
        step = max(1, int(capture.get(cv2.CAP_PROP_FPS) / RATE_HZ))
        number = kept = 0
        while True:
            good, picture = capture.read()
            if not good:
                break
            if number % step == 0 and kept < MAX_FRAMES:
                cv2.imwrite(str(folder / f"{clip.stem}-{number}.jpg"), picture)
                kept += 1
            number += 1
        capture.release()


def ours_all(tasks: list[tuple[Path, ProbeResult | None]], folder: Path) -> None:
    """The library's own way, on all cores."""
    folder.mkdir()
    over_processes(partial(_ours, folder=folder), tasks, "sample", _died, cost=_cost)


def _ours(task: tuple[Path, ProbeResult | None], folder: Path) -> int:
    clip, known = task
    found = known or video.probe(clip)
    size = min(found.width, found.height)
    window = Window((found.width - size) // 2, (found.height - size) // 2, size)
    chosen = frames.choose_frames(found.times_s, RATE_HZ, MAX_FRAMES)
    name = f"{clip.parent.name}-{clip.stem}"
    return len(frames.write_frames(clip, found, chosen, window, folder, name))


def _cost(task: tuple[Path, ProbeResult | None]) -> float:
    clip, known = task
    return known.width * known.height * known.frames if known else clip.stat().st_size


def _died(item: object) -> int:
    raise SystemExit(f"{item}: a worker died")


if __name__ == "__main__":
    main()
