"""The line: chosen on inner folds of training patients alone, and the same as one network."""

import numpy as np
import pandas as pd
import pytest

from pocus_data.classifier import networks
from pocus_data.classifier.ensemble import tail_of
from pocus_data.classifier.linear import choose_line, fit_line
from pocus_data.classifier.train import predict_frames
from pocus_data.errors import DataError
from pocus_data.params import Linear, Train
from pocus_data.tables import CLASS_ORDER, class_numbers

RECIPE = Train(
    recipe="best",
    learning_rate=1e-4,
    epochs=1,
    batch_size=16,
    dropout=0.5,
    hidden_units=64,
    seed=1,
    precision="float32",
    best=Linear(strengths=(1e-4, 1e-2, 1), inner_folds=3),
)


def made_up(patients: int = 18, frames: int = 6, skill: float = 1.0):
    """Features that tell the class a little and the patient a lot."""
    rng = np.random.default_rng(3)
    rows, pooled = [], []
    classes = rng.normal(size=(3, 512))
    for patient in range(patients):
        own = rng.normal(size=512) * 2
        for frame in range(frames):
            rows.append(
                {
                    "frame_id": f"{patient}-{frame}",
                    "video_id": f"v{patient}",
                    "patient": f"p{patient}",
                    "group": f"p{patient}",
                    "class": CLASS_ORDER[patient % 3],
                    "fold": patient % 4,
                }
            )
            pooled.append(skill * classes[patient % 3] + own + rng.normal(size=512) * 0.3)
    return pd.DataFrame(rows), np.array(pooled)


def test_the_strength_is_chosen_where_patients_are_new():
    training, pooled = made_up(skill=0.35)
    chosen = choose_line(pooled, training, RECIPE)
    scores = chosen.inner_balanced_accuracy
    assert set(scores) == {1e-4, 1e-2, 1}
    assert scores[chosen.strength] == max(scores.values())
    # On the patients it learned from nearly everything is right; on new ones it is not.
    seen = chosen.line.probabilities(pooled).argmax(axis=1)
    assert (seen == class_numbers(training["class"])).mean() > 0.95
    assert 0.4 < scores[chosen.strength] < 1
    assert set(chosen.temperatures) == {"frame", "video_mean"}


def test_where_there_is_nothing_to_learn_inner_folds_say_so():
    training, pooled = made_up(skill=0)
    scores = choose_line(pooled, training, RECIPE).inner_balanced_accuracy
    assert max(scores.values()) < 0.6


def test_the_same_twice_and_another_seed_deals_other_inner_folds():
    training, pooled = made_up(skill=0.35)
    one, two = (choose_line(pooled, training, RECIPE) for _ in range(2))
    assert np.array_equal(one.line.weights, two.line.weights)
    other = choose_line(pooled, training, RECIPE.model_copy(update={"seed": 2}))
    assert other.inner_balanced_accuracy != one.inner_balanced_accuracy


def test_the_network_answers_as_the_line_does(store, frames, weights_file):
    places = store.locate(frames["frame_id"])
    pooled = store.pooled(places)
    line = fit_line(pooled, class_numbers(frames["class"]), 1e-3)
    whole = line.whole(weights_file)
    assert whole.output.shape == (None, 3)
    answered = predict_frames(tail_of(whole), store, places)
    np.testing.assert_allclose(answered, line.probabilities(pooled), atol=1e-4)
    assert networks.LAST_CONVOLUTION not in [layer.name for layer in whole.layers]


def test_classes_missing_or_of_one_patient():
    training, pooled = made_up()
    some = (training["class"] != "covid19").to_numpy()
    with pytest.raises(DataError, match="no frame of class covid19"):
        fit_line(pooled[some], class_numbers(training["class"][some]), 1)
    few = some | (training["patient"] == "p0").to_numpy()
    with pytest.raises(DataError, match="class covid19 has one patient to learn from"):
        choose_line(pooled[few], training[few].reset_index(drop=True), RECIPE)
