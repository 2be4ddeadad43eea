"""Stage ``split``: which fold tests each frame."""

from pipelines.common import Paths, load_params, run
from pocus_data import splits
from pocus_data.index import read_index
from pocus_data.sample import read_frames_table
from pocus_data.tables import FOLD_COLUMNS, records, write_table


def main(paths: Paths) -> None:
    """Read ``frames.csv``, write ``folds.csv``."""
    params = load_params("split")
    frames = read_frames_table(paths.data / "frames.csv")
    index = read_index(paths.data / "catalog.csv")
    chosen = splits.select_frames(frames, index, params["select"])
    if params["shuffle_labels"]:
        group = splits.group_of(chosen, "patient")
        chosen["class"] = splits.shuffle_labels(chosen, group, params["seed"])
    table = splits.assign_folds(chosen, params["group"], params["folds"], params["seed"])
    write_table(records(table), paths.data / "folds.csv", FOLD_COLUMNS)


if __name__ == "__main__":
    run(main)
