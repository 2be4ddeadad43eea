"""No patient crosses a fold; every fold tests every class."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocus_data import splits
from pocus_data.errors import DataError

NONE_NEAR = pd.DataFrame({"one": [], "other": [], "bits": []}, dtype=str)
CLASSES = ["covid19", "bacterial_pneumonia", "healthy"]


def table(patients: list[tuple[str, str, int]]) -> pd.DataFrame:
    """Frames of (patient, class, number of frames); two videos each where there are two."""
    rows = [
        {
            "frame_id": f"{patient or 'x'}-{number:03d}",
            "video_id": f"{patient or 'x'}-v{number % 2}",
            "source": "here",
            "study": "a",
            "patient": patient,
            "class": name,
        }
        for patient, name, count in patients
        for number in range(count)
    ]
    return pd.DataFrame(rows)


cohort = st.lists(st.integers(1, 12), min_size=15, max_size=40).map(
    lambda counts: [(f"p{i}", CLASSES[i % 3], count) for i, count in enumerate(counts)]
)


@settings(max_examples=40, deadline=None)
@given(cohort, st.integers(0, 5))
def test_patients_never_cross(patients, seed):
    frames = table(patients)
    try:
        folds = splits.assign_folds(frames, "patient", 5, seed, NONE_NEAR)
    except DataError as error:
        assert "try another split.seed" in str(error)
        return
    assert (folds.groupby("patient")["fold"].nunique() == 1).all()
    assert sorted(folds["frame_id"]) == sorted(frames["frame_id"])
    assert (folds.groupby("fold")["class"].nunique() == 3).all()


def test_the_same_seed_gives_the_same_folds_whatever_the_order():
    frames = table([(f"p{i}", CLASSES[i % 3], 4) for i in range(30)])
    first = splits.assign_folds(frames, "patient", 5, 1, NONE_NEAR)
    shuffled = frames.sample(frac=1, random_state=3)
    assert splits.assign_folds(shuffled, "patient", 5, 1, NONE_NEAR).equals(first)
    assert not splits.assign_folds(frames, "patient", 5, 2, NONE_NEAR)["fold"].equals(first["fold"])


def test_unknown_patients_of_one_source_stay_together():
    frames = table([("", "healthy", 8)] + [(f"p{i}", CLASSES[i % 3], 4) for i in range(30)])
    folds = splits.assign_folds(frames, "patient", 5, 1, NONE_NEAR)
    assert folds.loc[folds["patient"] == "", "fold"].nunique() == 1


@pytest.mark.parametrize("group", ["video", "frame"])
def test_other_groups_are_for_comparison(group):
    frames = table([(f"p{i}", CLASSES[i % 3], 6) for i in range(9)])
    folds = splits.assign_folds(frames, group, 3, 1, NONE_NEAR)
    assert (folds.groupby(f"{group}_id")["fold"].nunique() == 1).all()
    assert (folds.groupby("patient")["fold"].nunique() > 1).any()


def test_too_few_patients_of_a_class():
    frames = table([(f"p{i}", CLASSES[i % 3], 4) for i in range(14)])
    with pytest.raises(DataError, match="class healthy has 4 patient"):
        splits.assign_folds(frames, "patient", 5, 1, NONE_NEAR)


def index_of(**columns: object) -> pd.DataFrame:
    base = {"video_id": ["a", "b", "c"], "exclude": ["", "", "duplicate"]}
    pages = {"doi": ["10.1/x", "", ""], "url": ["p", "q", "r"]}
    return pd.DataFrame(base | pages | {"probe": ["convex", "linear", "convex"]} | columns)


def test_selection():
    frames = pd.DataFrame({"frame_id": ["a1", "b1", "c1"], "video_id": ["a", "b", "c"]})
    chosen = splits.select_frames(frames, index_of(), {"probe": ["convex"]})
    assert list(chosen["frame_id"]) == ["a1"] and list(chosen["study"]) == ["10.1/x"]
    assert list(splits.select_frames(frames, index_of(), {})["study"]) == ["10.1/x", "q"]
    with pytest.raises(DataError, match="no frame is left"):
        splits.select_frames(frames, index_of(), {"probe": ["phased"]})


def test_shuffled_labels_keep_counts_and_patients():
    frames = table([(f"p{i}", CLASSES[i % 3], 4) for i in range(30)])
    dealt = splits.shuffle_labels(frames, frames["patient"], seed=1)
    assert (dealt.groupby(frames["patient"]).nunique() == 1).all()
    assert dealt.value_counts().to_dict() == frames["class"].value_counts().to_dict()
    assert np.mean(dealt == frames["class"]) < 0.7


def test_unknown_patients_of_two_studies_are_two():
    frames = table([("", "healthy", 8)] + [(f"p{i}", CLASSES[i % 3], 4) for i in range(30)])
    unknown = frames["patient"] == ""
    frames.loc[unknown, "study"] = ["a", "b"] * 4
    groups = splits.group_of(frames, "patient")
    assert set(groups[unknown]) == {"unknown-of-here-a", "unknown-of-here-b"}


@pytest.mark.parametrize("group", ["patient", "video"])
def test_near_duplicates_stay_together_and_the_certificate_says_so(group):
    frames = table([(f"p{i}", CLASSES[i % 3], 4) for i in range(30)])
    alone = splits.assign_folds(frames, group, 5, 1, NONE_NEAR)
    fold = alone.groupby("video_id")["fold"].first()
    one = "p0-v0"
    other = next(name for name in fold.index if fold[name] != fold[one] and name != "p0-v1")
    near = pd.DataFrame({"one": [one], "other": [other], "bits": [3]})
    assert splits.certificate(alone, near)["near_duplicate_pairs"] == {
        "total": 1,
        "across_folds": 1,
    }
    together = splits.assign_folds(frames, group, 5, 1, near)
    said = splits.certificate(together, near)
    assert said["near_duplicate_pairs"]["across_folds"] == 0
    assert said["videos"] == {"total": 60, "across_folds": 0}
    assert said["patients"]["total"] == 29
    assert (said["patients"]["across_folds"] == 0) is (group == "patient")
    assert sum(sum(each["frames"].values()) for each in said["folds"]) == len(frames)
