"""POCOVID-Net: the network, its features, its training and its evaluation."""

import os

# TensorFlow's own start-up notes would drown the one line a person needs; set before its import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
