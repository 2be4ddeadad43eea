"""What could not be had, so that one more entry does not ask for all that is gone again.

A run whose inputs are those of the last one was asked for by a person (``dvc repro --force``), and
tries everything anew; so does one after ``retry_after_h``. Only a run with other inputs, such as a
new entry, passes over what failed before.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pocus_data.fetch import Wanted
from pocus_data.outputs import write_json
from pocus_data.params import Download
from pocus_data.workcache import cache_folder, digest_of


class Misses:
    """Reasons by entry, kept in the work cache for one folder of downloads."""

    def __init__(self, folder: Path, wanted: list[Wanted], settings: Download) -> None:
        """Recall the last run's."""
        self._file = cache_folder() / "misses" / f"{digest_of(folder.as_posix())}.json"
        self._places = (settings.mirrors, settings.mirror_of)
        self._inputs = digest_of([asdict(each) for each in wanted], settings.model_dump())
        last = self._recalled()
        oldest = time.time() - 3600 * settings.retry_after_h
        same = last.get("inputs") == self._inputs
        known = {} if same else last.get("reasons", {})
        self._known = {key: reason for key, reason in known.items() if reason["at"] > oldest}
        self._new: dict[str, Any] = {}

    def known(self, wanted: Wanted) -> str | None:
        """Why it could not be had lately, if so."""
        key = self._key(wanted)
        if key not in self._known:
            return None
        self._new[key] = self._known[key]
        return str(self._known[key]["reason"])

    def add(self, wanted: Wanted, reason: str) -> None:
        """Remember why it could not be had now."""
        self._new[self._key(wanted)] = {"reason": reason, "at": time.time()}

    def save(self) -> None:
        """Keep this run's for the next one."""
        write_json(self._file, {"inputs": self._inputs, "reasons": self._new})

    def _key(self, wanted: Wanted) -> str:
        return digest_of(asdict(wanted), self._places)

    def _recalled(self) -> dict[str, Any]:
        try:
            last = json.loads(self._file.read_text(encoding="utf-8"))
            return last if isinstance(last, dict) else {}
        except (OSError, ValueError):
            return {}
