"""A clone of the repository that a test may run the pipeline in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.conftest import REPOSITORY

# Fewer epochs and copies than the demo: enough to tell the phantom's classes apart.
QUICK = {"features": {"augmentations": 2}, "train": {"epochs": 6}}
TARGETS = ("audit@phantom", "export@phantom")


class Clone:
    """A copy of the repository's files under git, with a work cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "work-cache"
        listed = self.run("git", "ls-files", "-co", "--exclude-standard", cwd=REPOSITORY)
        for name in listed.stdout.split("\n")[:-1]:
            if (REPOSITORY / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(REPOSITORY / name, folder / name)
        self.run("git", "init", "-q")
        self.run("git", "config", "user.email", "test@example.invalid")
        self.run("git", "config", "user.name", "test")
        self.commit()

    def run(self, *words: str, cwd: Path | None = None, fails: bool = False, **env: str):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        settings = {"PATH": path, "POCUS_CACHE": str(self.cache)} | env
        without_mirror = {k: v for k, v in os.environ.items() if k != "POCUS_MIRROR"}
        done = subprocess.run(
            words,
            cwd=cwd or self.folder,
            env=without_mirror | settings,
            capture_output=True,
            text=True,
            timeout=800,
        )
        assert fails == bool(done.returncode), done.stdout + done.stderr
        return done

    def dvc(self, *words: str, fails: bool = False, **env: str):
        return self.run(sys.executable, "-m", "dvc", *words, fails=fails, **env)

    def set_params(self, changes: dict[str, dict[str, object]]) -> None:
        path = self.folder / "params.yaml"
        params = yaml.safe_load(path.read_text())
        for section, values in changes.items():
            params[section] |= values
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "state")

    def metrics(self) -> dict[str, dict[str, float]]:
        return json.loads((self.folder / "reports/phantom/metrics.json").read_text())
