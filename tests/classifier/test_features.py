"""Features: computed once, by content; the same whatever the order of the work."""

import numpy as np
import pandas as pd
import pytest

from pocus_data.classifier import augment, networks, prefix
from pocus_data.classifier.backend import keras
from pocus_data.classifier.features import FeatureStore, write_features
from pocus_data.classifier.prefix import load_picture
from pocus_data.errors import DataError
from tests.classifier.conftest import SETTINGS


def read(store: FeatureStore, frames: pd.DataFrame, copy: int) -> np.ndarray:
    places = store.locate(frames["frame_id"])
    return store.read(places, np.full(len(frames), copy, dtype=np.intp)).astype(np.float32)


def test_copy_zero_is_the_frame_itself(store, frames, weights_file):
    vgg = networks.convolutions(str(weights_file))
    pictures = np.stack([load_picture(path, 224) for path in frames["path"][:3]])
    prepared = keras.applications.vgg16.preprocess_input(pictures.copy())
    expected = networks.prefix(vgg).predict(prepared, verbose=0)
    got = read(store, frames[:3], 0)
    np.testing.assert_allclose(got, expected, rtol=2e-3, atol=0.05)


def test_copies_differ_from_the_frame_and_from_each_other(store, frames):
    plain, first, second = (read(store, frames[:4], copy) for copy in range(3))
    assert np.abs(plain - first).mean() > 0.01 * plain.mean()
    assert np.abs(first - second).mean() > 0.01 * plain.mean()


def test_order_and_company_do_not_matter(store, frames, weights_file, tmp_path):
    few = frames[frames["video_id"].isin(["clip3", "clip7"])].iloc[::-1]
    write_features(few, weights_file, SETTINGS, tmp_path / "few")
    again = FeatureStore(tmp_path / "few")
    for copy in range(3):
        np.testing.assert_array_equal(read(again, few, copy), read(store, few, copy))


def test_a_known_clip_costs_nothing(frames, weights_file, tmp_path, monkeypatch):
    some = frames[:2]
    write_features(some, weights_file, SETTINGS, tmp_path / "one")

    def refuse(*args: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(prefix, "compile_prefix", refuse)
    write_features(some, weights_file, SETTINGS, tmp_path / "two")
    name = f"{some['video_id'].iloc[0]}.npy"
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_bfloat16_stays_close_to_float32(store, frames, weights_file, tmp_path):
    """Probabilities of a head move by less than a hundredth on average."""
    rough_settings = SETTINGS.model_copy(update={"precision": "bfloat16"})
    write_features(frames[:6], weights_file, rough_settings, tmp_path / "b")
    exact, rough = read(store, frames[:6], 0), read(FeatureStore(tmp_path / "b"), frames[:6], 0)
    assert np.abs(exact - rough).mean() < 0.03 * exact.mean()
    keras.utils.set_random_seed(1)
    tail = networks.tail()
    last = networks.convolutions(str(weights_file)).get_layer(networks.LAST_CONVOLUTION)
    tail.get_layer(networks.LAST_CONVOLUTION).set_weights(last.get_weights())
    gap = np.abs(tail.predict(exact, verbose=0) - tail.predict(rough, verbose=0))
    assert gap.mean() < 0.01 and gap.max() < 0.05


def test_transforms_stay_within_their_bounds():
    sha = "ab" * 32
    many = SETTINGS.model_copy(update={"augmentations": 500})
    matrices = augment.matrices(many, sha, 224)
    np.testing.assert_array_equal(matrices[0], [1, 0, 0, 0, 1, 0, 0, 0])
    a, b, c, d, e, f = matrices[1:, :6].T
    np.testing.assert_allclose(np.abs(a * e - b * d), 1, atol=1e-5)
    angles = np.rad2deg(np.arctan2(np.abs(d), np.abs(a)))
    assert 9 < angles.max() <= 10.001
    centre = 111.5
    shown_x, shown_y = a * centre + b * centre + c, d * centre + e * centre + f
    far = np.hypot(shown_x - centre, shown_y - centre)
    assert 22.4 < far.max() <= 22.4 * np.sqrt(2) + 0.01
    assert {(np.sign(x), np.sign(y)) for x, y in zip(a, e, strict=True)} == {
        (-1, -1),
        (-1, 1),
        (1, -1),
        (1, 1),
    }


def test_a_flip_is_exact():
    picture = np.random.default_rng(1).uniform(0, 255, (1, 9, 9, 3)).astype("float32")
    flip = np.array([[-1, 0, 8, 0, 1, 0, 0, 0]], dtype=np.float32)
    np.testing.assert_allclose(augment.transform(picture, flip), picture[:, :, ::-1], atol=1e-3)


def test_a_frame_without_features(store):
    with pytest.raises(DataError, match="no features of 1 frames"):
        store.locate(pd.Series(["clip0-0", "unknown"]))


def test_names_that_look_like_numbers(frames, weights_file, tmp_path):
    odd = frames[:2].assign(video_id="007", frame_id=["007-0", "007-1"])
    write_features(odd, weights_file, SETTINGS, tmp_path / "odd")
    assert read(FeatureStore(tmp_path / "odd"), odd, 0).shape[0] == 2
