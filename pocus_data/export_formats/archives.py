"""Archives whose bytes depend on their content alone."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path


def tar_of(members: Iterable[tuple[str, bytes]], path: Path) -> None:
    """Write named contents in their order, without owner, time or rights of this machine."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
