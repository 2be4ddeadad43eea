"""What the search for near-duplicates finds: `python -m benchmarks.duplicates [DATASET] [CLIPS]`.

Clips of a built dataset are changed in eight ways, sampled as the pipeline samples, and looked for
among the dataset's own clips. Recall: copies whose original was found. Precision: of the pairs
found between a copy and an original, those of one clip, or of two that resemble each other
uncopied. Then the time to search 100,000 random hashes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg
import numpy as np
import pandas as pd

from pocus_data import perceptual, video
from pocus_data.crop import Window
from pocus_data.frames import choose_frames, write_frames
from pocus_data.near_duplicates import frame_hashes, near_pairs
from pocus_data.tables import AVAILABLE, read_frames_table, read_videos, records
from pocus_data.windows import mean_frame, propose

CODED = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
EVEN = "scale=trunc(iw*{0}/2)*2:trunc(ih*{0}/2)*2"
WAYS: dict[str, tuple[str, ...]] = {
    "coded anew, CRF 35": ("-vf", EVEN.format(1), *CODED, "-crf", "35"),
    "60 % of the size": ("-vf", EVEN.format(0.6), *CODED),
    "10 % cropped, middle kept": ("-vf", f"crop=iw*0.9:ih*0.9,{EVEN.format(1)}", *CODED),
    "10 % cropped, one corner kept": (
        "-vf",
        f"crop=iw*0.9:ih*0.9:0:ih*0.1,{EVEN.format(1)}",
        *CODED,
    ),
    "7 frames a second": ("-vf", f"fps=7,{EVEN.format(1)}", *CODED),
    "played at two thirds of its speed": ("-vf", f"setpts=1.5*PTS,{EVEN.format(1)}", *CODED),
    "brighter, less contrast": (
        "-vf",
        f"eq=brightness=0.05:contrast=0.85,{EVEN.format(1)}",
        *CODED,
    ),
    "cropped, small, 7 a second, CRF 32": (
        "-vf",
        f"crop=iw*0.9:ih*0.9,fps=7,{EVEN.format(0.6)}",
        *CODED,
        "-crf",
        "32",
    ),
}


def main() -> None:
    """Print Markdown tables."""
    dataset = sys.argv[1] if len(sys.argv) > 1 else "phantom"
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    data = Path("data") / dataset
    frames = read_frames_table(data / "frames.csv")[["video_id", "path", "sha256"]]
    videos = read_videos(data / "videos.csv")
    clips = videos[(videos["status"] == AVAILABLE) & (videos["frames"] > 1)]
    clips = clips[clips["video_id"].isin(frames["video_id"])]
    chosen = records(clips.iloc[np.unique(np.linspace(0, len(clips) - 1, most).astype(int))])
    alike = near_pairs(frame_hashes(frames), frames["video_id"])
    known = {frozenset(pair) for pair in zip(alike["one"], alike["other"], strict=True)}
    print(f"{dataset}: {len(chosen)} clips among {frames['video_id'].nunique()}\n")
    print("| copy | recall | precision | median bits |\n| --- | ---: | ---: | ---: |")
    with TemporaryDirectory() as folder:
        for way, options in WAYS.items():
            place = Path(folder) / way.replace(" ", "-").replace("%", "").replace(",", "")
            place.mkdir()
            print(f"| {way} | {' | '.join(score(chosen, options, frames, known, place))} |")
    hashes_at_scale()


def score(
    clips: list[dict[str, str]],
    options: tuple[str, ...],
    frames: pd.DataFrame,
    known: set[frozenset[str]],
    folder: Path,
) -> list[str]:
    """Recall, precision and median difference of one kind of copy."""
    with ThreadPoolExecutor() as pool:
        rows = [row for own in pool.map(lambda c: copied(c, options, folder), clips) for row in own]
    both = pd.concat([frames, pd.DataFrame(rows)], ignore_index=True)
    pairs = near_pairs(frame_hashes(both), both["video_id"])
    found = [
        (other.removeprefix("~"), one, bits) if other.startswith("~") else (one[1:], other, bits)
        for one, other, bits in pairs.itertuples(index=False)
        if one.startswith("~") != other.startswith("~")
    ]
    right = [(copy, bits) for copy, original, bits in found if copy == original]
    fair = len(right) + sum(frozenset((copy, other)) in known for copy, other, _ in found)
    copies = len({row["video_id"] for row in rows})
    return [
        f"{len(right)} of {copies}",
        f"{fair} of {len(found)}",
        f"{np.median([bits for _, bits in right]) if right else float('nan'):.0f}",
    ]


def copied(clip: dict[str, str], options: tuple[str, ...], folder: Path) -> list[dict[str, str]]:
    """Rows of the frames of one copy, named ``~<clip>``."""
    name = f"~{clip['video_id']}"
    target = folder / f"{name}.mp4"
    tool = imageio_ffmpeg.get_ffmpeg_exe()
    command = [tool, "-y", "-loglevel", "error", "-i", clip["path"], "-an", *options, str(target)]
    subprocess.run(command, check=True)
    found = video.probe(target)
    window = propose(found, mean_frame(target, found, 0, found.frames))[1]
    window = window or Window(0, 0, min(found.width, found.height))
    place = folder / name
    place.mkdir()
    chosen = choose_frames(found.times_s, 3, 30)
    written = write_frames(target, found, chosen, window, place, name)
    return [
        {"video_id": name, "path": str(place / f"{each.frame_id}.png"), "sha256": each.sha256}
        for each in written
    ]


def hashes_at_scale() -> None:
    """Time to search many hashes among themselves; it should grow as their number does."""
    rng = np.random.default_rng(1)
    print("\n| random hashes | searched in, s | a hash, ms |\n| ---: | ---: | ---: |")
    for count in (10_000, 30_000, 100_000, 300_000):
        hashes = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
        started = time.perf_counter()
        found = sum(len(rows) for _, rows, _ in perceptual.close_to(hashes, hashes))
        took_s = time.perf_counter() - started
        assert found >= count
        print(f"| {count:,} | {took_s:.1f} | {1000 * took_s / count:.3f} |")


if __name__ == "__main__":
    main()
