"""Temperatures mend networks that are too sure; bins and coverage count what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocus_data.classifier import calibration
from pocus_data.classifier.metrics import PROBABILITIES
from pocus_data.tables import CLASS_ORDER
from tests.classifier.made_up import predictions


def too_sure(table, factor):
    """The same classes named, with log-probabilities multiplied."""
    sharp = table.copy()
    sharp[PROBABILITIES] = calibration.with_temperature(
        calibration.probabilities_of(table), 1 / factor
    )
    return sharp


def honest():
    """Rows whose classes are drawn from their own probabilities."""
    table = predictions(patients=200, frames=8, skill=0)
    rng = np.random.default_rng(4)
    rows = calibration.probabilities_of(table)
    table["class"] = [CLASS_ORDER[rng.choice(3, p=row / row.sum())] for row in rows]
    return table


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_a_temperature_is_found_and_mends(factor):
    table = honest()
    sharp = too_sure(table, factor)
    found = calibration.temperatures(sharp)
    assert set(found) == {0, 1, 2, 3}
    assert all(value == pytest.approx(factor, rel=0.15) for value in found.values())
    mended = calibration.calibrated(sharp, found)
    before, after = calibration.summarise(sharp), calibration.summarise(mended)
    assert after["log_loss"] < before["log_loss"]
    assert after["expected_calibration_error"] < 0.5 * before["expected_calibration_error"]
    named = calibration.probabilities_of(sharp).argmax(axis=1)
    assert np.array_equal(calibration.probabilities_of(mended).argmax(axis=1), named)


def test_a_folds_own_labels_have_no_part_in_its_temperature():
    table = honest()
    spoiled = table.copy()
    mine = spoiled["fold"] == 2
    spoiled.loc[mine, "class"] = "healthy"
    before, after = calibration.temperatures(table), calibration.temperatures(spoiled)
    assert before[2] == after[2] and before[1] != after[1]


def test_bins_hold_every_row_and_say_what_is_in_them():
    bins = calibration.reliability(predictions())
    assert bins["count"].sum() == len(predictions())
    assert (bins["confidence"].diff().dropna() > 0).all()


def test_the_surest_are_answered_first():
    rows = calibration.coverage(too_sure(predictions(skill=1.0), 2))
    assert list(rows["coverage"]) == [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    assert (rows["confidence"].diff().dropna() >= 0).all()
    assert rows["accuracy"].iloc[-1] > rows["accuracy"].iloc[0]


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(0.05, 20))
def test_any_temperature_gives_probabilities(row, temperature):
    scaled = calibration.with_temperature(np.array([row]), temperature)
    assert np.isfinite(scaled).all() and scaled.sum() == pytest.approx(1)
