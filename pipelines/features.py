"""Stage ``features``: the frozen convolutions over all frames, once."""

from pipelines.common import Paths, load_params, run
from pipelines.weights import WEIGHTS
from pocus_data.classifier.augment import Augmentation
from pocus_data.classifier.features import write_features
from pocus_data.sample import read_frames_table


def main(paths: Paths) -> None:
    """Read ``frames/``, write ``features/``."""
    params = load_params("features")
    precision = params.pop("precision")
    augmentation = Augmentation(copies=params.pop("augmentations"), **params)
    frames = read_frames_table(paths.data / "frames.csv")
    write_features(frames, WEIGHTS, augmentation, precision, paths.data / "features")


if __name__ == "__main__":
    run(main)
