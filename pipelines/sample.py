"""Stage ``sample``: lossless frames, each with its lineage."""

from pipelines.common import Paths, load_params, run
from pocus_data.download import read_videos
from pocus_data.index import read_index
from pocus_data.sample import read_crops, sample_all
from pocus_data.tables import FRAME_COLUMNS, write_table


def main(paths: Paths) -> None:
    """Read clips and windows, write ``frames/`` and ``frames.csv``."""
    params = load_params("sample")
    rows = sample_all(
        read_index(paths.data / "catalog.csv"),
        read_videos(paths.data / "videos.csv"),
        read_crops(paths.data / "crops.csv"),
        paths.data / "frames",
        params["rate_hz"],
        params["max_frames"],
    )
    write_table(rows, paths.data / "frames.csv", FRAME_COLUMNS)


if __name__ == "__main__":
    run(main)
