"""Folds that no patient crosses.

The paper kept the frames of a video together (section 4); patients with several videos then sit
on both sides. Here the unit is the patient by default, and clips that show the same pictures count
as one patient's whatever they are called.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pocus_data.errors import DataError
from pocus_data.near_duplicates import joined


def select_frames(
    frames: pd.DataFrame, index: pd.DataFrame, wanted: dict[str, list[str]]
) -> pd.DataFrame:
    """The frames whose catalog entry has, in each named column, one of the wanted values.

    Column study is added: the article of a frame's clip by its DOI, else the page that shows it.

    Raises
    ------
    DataError
        if nothing is left.
    """
    keep = index["exclude"] == ""
    for column, values in wanted.items():
        keep &= index[column].isin(values)
    chosen = frames[frames["video_id"].isin(index.loc[keep, "video_id"])]
    if chosen.empty:
        raise DataError("split: no frame is left; see split.select in params.yaml and videos.csv")
    entries = index.set_index("video_id")
    study = entries["doi"].where(entries["doi"] != "", entries["url"])
    return chosen.assign(study=chosen["video_id"].map(study)).reset_index(drop=True)


def group_of(frames: pd.DataFrame, group: str) -> pd.Series:
    """What may not cross folds, per frame.

    A frame of an unknown patient belongs to its study: whoever published two clips on one page or
    in one article without saying whose may have scanned one person twice.
    """
    if group == "frame":
        return frames["frame_id"]
    if group == "video":
        return frames["video_id"]
    unknown = "unknown-of-" + frames["source"] + "-" + frames["study"]
    return frames["patient"].where(frames["patient"] != "", unknown)


def assign_folds(
    frames: pd.DataFrame,
    group: str,
    folds: int,
    seed: int,
    near: pd.DataFrame,
    same: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give every frame the fold in which it is tested.

    Parameters
    ----------
    frames : with columns frame_id, video_id, source, study, patient, class.
    group : ``patient``, ``video`` or ``frame``: what stays within one fold.
    folds : how many.
    seed : order in which groups of like composition are dealt out.
    near : pairs of clips that show the same pictures, see ``near_duplicates.near_pairs``; unless
        ``group`` is ``frame`` they stay within one fold too.
    same : pairs of clips of one examination, see ``examinations.examination_pairs``; where
        ``group`` is ``patient`` they stay within one fold too.

    Returns
    -------
    Columns frame_id, video_id, patient, group, class, fold (0 … folds-1), sorted by frame_id;
    classes are balanced over folds in frames as far as groups allow.

    Raises
    ------
    DataError
        if a class has too few groups for every fold to test it.
    """
    frames = frames.sort_values("frame_id", ignore_index=True)
    groups = group_of(frames, group)
    together = near if same is None else pd.concat([near, same], ignore_index=True)
    if group != "frame":
        kept = together if group == "patient" else near
        groups = joined(groups, frames["video_id"], kept)
    per_class = groups.groupby(frames["class"]).nunique()
    short = per_class[per_class < folds]
    if len(short):
        name, count = short.index[0], short.iloc[0]
        raise DataError(
            f"split: class {name} has {count} {group}(s), {folds} folds need {folds};"
            " add clips, or lower split.folds in params.yaml"
        )
    table = frames[["frame_id", "video_id", "patient", "class"]].copy()
    table["group"] = joined(group_of(frames, "patient"), frames["video_id"], together)
    table["fold"] = _deal(frames["class"], groups, folds, seed)
    tested = table.groupby("fold")["class"].nunique()
    lacking = tested[tested < len(per_class)]
    if len(lacking):
        fold = lacking.index[0]
        raise DataError(f"split: fold {fold} tests not every class; try another split.seed")
    return table


def _deal(classes: pd.Series, groups: pd.Series, folds: int, seed: int) -> pd.Series:
    # Imported here: slow to import, and every worker process of other stages would pay for it.
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    fold = pd.Series(-1, index=classes.index)
    unused = np.zeros(len(classes))
    for number, (_, tested) in enumerate(splitter.split(unused, classes, groups)):
        fold.iloc[tested] = number
    return fold


def shuffle_labels(table: pd.DataFrame, group: pd.Series, seed: int) -> pd.Series:
    """Classes dealt out anew among groups: the control in which there is nothing to learn.

    Each group keeps its frames and gets the class of another group, drawn without replacement
    (a group of two classes counts with its first).
    """
    owners = table.groupby(group)["class"].first().sort_index()
    rng = np.random.default_rng([seed, 97])
    dealt = pd.Series(rng.permutation(owners.to_numpy()), index=owners.index)
    return group.map(dealt)


def certificate(
    table: pd.DataFrame, near: pd.DataFrame, same: pd.DataFrame | None = None
) -> dict[str, Any]:
    """What crosses folds, counted from the finished table rather than from how it was made.

    Parameters
    ----------
    table : what ``assign_folds`` returned.
    near : pairs of clips that show the same pictures.
    same : pairs of clips that follow each other in one examination.

    Returns
    -------
    For patients, videos, and pairs of near-duplicates and of one examination how many there are and
    how many sit in more than one fold; and what each fold tests.
    """
    units = {"patients": "group", "videos": "video_id"}
    crossing = {
        name: {
            "total": int(table[column].nunique()),
            "across_folds": sum(len(set(folds)) > 1 for _, folds in table.groupby(column)["fold"]),
        }
        for name, column in units.items()
    }
    crossing["near_duplicate_pairs"] = _pairs_across(table, near)
    none = near.iloc[:0]
    crossing["examination_pairs"] = _pairs_across(table, none if same is None else same)
    return {**crossing, "folds": [_tested(table, fold) for fold in sorted(set(table["fold"]))]}


def _pairs_across(table: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, int]:
    folds_of_video = table.groupby("video_id")["fold"].agg(frozenset)
    known = folds_of_video.index
    inside = pairs[pairs["one"].isin(known) & pairs["other"].isin(known)]
    apart = [
        folds_of_video[one] != folds_of_video[other] or len(folds_of_video[one]) > 1
        for one, other in zip(inside["one"], inside["other"], strict=True)
    ]
    return {"total": len(inside), "across_folds": sum(apart)}


def _tested(table: pd.DataFrame, fold: int) -> dict[str, Any]:
    part = table[table["fold"] == fold].groupby("class")
    columns = {"frames": "frame_id", "videos": "video_id", "patients": "group"}
    counts = {
        unit: {str(name): int(count) for name, count in part[column].nunique().items()}
        for unit, column in columns.items()
    }
    return {"fold": int(fold), **counts}
