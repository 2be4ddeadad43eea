"""Training learns what is there, the same twice, and says when it breaks down."""

import numpy as np
import pytest

from pocus_data.classifier.archive import save_model
from pocus_data.classifier.evaluate import predict_folds
from pocus_data.classifier.train import class_numbers, train_fold
from pocus_data.errors import DataError
from pocus_data.params import Train

RECIPE = Train(
    recipe="paper",
    learning_rate=1e-3,
    epochs=12,
    batch_size=4,
    dropout=0.5,
    hidden_units=64,
    seed=1,
    precision="float32",
)


def test_patterns_are_learned_and_runs_repeat(store, frames, weights_file, tmp_path):
    for fold in (0, 1):
        model, curve = train_fold(store, frames, fold, RECIPE, weights_file)
        save_model(model, tmp_path / "one" / f"fold{fold}.keras")
        assert list(curve["epoch"]) == list(range(1, 13))
        assert curve["loss"].iloc[-1] < curve["loss"].iloc[0]
    again, _ = train_fold(store, frames, 0, RECIPE, weights_file)
    save_model(again, tmp_path / "again.keras")
    once = (tmp_path / "one" / "fold0.keras").read_bytes()
    assert (tmp_path / "again.keras").read_bytes() == once
    predictions = predict_folds(store, frames, tmp_path / "one")
    assert (predictions["predicted"] == predictions["class"]).mean() > 0.8
    assert np.allclose(predictions.filter(like="p_").sum(axis=1), 1, atol=1e-4)


def test_a_loss_that_is_no_number(store, frames, weights_file):
    wild = RECIPE.model_copy(update={"learning_rate": 1e30, "epochs": 2})
    with pytest.raises(DataError, match=r"fold 0: the loss is not a number.*lower train\.learn"):
        train_fold(store, frames, 0, wild, weights_file)


def test_a_missing_model(store, frames, tmp_path):
    with pytest.raises(DataError, match=r"fold0\.keras: missing"):
        predict_folds(store, frames, tmp_path)


def test_a_class_the_network_does_not_know(frames):
    with pytest.raises(DataError, match="class viral_pneumonia is not one the network"):
        class_numbers(frames["class"].replace("healthy", "viral_pneumonia"))
