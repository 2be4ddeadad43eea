"""Stage ``split``: which fold tests each frame."""

from pipelines.common import Params, Paths, run
from pocus_data import splits
from pocus_data.tables import FOLD_COLUMNS, read_frames_table, read_index, records, write_table


def main(paths: Paths, params: Params) -> None:
    """Read ``frames.csv``, write ``folds.csv``."""
    split = params.split
    frames = read_frames_table(paths.data / "frames.csv")
    index = read_index(paths.data / "catalog.csv")
    chosen = splits.select_frames(frames, index, split.select)
    if split.shuffle_labels:
        group = splits.group_of(chosen, "patient")
        chosen["class"] = splits.shuffle_labels(chosen, group, split.seed)
    table = splits.assign_folds(chosen, split.group, split.folds, split.seed)
    write_table(records(table), paths.data / "folds.csv", FOLD_COLUMNS)


if __name__ == "__main__":
    run(main)
