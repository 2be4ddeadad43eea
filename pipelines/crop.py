"""Stage ``crop``: the square window of every clip."""

from pipelines.common import Paths, run
from pocus_data.download import read_videos
from pocus_data.index import read_index
from pocus_data.sample import crop_all
from pocus_data.tables import CROP_COLUMNS, write_table


def main(paths: Paths) -> None:
    """Read ``videos/``, write ``crops.csv`` and the contact sheet ``crops.jpg``."""
    index = read_index(paths.data / "catalog.csv")
    rows, sheet = crop_all(index, read_videos(paths.data / "videos.csv"))
    write_table(rows, paths.data / "crops.csv", CROP_COLUMNS)
    paths.reports.mkdir(parents=True, exist_ok=True)
    sheet.save(paths.reports / "crops.jpg", quality=85)


if __name__ == "__main__":
    run(main)
