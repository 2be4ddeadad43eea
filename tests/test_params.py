"""A wrong parameter is one line that names its place."""

from pathlib import Path

import pytest

from pocus_data.errors import UsageError
from pocus_data.params import load_params
from tests.conftest import REPOSITORY

GOOD = (REPOSITORY / "params.yaml").read_text()


def test_the_committed_parameters_are_the_papers():
    params = load_params(REPOSITORY / "params.yaml")
    assert (params.sample.rate_hz, params.sample.max_frames) == (3, 30)
    assert params.train.learning_rate == 1e-4 and params.train.dropout == 0.5
    assert params.split.folds == 5 and params.split.group == "patient"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max_frames: 30", "max_frame: 30", "'sample.max_frames': Field required"),
        ("rate_hz: 3 ", "rate_hz: 0 ", "'sample.rate_hz': Input should be greater than 0"),
        ("folds: 5", "folds: 1", "'split.folds'"),
        ("group: patient", "group: hospital", "'split.group'"),
        (
            "class: [covid19, bacterial_pneumonia, healthy]",
            "class: healthy",
            "'split.select.class'",
        ),
        ("probe: [convex]", "colour: [grey]", "'split.select.colour': the catalog has no column"),
        ("mirrors: []", "mirrors:", "'download.mirrors'"),
        ("recipe: best ", "recipe: secret ", "'train.recipe'"),
        ("batch_size: 16", "batch_size: 1", "'train.batch_size'"),
        ("precision: auto", "precision: int4", "'features.precision'"),
        ("train:", "train: [", "yaml: "),
        (GOOD, "", "'datasets': Field required"),
    ],
)
def test_a_planted_mistake(tmp_path: Path, old: str, new: str, said: str):
    assert old in GOOD
    path = tmp_path / "params.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError) as caught:
        load_params(path)
    first = str(caught.value).splitlines()[0]
    assert "params.yaml:" in first
    assert said in str(caught.value)
