"""Stage ``crop``: the square window of every clip."""

from pipelines.common import Params, Paths, run
from pocus_data.outputs import fresh
from pocus_data.tables import CROP_COLUMNS, read_index, read_videos, write_table
from pocus_data.windows import crop_all


def main(paths: Paths, _: Params) -> None:
    """Read ``videos/``, write ``crops.csv`` and the contact sheet ``crops.jpg``."""
    index = read_index(paths.data / "catalog.csv")
    rows, sheet = crop_all(index, read_videos(paths.data / "videos.csv"))
    write_table(rows, paths.data / "crops.csv", CROP_COLUMNS)
    with fresh(paths.reports / "crops.jpg") as path:
        sheet.save(path, quality=85)


if __name__ == "__main__":
    run(main)
