"""What every stage module shares: its paths, its parameters, and how it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pocus_data.errors import PocusError, UsageError


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


def load_params(section: str) -> Any:
    """One section of ``params.yaml``."""
    content = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    if section not in content:
        raise UsageError(f"params.yaml: section '{section}' is missing")
    return content[section]


def run(stage: Callable[[Paths], None]) -> None:
    """Run a stage for the dataset named on the command line; say errors in one line."""
    try:
        stage(Paths(sys.argv[1]) if len(sys.argv) > 1 else Paths(""))
    except PocusError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"{place}{error.strerror or error}", file=sys.stderr)
        raise SystemExit(1) from None
