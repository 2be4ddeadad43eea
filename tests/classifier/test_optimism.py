"""The optimism gap: tables of every kind of folds, the lucky checkpoint never the worse one."""

import numpy as np
import pytest

from pocus_data.classifier import optimism
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.classifier.train import Trained
from pocus_data.params import Split
from pocus_data.tables import class_numbers
from tests.classifier.test_train import RECIPE
from tests.test_splits import NONE_NEAR

SPLIT = Split(folds=2, group="patient", seed=1, select={}, shuffle_labels=False)


def test_every_kind_of_folds_is_trained_and_tested(store, frames, weights_file):
    table = frames.drop(columns=["fold", "group"]).assign(source="here", study="")
    quick = RECIPE.model_copy(update={"epochs": 3})
    found = optimism.measure_optimism(
        store, table, NONE_NEAR, NONE_NEAR, SPLIT, quick, weights_file, Bootstrap(20, 1)
    )
    assert list(found) == ["frame", "video", "patient"]
    for kind in found.values():
        last, best = kind[optimism.LAST], kind[optimism.BEST_ON_TEST]
        assert best["frame"]["accuracy"] >= last["frame"]["accuracy"]
        assert last["frame"]["covid19"]["support"] == 8
        assert last["video_mean"]["covid19"]["support"] == 4


def test_the_lucky_epoch_is_the_one_best_on_the_tested_frames(frames):
    tested = frames[frames["fold"] == 0].reset_index(drop=True)
    right = np.eye(3)[class_numbers(tested["class"])]
    watched = np.stack([np.roll(right, 1, axis=1), right, right, np.roll(right, 1, axis=1)])
    trained = Trained(None, None, watched)
    assert optimism._best(tested, trained) == 1
    assert (optimism._predicted(tested, trained, 1)["predicted"] == tested["class"]).all()
    assert (optimism._predicted(tested, trained, -1)["predicted"] != tested["class"]).all()


@pytest.mark.parametrize("dataset", ["phantom"])
def test_other_datasets_are_left_out(tmp_path, monkeypatch, dataset):
    from pipelines import optimism as stage
    from pipelines.common import Params, Paths
    from pocus_data.params import load_params
    from tests.conftest import REPOSITORY

    params: Params = load_params(REPOSITORY / "params.yaml")
    monkeypatch.chdir(tmp_path)
    stage.main(Paths(dataset), params)
    assert (tmp_path / "reports" / dataset / "optimism.json").read_text() == "{}\n"
