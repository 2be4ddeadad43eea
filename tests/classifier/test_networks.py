"""The network is the paper's, to the number."""

import numpy as np
import pytest

from pocus_data.classifier import networks
from pocus_data.classifier.backend import keras
from pocus_data.errors import UsageError


def test_parameters_are_those_of_the_paper():
    facts = networks.describe(networks.pocovid_net())
    assert facts["trainable_parameters"] == 2_392_963
    assert facts["frozen_parameters"] == 12_355_008


def test_layers_follow_the_paper():
    names = [layer.name for layer in networks.pocovid_net().layers][-7:]
    head = ["average", "hidden", "normalisation", "relu", "dropout", "classes"]
    assert names == ["block5_pool", *head]
    trained = [
        layer["name"]
        for layer in networks.describe(networks.pocovid_net())["layers"]
        if layer["trainable"]
    ]
    assert trained == ["block5_conv3", "hidden", "normalisation", "classes"]


def test_prefix_and_tail_together_are_the_whole():
    keras.utils.set_random_seed(4)
    whole = networks.pocovid_net()
    tail = networks.tail()
    for layer in tail.layers:
        if layer.weights:
            layer.set_weights(whole.get_layer(layer.name).get_weights())
    vgg = networks.convolutions()
    for layer in vgg.layers:
        if layer.weights:
            layer.set_weights(whole.get_layer(layer.name).get_weights())
    pictures = np.random.default_rng(1).uniform(-100, 100, (2, 224, 224, 3)).astype("float32")
    features = networks.prefix(vgg).predict(pictures, verbose=0)
    assert features.shape[1:] == networks.FEATURE_SHAPE
    parts = tail.predict(features, verbose=0)
    np.testing.assert_allclose(parts, whole.predict(pictures, verbose=0), atol=1e-5)


def test_a_network_that_does_not_exist():
    with pytest.raises(UsageError, match="no network 'resnet'"):
        networks.build("resnet")
