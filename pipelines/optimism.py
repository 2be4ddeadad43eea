"""Stage ``optimism``: the paper's recipe under leaky and tight folds."""

from pipelines.common import WEIGHTS, Params, Paths, run
from pocus_data import splits
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.classifier.optimism import measure_optimism
from pocus_data.examinations import clips_of, examination_pairs
from pocus_data.near_duplicates import frame_hashes, near_pairs
from pocus_data.outputs import write_json
from pocus_data.tables import read_frames_table, read_index, read_videos


def main(paths: Paths, params: Params) -> None:
    """Read features and frames, write ``optimism.json``."""
    if paths.dataset not in params.optimism.datasets:
        write_json(paths.reports / "optimism.json", {})
        return
    frames = read_frames_table(paths.data / "frames.csv")
    index = read_index(paths.data / "catalog.csv")
    chosen = splits.select_frames(frames, index, params.split.select)
    near = near_pairs(frame_hashes(chosen), chosen["video_id"])
    same = examination_pairs(clips_of(read_videos(paths.data / "videos.csv"), index))
    store = FeatureStore(paths.data / "features")
    bootstrap = Bootstrap(params.evaluate.bootstrap_samples, params.evaluate.seed)
    found = measure_optimism(
        store, chosen, near, same, params.split, params.optimism, WEIGHTS, bootstrap
    )
    write_json(paths.reports / "optimism.json", found)


if __name__ == "__main__":
    run(main)
