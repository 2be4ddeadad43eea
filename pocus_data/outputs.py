"""Writing outputs: whole or not at all, and never through somebody else's link.

DVC may hard-link an output to its cache; writing into the old file would change the cached copy.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pocus_data.errors import DataError


@contextmanager
def fresh(path: Path) -> Iterator[Path]:
    """A new file beside ``path``, with its ending, that takes its place when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)  # noqa: PTH105 - says both paths when it fails
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    with fresh(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read what ``write_json`` wrote.

    Raises
    ------
    DataError
        if it is missing.
    """
    if not path.exists():
        raise DataError(f"{path}: missing; run 'dvc repro' to make it")
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write indented JSON with a line end."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
