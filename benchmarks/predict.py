"""How long a prediction takes, and what it calls strange.

`python -m benchmarks.predict [DATASET]`

The networks of a dataset look at its own pictures and clips, at those of the other datasets built
here, and at pictures that are no ultrasound: noise, a gradient, letters.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageDraw

from pocus_data.classifier.predict import Predictor
from pocus_data.errors import MediaError
from pocus_data.params import load_params
from pocus_data.tables import AVAILABLE, read_frames_table, read_videos

MOST = 40


def main() -> None:
    """Print Markdown tables."""
    dataset = sys.argv[1] if len(sys.argv) > 1 else "phantom"
    started = time.perf_counter()
    predictor = Predictor(Path("models") / dataset, load_params().sample)
    load_s = time.perf_counter() - started
    sets = {}
    for folder in sorted(Path("data").glob("*/frames.csv")):
        name = folder.parent.name
        frames = read_frames_table(folder)["path"]
        videos = read_videos(folder.parent / "videos.csv")
        clips = videos.loc[(videos["status"] == AVAILABLE) & (videos["frames"] > 1), "path"]
        sets[f"{name}: frames"] = some([Path(path) for path in frames])
        sets[f"{name}: clips"] = some([Path(path) for path in clips])
    print(
        f"Loading: {load_s:.1f} s.\n\n| {dataset}'s networks shown | files | s a file | strange |"
    )
    print("| --- | ---: | ---: | ---: |")
    with TemporaryDirectory() as place:
        sets["no ultrasound"] = no_ultrasound(Path(place))
        for name, paths in sets.items():
            # The first prediction also builds the networks' graphs.
            flagged(predictor, paths[0])
            started = time.perf_counter()
            flags = [flagged(predictor, path) for path in paths]
            took_s = (time.perf_counter() - started) / len(paths)
            print(f"| {name} | {len(paths)} | {took_s:.2f} | {sum(flags)} |")


def some(paths: list[Path]) -> list[Path]:
    """At most ``MOST``, spread over all."""
    chosen = np.unique(np.linspace(0, len(paths) - 1, MOST).astype(int))
    return [paths[number] for number in chosen]


def flagged(predictor: Predictor, path: Path) -> bool:
    """Whether the answer bears a flag, or there is none."""
    try:
        return bool(predictor.predict(path).flags)
    except MediaError:
        return True


def no_ultrasound(folder: Path) -> list[Path]:
    """Pictures of nothing."""
    rng, side = np.random.default_rng(1), 320
    ramp = np.tile(np.linspace(20, 235, side, dtype=np.uint8), (side, 1))
    letters = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(letters)
    for line in range(12):
        draw.text((8, 8 + 25 * line), "Lorem ipsum dolor sit amet", fill=0, font_size=20)
    pictures = {
        "noise": rng.integers(0, 255, (side, side), dtype=np.uint8),
        "coarse": np.kron(rng.integers(0, 255, (10, 10), dtype=np.uint8), np.ones((32, 32), "u1")),
        "ramp": ramp,
        "stripes": np.where(np.arange(side)[:, None] // 8 % 2 == 0, 230, 25).astype("u1")
        + 0 * ramp,
        "letters": np.asarray(letters),
        "colours": rng.integers(0, 255, (side, side, 3), dtype=np.uint8),
    }
    paths = []
    for name, pixels in pictures.items():
        paths.append(folder / f"{name}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


if __name__ == "__main__":
    main()
