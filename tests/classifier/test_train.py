"""Training learns what is there, the same twice, and says when it breaks down."""

import numpy as np
import pytest

from pocus_data.classifier.archive import save_model
from pocus_data.classifier.evaluate import predict_folds
from pocus_data.classifier.train import train_network
from pocus_data.errors import DataError
from pocus_data.params import Train
from pocus_data.tables import class_numbers

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


def without(frames, fold):
    return frames[frames["fold"] != fold].reset_index(drop=True)


def test_patterns_are_learned_and_runs_repeat(store, frames, weights_file, tmp_path, monkeypatch):
    told = []
    for fold in (0, 1):
        tested = frames[frames["fold"] == fold]
        trained = train_network(
            store,
            without(frames, fold),
            RECIPE,
            weights_file,
            fold,
            tested,
            lambda *epoch: told.append(epoch),
        )
        save_model(trained.whole(weights_file), tmp_path / "one" / f"fold{fold}.keras")
        assert list(trained.curve["epoch"]) == list(range(1, 13))
        assert trained.curve["loss"].iloc[-1] < trained.curve["loss"].iloc[0]
        assert trained.watched.shape == (12, len(tested), 3)
    assert [epoch for epoch, *_ in told] == [*range(1, 13)] * 2
    # In another cache everything is trained anew; watching changes nothing.
    monkeypatch.setenv("POCUS_CACHE", str(tmp_path / "elsewhere"))
    again = train_network(store, without(frames, 0), RECIPE, weights_file, 0)
    save_model(again.whole(weights_file), tmp_path / "again.keras")
    once = (tmp_path / "one" / "fold0.keras").read_bytes()
    assert (tmp_path / "again.keras").read_bytes() == once
    predictions = predict_folds(store, frames, tmp_path / "one")
    assert (predictions["predicted"] == predictions["class"]).mean() > 0.8
    assert np.allclose(predictions.filter(like="p_").sum(axis=1), 1, atol=1e-4)


def test_what_was_trained_before_is_not_trained_again(store, frames, weights_file, monkeypatch):
    quick = RECIPE.model_copy(update={"epochs": 2})
    first = train_network(store, without(frames, 0), quick, weights_file, 0)
    told = []
    monkeypatch.setattr("pocus_data.classifier.train._fit", None)
    again = train_network(
        store, without(frames, 0), quick, weights_file, 0, on_epoch=lambda *e: told.append(e)
    )
    assert [epoch for epoch, *_ in told] == [1, 2]
    for one, other in zip(first.tail.get_weights(), again.tail.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_loss_that_is_no_number(store, frames, weights_file):
    wild = RECIPE.model_copy(update={"learning_rate": 1e30, "epochs": 2})
    with pytest.raises(DataError, match=r"the loss is not a number.*lower train\.learn"):
        train_network(store, without(frames, 0), wild, weights_file, 0)


def test_one_class_is_nothing_to_learn(store, frames, weights_file):
    healthy = frames[frames["class"] == "healthy"]
    with pytest.raises(DataError, match="1 classes to learn from"):
        train_network(store, healthy, RECIPE, weights_file, 0)


def test_a_missing_model(store, frames, tmp_path):
    with pytest.raises(DataError, match=r"fold0\.keras: missing"):
        predict_folds(store, frames, tmp_path)


def test_a_class_the_network_does_not_know(frames):
    with pytest.raises(DataError, match="class viral_pneumonia is not one the network"):
        class_numbers(frames["class"].replace("healthy", "viral_pneumonia"))
