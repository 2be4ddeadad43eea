"""Stage ``features``: the frozen convolutions over all frames, once."""

from pipelines.common import WEIGHTS, Params, Paths, run
from pocus_data.classifier.features import write_features
from pocus_data.tables import read_frames_table


def main(paths: Paths, params: Params) -> None:
    """Read ``frames/``, write ``features/``."""
    frames = read_frames_table(paths.data / "frames.csv")
    write_features(frames, WEIGHTS, params.features, paths.data / "features")


if __name__ == "__main__":
    run(main)
