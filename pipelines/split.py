"""Stage ``split``: which fold tests each frame."""

from pipelines.common import Params, Paths, run
from pocus_data import splits
from pocus_data.examinations import clips_of, examination_pairs
from pocus_data.near_duplicates import frame_hashes, near_pairs
from pocus_data.outputs import write_json
from pocus_data.tables import (
    FOLD_COLUMNS,
    read_frames_table,
    read_index,
    read_videos,
    records,
    write_table,
)


def main(paths: Paths, params: Params) -> None:
    """Read ``frames.csv`` and the frames, write ``folds.csv`` and what crosses the folds."""
    split = params.split
    frames = read_frames_table(paths.data / "frames.csv")
    index = read_index(paths.data / "catalog.csv")
    chosen = splits.select_frames(frames, index, split.select)
    if split.shuffle_labels:
        group = splits.group_of(chosen, "patient")
        chosen["class"] = splits.shuffle_labels(chosen, group, split.seed)
    near = near_pairs(frame_hashes(chosen), chosen["video_id"])
    same = examination_pairs(clips_of(read_videos(paths.data / "videos.csv"), index))
    table = splits.assign_folds(chosen, split.group, split.folds, split.seed, near, same)
    write_table(records(table), paths.data / "folds.csv", FOLD_COLUMNS)
    write_json(paths.reports / "split.json", splits.certificate(table, near, same))


if __name__ == "__main__":
    run(main)
