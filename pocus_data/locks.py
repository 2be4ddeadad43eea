"""What ``dvc.lock`` and git record of the stages' outputs, and what has changed since."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path
from typing import Any

import yaml

from pocus_data.errors import DataError


def read_lock(root: Path = Path()) -> dict[str, dict[str, str]]:
    """Hash of each output, by stage and path; empty where nothing was ever run.

    Raises
    ------
    DataError
        if the lock is no YAML of DVC's.
    """
    path = root / "dvc.lock"
    return parse_lock(path.read_text(encoding="utf-8")) if path.exists() else {}


def parse_lock(text: str) -> dict[str, dict[str, str]]:
    """``read_lock`` of a lock's text, such as that of another revision."""
    try:
        stages = yaml.safe_load(text)["stages"]
        return {
            stage: {out["path"]: out["md5"] for out in content.get("outs", [])}
            for stage, content in stages.items()
        }
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise DataError("dvc.lock: is not what DVC writes; 'git checkout dvc.lock'") from error


def commit_of(md5: str, root: Path = Path()) -> str | None:
    """The first commit whose ``dvc.lock`` has this hash; ``None`` before it is committed."""
    command = ["git", "log", "--format=%H", f"-S{md5}", "--reverse", "--", "dvc.lock"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    commits = done.stdout.split()
    return commits[0] if commits else None


def changed_stages(dataset: str, root: Path = Path()) -> dict[str, str]:
    """What DVC says has changed since the lock, by stage of one dataset, in words.

    Raises
    ------
    DataError
        if this is no DVC repository, or its files are broken.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.CRITICAL)
    try:
        with Repo(str(root)) as repo:
            names = [stage.addressing for stage in repo.index.stages]
            own = [name for name in names if name == "weights" or name.endswith(f"@{dataset}")]
            status = repo.status(targets=own) if own else {}
    except DvcException as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(f"DVC cannot say what changed: {said[0]}") from error
    return {stage: _in_words(changes) for stage, changes in status.items()}


def _in_words(changes: list[Any]) -> str:
    said = []
    for change in changes:
        if not isinstance(change, dict):
            said.append(str(change))
            continue
        for kind, what in change.items():
            names = ", ".join(f"{path} {how}" for path, how in sorted(_flat(what)))
            said.append(f"{kind}: {names}")
    return "; ".join(said)


def _flat(what: Any, before: str = "") -> list[tuple[str, str]]:
    if not isinstance(what, dict):
        return [(before, str(what))]
    pairs = []
    for key, value in what.items():
        pairs += _flat(value, f"{before} {key}".strip())
    return pairs
