"""Time and memory of the data stages as a dataset grows: `python -m benchmarks.scale [CLIPS...]`.

Short synthetic clips, by default 1,000 and then 10,000. The scanner draws a hundred of them;
each file is one of these with a padding of its own, so that no two are the same to any cache,
and the scanner's own time is left out. A folder serves them, as a mirror would.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks.incremental import DATA_STAGES, REPOSITORY
from pocus_data import phantom
from pocus_data.phantom_catalog import CLASSES
from pocus_data.workcache import file_sha256

DRAWN = 100
PER_SOURCE = 500
ROOT = "https://example.org/clips/"
# Runs a command and prints its peak memory in KiB. A process starts with its parent's peak to its
# name, so the parent must be a small one.
_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    """Print a Markdown table."""
    sizes = [int(word) for word in sys.argv[1:]] or [1_000, 10_000]
    print("| stage | clips | wall s | ms a clip | peak MiB |\n| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        drawn = draw(Path(folder) / "drawn")
        for clips in sizes:
            root = Path(folder) / str(clips)
            generate(root, drawn, clips)
            for stage in DATA_STAGES:
                report(root, stage, clips)
            shutil.rmtree(root)


def draw(folder: Path) -> list[Path]:
    """A hundred clips of three frames, 96 pixels a side."""
    folder.mkdir(parents=True)
    paths = []
    for number in range(DRAWN):
        spec = phantom.ClipSpec(
            CLASSES[number % 3], number, 1, frames=3, frame_rate_hz=6, width=96, height=96
        )
        paths.append(folder / f"{number}.mp4")
        phantom.render(spec.url, paths[-1])
    return paths


def generate(root: Path, drawn: list[Path], clips: int) -> None:
    """A repository of one dataset, and the mirror that has its files."""
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    params["datasets"] = ["many"]
    params["download"] |= {"mirrors": ["mirror"], "mirror_of": ROOT}
    (root / "mirror").mkdir(parents=True)
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    folder = root / "catalog" / "many"
    folder.mkdir(parents=True)
    shutil.copy(REPOSITORY / "catalog/licenses.yaml", root / "catalog/licenses.yaml")
    for start in range(0, clips, PER_SOURCE):
        numbers = range(start, min(clips, start + PER_SOURCE))
        head = {"id": f"source-{start}", "name": "Here", "url": ROOT, "kind": "synthetic"}
        content = {
            "source": head | {"license": "CC0-1.0"},
            "videos": [_entry(root, drawn, number, f"source-{start}") for number in numbers],
        }
        (folder / f"source-{start}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def _entry(root: Path, drawn: list[Path], number: int, source: str) -> dict[str, object]:
    name = f"clip-{number:06d}"
    path = root / "mirror" / f"{name}.mp4"
    # An MP4 box that players pass over.
    padding = struct.pack(">I4sQ", 16, b"free", number)
    path.write_bytes(drawn[number % DRAWN].read_bytes() + padding)
    return {
        "id": name,
        "file": path.name,
        "downloads": [f"{ROOT}{path.name}"],
        "sha256": file_sha256(path),
        "class": CLASSES[number % DRAWN % 3],
        "media": "video",
        "probe": "convex",
        "patient": f"{source}-{number}",
        "md_comment": "drawn",
    }


def report(root: Path, stage: str, clips: int) -> None:
    """Run one stage and print its row; the memory is that of its largest process."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, sys.executable, "-m", f"pipelines.{stage}", "many"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "POCUS_CACHE": str(root / ".cache")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    took_s = time.perf_counter() - started
    each_ms = took_s / clips * 1000
    peak_mib = int(done.stdout) / 1024
    print(f"| {stage} | {clips:,} | {took_s:.1f} | {each_ms:.1f} | {peak_mib:.0f} |", flush=True)


if __name__ == "__main__":
    main()
