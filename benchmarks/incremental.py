"""What one more video costs: `python -m benchmarks.incremental [DATASET] [ENTRY]`.

In a copy of the repository with empty caches, the data stages (``index`` to ``split``) are built
by ``dvc repro`` without one entry of the catalog, asked for again with nothing changed, and once
more after that entry was added. ``POCUS_MIRROR`` is heeded, as everywhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
DATA_STAGES = ("index", "download", "crop", "sample", "split")


def main() -> None:
    """Print a Markdown table."""
    dataset = sys.argv[1] if len(sys.argv) > 1 else "phantom"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        copy_repository(root)
        file, whole, without = without_one(root, dataset, sys.argv[2:])
        file.write_text(without)
        full_s = timed(root, dataset)
        frames = count_frames(root, dataset)
        nothing_s = timed(root, dataset)
        file.write_text(whole)
        one_s = timed(root, dataset)
        more = count_frames(root, dataset) - frames
    rows = [
        (f"everything, {frames} frames", full_s),
        ("nothing changed", nothing_s),
        (f"one video added, {more} frames", one_s),
    ]
    print("| dvc repro of the data stages | wall s |\n| --- | ---: |")
    for what, took_s in rows:
        print(f"| {what} | {took_s:.1f} |")
    share = (one_s - nothing_s) / full_s
    print(f"\nOne video costs {share:.1%} of everything, above DVC's own check.")


def copy_repository(root: Path) -> None:
    """The files of the working tree that git knows or would know, as a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.split("\0")[:-1]:
        if (REPOSITORY / name).is_file() and name != "dvc.lock":
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, root / name)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)


def without_one(root: Path, dataset: str, chosen: list[str]) -> tuple[Path, str, str]:
    """A source's file, its text, and its text without one entry that has downloads."""
    for file in sorted((root / "catalog" / dataset).glob("*.yaml")):
        whole = file.read_text(encoding="utf-8")
        content = yaml.safe_load(whole)
        for number, video in enumerate(content["videos"]):
            wanted = video["id"] in chosen if chosen else video.get("downloads")
            if wanted and not video.get("exclude"):
                del content["videos"][number]
                return file, whole, yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    raise SystemExit(f"{dataset}: no entry {' '.join(chosen) or 'with downloads'}")


def timed(root: Path, dataset: str) -> float:
    """Seconds of ``dvc repro`` up to the last of the data stages."""
    mirror = os.environ.get("POCUS_MIRROR", "")
    here = {"POCUS_CACHE": str(root / ".cache"), "PYTHONPATH": str(root)}
    if mirror and not mirror.startswith("http"):
        here["POCUS_MIRROR"] = str(Path(mirror).resolve())
    command = [sys.executable, "-m", "dvc", "repro", "--quiet", f"{DATA_STAGES[-1]}@{dataset}"]
    started = time.perf_counter()
    subprocess.run(command, cwd=root, env=os.environ | here, check=True)
    return time.perf_counter() - started


def count_frames(root: Path, dataset: str) -> int:
    """Frames in the table."""
    return len((root / "data" / dataset / "frames.csv").read_text().splitlines()) - 1


if __name__ == "__main__":
    main()
