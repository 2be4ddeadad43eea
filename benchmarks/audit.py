"""How long the audit takes: `python -m benchmarks.audit [DATASET] [FRAMES]`.

First a built dataset, with an empty work cache and again; then made-up clips of 30 frames, without
the reading of text, which takes the same time for each clip.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from PIL import Image

from pocus_data import audit
from pocus_data.audit_dataset import Dataset, open_dataset
from pocus_data.audit_rules.registry import all_rules
from pocus_data.frames import frame_id_of
from pocus_data.params import load_params
from pocus_data.png import pixels_sha256, write_png
from pocus_data.tables import (
    CATALOG_COLUMNS,
    CROP_COLUMNS,
    FOLD_COLUMNS,
    FRAME_COLUMNS,
    VIDEO_COLUMNS,
    write_table,
)
from pocus_data.workcache import file_sha256

FRAMES_A_CLIP, SIDE = 30, 112


def main() -> None:
    """Print Markdown tables."""
    dataset = sys.argv[1] if len(sys.argv) > 1 else "phantom"
    frames = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    group = load_params().split.group
    with TemporaryDirectory() as folder:
        os.environ["POCUS_CACHE"] = f"{folder}/cache"
        first = timed(open_dataset(dataset, group))
        again = timed(open_dataset(dataset, group))
    print(f"| rule, on {dataset} | first, s | again, s |\n| --- | ---: | ---: |")
    for code, took_s in sorted(first.items(), key=lambda each: -each[1])[:8]:
        print(f"| {code} | {took_s:.1f} | {again[code]:.1f} |")
    print(f"| all {len(first)} | {sum(first.values()):.1f} | {sum(again.values()):.1f} |\n")
    with TemporaryDirectory() as folder:
        os.environ["POCUS_CACHE"] = f"{folder}/cache"
        made = make(Path(folder), frames)
        took = timed(made, without=("burned-in-text",))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| rule, {len(made.frames):,} frames of {len(made.had):,} clips | s |\n| --- | ---: |")
    for code, took_s in sorted(took.items(), key=lambda each: -each[1])[:6]:
        print(f"| {code} | {took_s:.1f} |")
    print(f"| all {len(took)} | {sum(took.values()):.1f} |\n\nPeak memory: {peak:.0f} MiB.")


def timed(dataset: Dataset, without: tuple[str, ...] = ()) -> dict[str, float]:
    """Seconds of each rule; the first to need a picture pays for looking at it."""
    took = {}
    for rule in all_rules():
        if rule.code not in without:
            started = time.perf_counter()
            audit.run_audit(dataset, [rule])
            took[rule.code] = time.perf_counter() - started
    return took


def make(root: Path, frames: int) -> Dataset:
    """A dataset of pictures that look like nothing, each with its lineage."""
    data, rng = root / "data" / "made", np.random.default_rng(1)
    (data / "videos").mkdir(parents=True)
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in ("c", "v", "w", "f", "o")}
    for number in range(frames // FRAMES_A_CLIP):
        name = f"clip-{number:06d}"
        url = f"https://example.org/{name}.png"
        noise = rng.integers(0, 255, (FRAMES_A_CLIP, 10, 10), dtype=np.uint8)
        pictures = [np.asarray(Image.fromarray(each).resize((SIDE, SIDE))) for each in noise]
        path = data / "videos" / f"{name}.png"
        write_png(pictures[0], path)
        sha256 = file_sha256(path)
        facts = {"video_id": name, "source": "made", "class": "healthy", "patient": name}
        facts |= {"license": "CC0-1.0", "url": url, "findings": "none", "releases": ""}
        rows["c"].append(facts | {"downloads": url, "source_name": "Made", "media": "video"})
        size = {"width": SIDE, "height": SIDE}
        had = {"video_id": name, "status": "available", "path": path.relative_to(root).as_posix()}
        file = {"sha256": sha256, "file_sha256": sha256, "frames": 1, "url_used": url}
        rows["v"].append(had | file | size)
        rows["w"].append({"video_id": name, "x": 0, "y": 0, "size": SIDE, "method": "found"})
        folder = data / "frames" / name
        folder.mkdir(parents=True)
        for index, pixels in enumerate(pictures):
            frame_id = frame_id_of(name, index)
            target = folder / f"{frame_id}.png"
            write_png(pixels, target)
            crop = {"crop_x": 0, "crop_y": 0, "crop_size": SIDE, "redistributable": True}
            own = {"frame_id": frame_id, "path": target.relative_to(root).as_posix()}
            own |= {"sha256": pixels_sha256(pixels), "video_sha256": sha256, "frame_index": index}
            rows["f"].append(facts | own | crop | size | {"time_s": index / 3})
            fold = {"group": name, "fold": number % 5, "frame_id": frame_id}
            rows["o"].append(facts | fold)
    tables = {"c": ("catalog", CATALOG_COLUMNS), "v": ("videos", VIDEO_COLUMNS)}
    tables |= {"w": ("crops", CROP_COLUMNS), "f": ("frames", FRAME_COLUMNS)}
    tables |= {"o": ("folds", FOLD_COLUMNS)}
    for key, (name, columns) in tables.items():
        kept = pd.DataFrame(rows[key]).reindex(columns=list(columns)).to_dict("records")
        write_table(kept, data / f"{name}.csv", columns)
    return open_dataset("made", "patient", root, changed={})


if __name__ == "__main__":
    main()
