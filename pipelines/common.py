"""What every stage module shares: its paths, its parameters, and how it fails."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pocus_data.errors import PocusError
from pocus_data.params import Params, load_params

__all__ = ["WEIGHTS", "Params", "Paths", "run"]

WEIGHTS = Path("models/vgg16_imagenet_notop.weights.h5")


@dataclass(frozen=True)
class Paths:
    """Where the stages of one dataset read and write, relative to the repository."""

    dataset: str

    @property
    def data(self) -> Path:
        """Tables and files of the dataset."""
        return Path("data") / self.dataset

    @property
    def models(self) -> Path:
        """Trained networks."""
        return Path("models") / self.dataset

    @property
    def reports(self) -> Path:
        """Metrics, plots and pages."""
        return Path("reports") / self.dataset

    @property
    def exports(self) -> Path:
        """What may be shared."""
        return Path("exports") / self.dataset


def run(stage: Callable[[Paths, Params], None]) -> None:
    """Run a stage for the dataset named on the command line; say errors in one line."""
    try:
        stage(Paths(sys.argv[1]) if len(sys.argv) > 1 else Paths(""), load_params())
    except PocusError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        full = error.errno == errno.ENOSPC
        way_out = "; free some space and run again, what was made so far is kept" if full else ""
        print(f"{place}{error.strerror or error}{way_out}", file=sys.stderr)
        raise SystemExit(1) from None
