"""Stage ``weights``: ImageNet weights of VGG-16's convolutions."""

import sys

from pipelines.common import WEIGHTS, Params, Paths, run
from pocus_data.classifier.weights import write_weights


def main(_: Paths, __: Params) -> None:
    """Write the weights file."""
    origin = write_weights(WEIGHTS)
    print(f"weights: ImageNet VGG-16 from {origin}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
