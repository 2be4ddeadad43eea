"""Stage ``download``: the bytes of every entry, and what they are."""

from pipelines.common import Params, Paths, run
from pocus_data.download import download_all, require_enough, with_environment
from pocus_data.tables import VIDEO_COLUMNS, read_index, write_table


def main(paths: Paths, params: Params) -> None:
    """Read ``catalog.csv``, write ``videos/`` and ``videos.csv``."""
    index = read_index(paths.data / "catalog.csv")
    rows = download_all(index, paths.data / "videos", with_environment(params.download))
    write_table(rows, paths.data / "videos.csv", VIDEO_COLUMNS)
    require_enough(index, rows, params.download.min_available)


if __name__ == "__main__":
    run(main)
