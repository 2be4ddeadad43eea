"""How long `pocus-data validate` takes, and how much memory: `python -m benchmarks.validate`.

The real catalog, then generated ones of growing size, a thousand entries a file, each in a
process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
SIZES = (1_000, 10_000, 100_000)
PER_FILE = 1_000


class _Plain(yaml.CSafeDumper):  # type: ignore[misc, name-defined, unused-ignore]
    """Writes every value out: a catalog has no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML names it
        """Never refer to a value met before."""
        return True


def main() -> None:
    """Print a Markdown table."""
    print(
        "| catalog | entries | wall s | peak MiB | µs an entry |\n| --- | --- | --- | --- | --- |"
    )
    report("this repository's", REPOSITORY, 411)
    for entries in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder), entries)
            report("generated", Path(folder), entries)


def report(name: str, root: Path, entries: int) -> None:
    """Run the command once and print its row."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pocus_data.cli", "validate"]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=-1, text=True)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    took_s = time.perf_counter() - started
    if status or f"{entries} entries, 0 errors" not in said:
        raise SystemExit(f"{name}: {said}")
    peak_mib = usage.ru_maxrss / 1024
    each_us = took_s / entries * 1e6
    print(f"| {name} | {entries:,} | {took_s:.2f} | {peak_mib:.0f} | {each_us:.0f} |", flush=True)


def generate(root: Path, entries: int) -> None:
    """Write a catalog like the real one: its own entries again and again under other names."""
    source = yaml.safe_load((REPOSITORY / "catalog/pocus/northumbria.yaml").read_text())
    models = source["videos"]
    folder = root / "catalog" / "many"
    folder.mkdir(parents=True)
    for start in range(0, entries, PER_FILE):
        name = f"source-{start}"
        videos = []
        for number in range(start, start + PER_FILE):
            video = models[number % len(models)] | {
                "id": f"clip-{number}",
                "file": f"clip-{number}.mp4",
                "patient": f"{name}-{number}",
                "media": "video",
                "frames": 90,
                "frame_rate_hz": 22.0,
                "sha256": f"{number:064x}",
                "downloads": [f"https://example.org/files/clip-{number}.mp4"],
                "bytes": 1000 + number,
            }
            videos.append(video)
        content = {"source": source["source"] | {"id": name}, "videos": videos}
        text = yaml.dump(content, sort_keys=False, Dumper=_Plain)
        (folder / f"{name}.yaml").write_text(text)


if __name__ == "__main__":
    main()
