"""Metrics agree with scikit-learn; intervals are over patients."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from pocus_data.classifier import evaluate, metrics
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.tables import CLASS_ORDER
from tests.classifier.made_up import known_of, predictions

QUICK = Bootstrap(samples=200, seed=1)


def test_numbers_agree_with_scikit_learn():
    table = predictions()
    got = metrics.summarise(table, QUICK)
    actual, predicted = table["class"], table["predicted"]
    assert got["accuracy"] == pytest.approx(reference.accuracy_score(actual, predicted), abs=5e-5)
    assert got["balanced_accuracy"] == pytest.approx(
        reference.balanced_accuracy_score(actual, predicted), abs=5e-5
    )
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        actual, predicted, labels=list(CLASS_ORDER)
    )
    for position, name in enumerate(CLASS_ORDER):
        result = got[name]
        assert result["precision"] == pytest.approx(precision[position], abs=5e-5)
        assert result["sensitivity"] == pytest.approx(recall[position], abs=5e-5)
        assert result["f1"] == pytest.approx(f1[position], abs=5e-5)
        assert result["support"] == support[position]
        specificity = reference.recall_score(actual != name, predicted != name)
        assert result["specificity"] == pytest.approx(specificity, abs=5e-5)
        area = reference.roc_auc_score(actual == name, table[f"p_{name}"])
        assert result["auc"] == pytest.approx(area, abs=5e-5)
        precise = reference.average_precision_score(actual == name, table[f"p_{name}"])
        assert result["pr_auc"] == pytest.approx(precise, abs=5e-5)


def test_intervals_hold_the_number_and_are_over_patients():
    table = predictions()
    got = metrics.summarise(table, QUICK)
    low, high = got["accuracy_ci"]
    assert low < got["accuracy"] < high
    # The same frames as one patient each pretend to be more evidence than they are.
    copied = pd.concat([table] * 6, ignore_index=True)
    lone = copied.assign(group=[f"g{row}" for row in range(len(copied))])
    narrow = metrics.summarise(lone, QUICK)["accuracy_ci"]
    assert narrow[1] - narrow[0] < 0.6 * (high - low)
    grouped = metrics.summarise(copied, QUICK)["accuracy_ci"]
    assert grouped == [low, high]


def test_the_same_seed_gives_the_same_intervals():
    table = predictions()
    assert metrics.summarise(table, QUICK) == metrics.summarise(table, QUICK)


def test_what_does_not_exist_is_none():
    table = predictions().assign(predicted="healthy")
    got = metrics.summarise(table, QUICK)
    assert got["covid19"]["precision"] is None and got["covid19"]["precision_ci"] is None
    assert got["covid19"]["sensitivity"] == 0


def frame_rows(*probabilities: tuple[float, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(probabilities, columns=metrics.PROBABILITIES)
    table["predicted"] = np.array(CLASS_ORDER)[table.to_numpy().argmax(axis=1)]
    return table.assign(**{"class": "healthy", "video_id": "v"}, patient="p", group="p", fold=0)


def test_vote_and_mean_can_disagree():
    table = frame_rows((0.4, 0.3, 0.3), (0.4, 0.3, 0.3), (0.0, 0.0, 1.0))
    assert metrics.by_video(table, "vote")["predicted"].item() == "covid19"
    assert metrics.by_video(table, "mean")["predicted"].item() == "healthy"


def test_a_tied_vote_goes_to_the_more_probable():
    table = frame_rows((0.6, 0.2, 0.2), (0.1, 0.0, 0.9))
    assert metrics.by_video(table, "vote")["predicted"].item() == "healthy"


def test_roc_table_matches_scikit_learn():
    table = predictions()
    grid = [step / 100 for step in range(101)]
    got = metrics.roc_table(table, grid)
    assert (got[list(CLASS_ORDER)].diff().dropna() >= 0).all().all()
    for name in CLASS_ORDER:
        assert got[name].iloc[-1] == 1
        negatives = table.loc[table["class"] != name, f"p_{name}"]
        positives = table.loc[table["class"] == name, f"p_{name}"]
        threshold = np.sort(negatives)[::-1][int(0.2 * len(negatives))]
        expected = (positives > threshold).mean()
        assert got[name].iloc[20] == pytest.approx(expected, abs=0.05)


def test_the_source_control_sees_the_source_alone():
    table = predictions()
    perfect = table["class"].map(dict(zip(CLASS_ORDER, "abc", strict=True)))
    known = known_of(table)
    known.facts["source"] = perfect
    result = evaluate.evaluate(table, known, {}, QUICK)
    assert result["controls"]["source_only"]["frame"]["accuracy"] == 1
    assert result["controls"]["majority_class"]["frame"]["accuracy"] < 0.5
    assert result["data"]["frames"]["total"] == len(table)
    assert result["data"]["patients"] == dict.fromkeys(CLASS_ORDER, 8) | {"total": 24}


def test_results_are_broken_down_and_add_up():
    table = predictions()
    known = known_of(table)
    known.facts["release"] = np.where(table["fold"] == 0, "2020-05 2021-02", "2021-02")
    by = evaluate.evaluate(table, known, {}, QUICK)["by"]
    assert set(by) == {"source", "probe", "license", "release"}
    assert by["release"]["2021-02"]["frames"] == len(table)
    assert by["release"]["2020-05"]["frames"] == (table["fold"] == 0).sum()
    everything = metrics.summarise(table, QUICK, with_areas=False)
    assert by["probe"]["convex"]["accuracy"] == everything["accuracy"]


def test_the_precision_recall_curve_matches_scikit_learn():
    table = predictions()
    got = metrics.precision_recall_table(table, [step / 200 for step in range(201)])
    for name in CLASS_ORDER:
        assert (got[name].diff().dropna() <= 1e-9).all()
        actual = table["class"] == name
        assert got[name].iloc[-1] >= actual.mean() - 1e-4
        area = reference.average_precision_score(actual, table[f"p_{name}"])
        assert np.trapezoid(got[name], got["sensitivity"]) == pytest.approx(area, abs=0.03)
