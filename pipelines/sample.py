"""Stage ``sample``: lossless frames, each with its lineage."""

import sys

from pipelines.common import Params, Paths, run
from pocus_data.sample import sample_all
from pocus_data.tables import FRAME_COLUMNS, read_crops, read_index, read_videos, write_table


def main(paths: Paths, params: Params) -> None:
    """Read clips and windows, write ``frames/`` and ``frames.csv``."""
    rows, failures = sample_all(
        read_index(paths.data / "catalog.csv"),
        read_videos(paths.data / "videos.csv"),
        read_crops(paths.data / "crops.csv"),
        paths.data / "frames",
        params.sample,
    )
    for failure in failures:
        print(f"sample: no frames: {failure}", file=sys.stderr)
    write_table(rows, paths.data / "frames.csv", FRAME_COLUMNS)


if __name__ == "__main__":
    run(main)
