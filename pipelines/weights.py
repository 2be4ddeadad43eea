"""Stage ``weights``: ImageNet weights of VGG-16's convolutions."""

import sys
from pathlib import Path

from pipelines.common import Paths, run
from pocus_data.classifier.weights import write_weights

WEIGHTS = Path("models/vgg16_imagenet_notop.weights.h5")


def main(_: Paths) -> None:
    """Write the weights file."""
    origin = write_weights(WEIGHTS)
    print(f"weights: ImageNet VGG-16 from {origin}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
