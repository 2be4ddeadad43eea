"""Files that are in no catalog: predicted by all folds, explained, or turned away in one line."""

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from pocus_data import phantom
from pocus_data.classifier import explain, familiarity, networks
from pocus_data.classifier.archive import save_model
from pocus_data.classifier.ensemble import Ensemble, as_one, export, load_ensemble
from pocus_data.classifier.predict import STRANGE, Predictor, in_words
from pocus_data.classifier.prefix import to_picture
from pocus_data.crop import find_window, mean_of
from pocus_data.errors import DataError, MediaError, UsageError
from pocus_data.params import Sample
from tests.conftest import CLIP

SAMPLE = Sample(rate_hz=3, max_frames=30)


def clip_of(patient: int) -> phantom.ClipSpec:
    return phantom.ClipSpec("healthy", patient, 1, frames=3, width=240, height=240)


@pytest.fixture(scope="module")
def models(tmp_path_factory, weights_file):
    """Two untrained networks, and synthetic clips as what is familiar."""
    folder = tmp_path_factory.mktemp("models")
    vgg = networks.convolutions(str(weights_file))
    for fold in range(2):
        whole = networks.pocovid_net()
        networks.copy_weights(vgg, whole)
        save_model(whole, folder / f"fold{fold}.keras")
    ensemble = load_ensemble(folder)
    seen, groups = [], []
    for patient in range(1, 13):
        frames = list(np.repeat(phantom.frames(clip_of(patient))[..., None], 3, axis=-1))
        window = find_window(mean_of(frames))
        pictures = np.stack([to_picture(window.cut(frame), 224) for frame in frames])
        seen.append(familiarity.pool(ensemble.features(pictures)))
        groups += [f"p{patient}"] * len(frames)
    familiarity.learn(np.concatenate(seen), np.array(groups)).save(folder)
    return folder


@pytest.fixture(scope="module")
def predictor(models):
    return Predictor(models, SAMPLE)


def test_a_clip(predictor, mp4):
    said = predictor.predict(mp4).as_json()
    assert sum(said["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert said["class"] == max(said["probabilities"], key=said["probabilities"].get)
    low, high = said["interval"]
    assert low <= said["probability"] <= high
    assert [frame["frame_index"] for frame in said["frames"]] == [0, 8, 16, 25]


def test_a_picture_and_dicom(predictor, tmp_path):
    picture = tmp_path / "still.png"
    Image.fromarray(phantom.frames(CLIP)[0]).save(picture)
    assert len(predictor.predict(picture).frames) == 1
    found = predictor.predict(tmp_path.__class__(get_testdata_file("examples_ybr_color.dcm")))
    assert len(found.frames) == 3
    assert "over 3 frames" in in_words(found)


def test_what_is_no_ultrasound_is_flagged(predictor, tmp_path):
    for patient in (20, 21, 22):
        phantom.render(clip_of(patient).url, tmp_path / "scan.mp4")
        assert predictor.predict(tmp_path / "scan.mp4").flags == []
    rng = np.random.default_rng(1)
    stripes = np.zeros((300, 300, 3), np.uint8)
    stripes[:, ::20] = (250, 80, 10)
    page = np.full((300, 300, 3), 250, np.uint8)
    page[40:260:12, 30:270] = 20
    noise = rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)
    for name, pixels in {"stripes": stripes, "page": page, "noise": noise}.items():
        path = tmp_path / f"{name}.png"
        Image.fromarray(pixels).save(path)
        assert predictor.predict(path).flags == [STRANGE], name


def test_black_and_broken_files_are_turned_away(predictor, tmp_path):
    black = tmp_path / "black.png"
    Image.new("RGB", (200, 200)).save(black)
    with pytest.raises(MediaError, match=r"black\.png: is black"):
        predictor.predict(black)
    small = tmp_path / "small.png"
    Image.new("RGB", (40, 40), "white").save(small)
    with pytest.raises(MediaError, match="smaller than 64"):
        predictor.predict(small)


def test_heat_lies_where_the_class_is_seen(weights_file):
    # A tail whose first channel of the last convolution alone decides for the first class.
    tail = networks.tail()
    last = tail.get_layer(networks.LAST_CONVOLUTION)
    kernel = np.zeros((3, 3, 512, 512), np.float32)
    kernel[1, 1, 0, 0] = 1
    last.set_weights([kernel, np.zeros(512, np.float32)])
    hidden = np.zeros((512, 64), np.float32)
    hidden[0, 0] = 5
    tail.get_layer("hidden").set_weights([hidden, np.zeros(64, np.float32)])
    classes = np.zeros((64, 3), np.float32)
    classes[0, 0] = 5
    tail.get_layer("classes").set_weights([classes, np.zeros(3, np.float32)])
    features = np.zeros((1, *networks.FEATURE_SHAPE), np.float32)
    features[0, 2:4, 9:11, 0] = 1
    heat = explain.grad_cam((tail,), features, 0)
    assert heat.shape == (1, 14, 14) and heat.max() == pytest.approx(1)
    hot = np.argwhere(heat[0] > 0.5)
    assert hot.min(axis=0).tolist() == [2, 9] and hot.max(axis=0).tolist() == [3, 10]


def test_an_overlay_has_the_pictures_size_and_its_cold_parts_unchanged(predictor, mp4):
    shown = predictor.explain(predictor.predict(mp4))
    assert shown.size == (predictor.predict(mp4).window.size,) * 2
    picture = np.full((50, 60), 80, np.uint8)
    heat = np.zeros((14, 14), np.float32)
    assert np.asarray(explain.overlay(picture, heat)).tolist() == [[[80] * 3] * 60] * 50


@pytest.mark.parametrize("ending", [".keras", ".onnx"])
def test_one_file_answers_as_the_networks_do(models, tmp_path, ending):
    from pocus_data.classifier.backend import keras

    ensemble = load_ensemble(models)
    pictures = np.random.default_rng(3).uniform(0, 255, (2, 224, 224, 3)).astype(np.float32)
    wanted = ensemble.probabilities(ensemble.features(pictures)).mean(axis=0)
    path = tmp_path / f"one{ending}"
    if ending == ".onnx":
        pytest.importorskip("tf2onnx")
        runtime = pytest.importorskip("onnxruntime")
        export(ensemble, path)
        session = runtime.InferenceSession(str(path))
        (answer,) = session.run(None, {session.get_inputs()[0].name: pictures})
    else:
        export(ensemble, path)
        answer = keras.models.load_model(path).predict(pictures, verbose=0)
    assert np.allclose(answer, wanted, atol=2e-3)


def test_what_cannot_be_loaded_or_written(models, tmp_path):
    with pytest.raises(DataError, match="no networks; run 'dvc repro'"):
        load_ensemble(tmp_path)
    (tmp_path / "fold0.keras").write_bytes(b"not a network")
    with pytest.raises(DataError, match=r"fold0\.keras: no network of this version"):
        load_ensemble(tmp_path)
    with pytest.raises(UsageError, match=r"ends in \.keras or \.onnx"):
        export(load_ensemble(models), tmp_path / "a.h5")
    assert isinstance(load_ensemble(models), Ensemble) and as_one(load_ensemble(models))


def test_frames_of_the_same_patient_do_not_widen_what_is_familiar():
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(20, 512))
    pooled = np.repeat(centres, 10, axis=0) + rng.normal(scale=0.01, size=(200, 512))
    groups = np.repeat([f"p{n}" for n in range(20)], 10)
    alone = familiarity.learn(pooled.astype(np.float32), groups)
    everyone = familiarity.learn(pooled.astype(np.float32), np.arange(200).astype(str))
    assert alone.limit > 0.5 > everyone.limit
