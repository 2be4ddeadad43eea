"""The work cache: what is dear to make, addressed by what it is made from.

It lives outside the pipeline's outputs, which are hard-linked or copied from it. Deleting it
loses nothing but time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any


class NotMadeError(Exception):
    """Raised under ``only_known`` for what would have to be made."""


_making_allowed = ContextVar("making_allowed", default=True)


@contextmanager
def only_known() -> Iterator[None]:
    """Within it nothing is made: what is not in the cache raises ``NotMadeError``."""
    token = _making_allowed.set(False)
    try:
        yield
    finally:
        _making_allowed.reset(token)


def about_to_make() -> None:
    """Call this before work whose result the cache does not have.

    Raises
    ------
    NotMadeError
        under ``only_known``.
    """
    if not _making_allowed.get():
        raise NotMadeError


def cache_folder() -> Path:
    """Folder of the work cache: ``$POCUS_CACHE``, else ``.cache`` in the working directory."""
    return Path(os.environ.get("POCUS_CACHE") or ".cache")


def digest_of(*parts: Any) -> str:
    """SHA-256 of JSON-serialisable parts, in order."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def code_digest(*modules: Any) -> str:
    """Digest of the source text of modules, so that changed code does not reuse old results."""
    return digest_of([Path(module.__file__).read_text(encoding="utf-8") for module in modules])


def cached_folder(kind: str, digest: str, make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` fills, made only once for one ``digest``.

    ``make`` writes into a temporary folder that is moved into place when it is complete, so
    that an interrupted run leaves nothing that is believed, and two processes may race.
    """
    folder = cache_folder() / kind / digest[:2] / digest
    if folder.is_dir():
        return folder
    about_to_make()
    temporary = folder.with_name(f"{digest}.{uuid.uuid4().hex}.tmp")
    temporary.mkdir(parents=True)
    try:
        make(temporary)
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def place(cached: Path, target: Path) -> None:
    """Put a cached file where an output belongs: by hard link, else by copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(cached, target)
    except OSError:
        shutil.copyfile(cached, target)
