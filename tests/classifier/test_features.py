"""Features: computed once, by content; the same whatever the order of the work."""

import numpy as np
import pandas as pd
import pytest

from pocus_data.classifier import augment, networks, prefix
from pocus_data.classifier.backend import keras
from pocus_data.classifier.features import FeatureStore, write_features
from pocus_data.classifier.prefix import to_picture, without_scan
from pocus_data.errors import DataError
from pocus_data.png import read_png, write_png
from tests.classifier.conftest import SETTINGS


def read(store: FeatureStore, frames: pd.DataFrame, copy: int) -> np.ndarray:
    places = store.locate(frames["frame_id"])
    return store.read(places, np.full(len(frames), copy, dtype=np.intp)).astype(np.float32)


def test_copy_zero_is_the_frame_itself(store, frames, weights_file):
    vgg = networks.convolutions(str(weights_file))
    pictures = np.stack([to_picture(read_png(path), 224) for path in frames["path"][:3]])
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


def test_features_of_another_network(frames, weights_file, tmp_path):
    few = frames[:2]
    write_features(few, weights_file, SETTINGS, tmp_path / "f")
    shard = tmp_path / "f" / f"{few['video_id'].iloc[0]}.npy"
    shard.unlink()
    np.save(shard, np.zeros((2, 3, 7, 7, 512), np.float16))
    with pytest.raises(DataError, match="7x7x512 features are another network's"):
        read(FeatureStore(tmp_path / "f"), few, 0)


def test_names_that_look_like_numbers(frames, weights_file, tmp_path):
    odd = frames[:2].assign(video_id="007", frame_id=["007-0", "007-1"])
    write_features(odd, weights_file, SETTINGS, tmp_path / "odd")
    assert read(FeatureStore(tmp_path / "odd"), odd, 0).shape[0] == 2


def test_pooled_features_are_the_mean_of_the_map(store, frames):
    mixed = frames.sample(frac=1, random_state=1)
    expected = read(store, mixed, 0).mean(axis=(1, 2))
    pooled = store.pooled(store.locate(mixed["frame_id"]))
    np.testing.assert_allclose(pooled, expected, rtol=1e-5)


def test_without_the_scan_only_the_furniture_is_left():
    rng = np.random.default_rng(1)
    frames = []
    for _ in range(4):
        frame = np.zeros((120, 120), np.uint8)
        frame[20:90, 30:100] = rng.integers(40, 200, (70, 70))
        frame[105:109, 4:12] = 255
        frames.append(frame)
    left = without_scan(frames)
    assert all(each.shape == (120, 120, 3) for each in left)
    assert (left[0][105:109, 4:12] == 255).all()
    assert not left[0][20:90, 30:100].any()


def test_clips_that_differ_only_in_their_scan_have_one_border(weights_file, tmp_path):
    rng = np.random.default_rng(2)
    rows = []
    for clip in ("a", "b"):
        pixels = np.zeros((96, 96), np.uint8)
        pixels[10:80, 10:80] = rng.integers(30, 250, (70, 70))
        pixels[88:92, 4:20] = 200
        path = tmp_path / f"{clip}.png"
        write_png(pixels, path)
        rows.append({"frame_id": clip, "video_id": clip, "path": path, "sha256": "ab" * 32})
    rows[1]["sha256"] = "cd" * 32
    plain = SETTINGS.model_copy(update={"augmentations": 0})
    write_features(pd.DataFrame(rows), weights_file, plain, tmp_path / "features")
    store = FeatureStore(tmp_path / "features")
    places = store.locate(pd.Series(["a", "b"]))
    scan, border = store.pooled(places), store.pooled(places, border=True)
    np.testing.assert_allclose(border[0], border[1], rtol=2e-3, atol=1e-2)
    assert np.abs(scan[0] - scan[1]).mean() > 0.01
