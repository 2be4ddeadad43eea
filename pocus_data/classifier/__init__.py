"""POCOVID-Net: the network, its features, its training and its evaluation."""
