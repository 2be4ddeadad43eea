"""The frames as a table that knows how to become a ``tf.data.Dataset``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pocus_data.errors import UsageError
from pocus_data.tables import CLASS_ORDER, read_folds, read_frames_table

SPLITS = ("all", "train", "test")


class Frames(pd.DataFrame):
    """``frames.csv`` with the fold that tests each frame; see ``load_frames``."""

    @property
    def _constructor(self) -> type[Frames]:
        return Frames

    def to_tf(self, side: int = 224) -> Any:
        """Pictures and class numbers, one frame at a time, in the table's order.

        Returns
        -------
        A ``tf.data.Dataset`` of ``(side, side, 3)`` float32 pictures, 0…255, RGB, and int64
        positions in ``CLASS_ORDER``. Batch and shuffle it as you need.

        Raises
        ------
        UsageError
            if a frame's class is none of those; select rows first.
        """
        from pocus_data.classifier.backend import tf

        unknown = set(self["class"]) - set(CLASS_ORDER)
        if unknown:
            known = ", ".join(CLASS_ORDER)
            raise UsageError(f"class {sorted(unknown)[0]} is none of {known}; select rows first")
        numbers = [CLASS_ORDER.index(name) for name in self["class"]]
        pairs = tf.data.Dataset.from_tensor_slices(
            (list(self["path"]), tf.constant(numbers, dtype=tf.int64))
        )

        def read(path: Any, number: Any) -> Any:
            pixels = tf.io.decode_png(tf.io.read_file(path), channels=3)
            return tf.image.resize(pixels, (side, side), antialias=True), number

        return pairs.map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def load_frames(
    dataset: str, fold: int | None = None, split: str = "all", root: Path | str = "."
) -> Frames:
    """Frames of a dataset, as its pipeline left them.

    Parameters
    ----------
    dataset : name of the dataset, such as ``pocus``.
    fold : which fold is held out; needed for ``train`` and ``test``.
    split : ``test`` gives the fold's frames, ``train`` those of all other folds, ``all`` every
        frame, also those that no fold uses.
    root : the repository.

    Returns
    -------
    Columns of ``frames.csv`` and ``fold`` (missing where no fold uses the frame), with paths
    under ``root``.

    Raises
    ------
    UsageError
        for a split or fold that does not exist; DataError if the pipeline has not run.
    """
    root = Path(root)
    if split not in SPLITS:
        raise UsageError(f"split '{split}' is none of {', '.join(SPLITS)}")
    if split != "all" and fold is None:
        raise UsageError(f"split '{split}' needs a fold")
    data = root / "data" / dataset
    table = read_frames_table(data / "frames.csv")
    folds = read_folds(data / "folds.csv")
    table["path"] = [(root / path).as_posix() for path in table["path"]]
    table = table.merge(folds[["frame_id", "fold"]], on="frame_id", how="left")
    known = sorted(int(number) for number in folds["fold"].unique())
    if fold is not None and fold not in known:
        raise UsageError(f"fold {fold} is none of {known}")
    if split == "test":
        table = table[table["fold"] == fold]
    elif split == "train":
        table = table[table["fold"].notna() & (table["fold"] != fold)]
    return Frames(table.reset_index(drop=True))
