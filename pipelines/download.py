"""Stage ``download``: the bytes of every entry, and what they are."""

from pipelines.common import Paths, load_params, run
from pocus_data.download import download_all, require_enough, settings_from
from pocus_data.index import read_index
from pocus_data.tables import VIDEO_COLUMNS, write_table


def main(paths: Paths) -> None:
    """Read ``catalog.csv``, write ``videos/`` and ``videos.csv``."""
    params = load_params("download")
    index = read_index(paths.data / "catalog.csv")
    rows = download_all(index, paths.data / "videos", settings_from(params))
    write_table(rows, paths.data / "videos.csv", VIDEO_COLUMNS)
    require_enough(rows, params["min_available"])


if __name__ == "__main__":
    run(main)
