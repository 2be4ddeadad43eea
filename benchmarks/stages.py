"""Wall time and peak memory of each stage, with an empty work cache.

``python -m benchmarks.stages DATASET`` runs every stage of one dataset anew, in order, and prints
a table. Outputs are those of ``dvc repro``; only the work cache is a temporary one.
"""

import os
import resource
import subprocess
import sys
import time
from tempfile import TemporaryDirectory

STAGES = ["index", "download", "crop", "sample", "split", "features", "train", "evaluate", "audit"]


def main() -> None:
    """Time the stages of the dataset named on the command line."""
    dataset = sys.argv[1] if len(sys.argv) > 1 else "phantom"
    print("| stage | wall time, s |\n| --- | ---: |\n", end="")
    total = 0.0
    with TemporaryDirectory() as cache:
        for stage in STAGES:
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", f"pipelines.{stage}", dataset],
                env=os.environ | {"POCUS_CACHE": cache},
                check=True,
            )
            taken = time.perf_counter() - start
            total += taken
            print(f"| {stage} | {taken:.1f} |", flush=True)
    print(f"| all | {total:.1f} |")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nPeak memory of any one process: {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
