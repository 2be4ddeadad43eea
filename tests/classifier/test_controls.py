"""Controls score what there is to score without a scan, and nothing where there is nothing."""

import pytest

from pocus_data.classifier import controls
from pocus_data.classifier.metrics import Bootstrap
from tests.classifier.made_up import known_of, predictions

QUICK = Bootstrap(samples=50, seed=1)


@pytest.mark.parametrize(
    ("telling", "name"),
    [
        ("source", "source_only"),
        ("size", "size_only"),
        ("frame_rate", "frame_rate_only"),
        ("border", "linear_on_border"),
    ],
)
def test_each_control_finds_what_gives_the_class_away(telling, name):
    table = predictions(patients=30)
    found = controls.run_controls(table, known_of(table, telling), QUICK)
    assert found[name]["frame"]["balanced_accuracy"] > 0.9
    assert found["linear_on_scan"]["frame"]["balanced_accuracy"] > 0.9
    others = {"source_only", "size_only", "frame_rate_only", "linear_on_border"} - {name}
    for other in others | {"majority_class", "linear_on_shuffled_labels"}:
        assert found[other]["frame"]["balanced_accuracy"] < 0.55, other


def test_a_clip_counts_once_at_its_own_level():
    table = predictions(patients=30)
    table["predicted"] = table["class"]
    # Three of its four frames are wrong: its clip is.
    clip = table["video_id"] == "v0-0"
    table.loc[clip, "predicted"] = ["covid19", "healthy", "healthy", "healthy"]
    scored = controls.score(table, QUICK)
    assert scored["frame"]["accuracy"] == pytest.approx(1 - 3 / len(table), abs=1e-4)
    assert scored["video"]["accuracy"] == pytest.approx(1 - 1 / 60, abs=1e-4)
