"""Errors that a user can mend.

Every error of this family prints as one line that names the thing, the place and the way
out; commands and stages turn it into a non-zero exit code, never a traceback.
"""

from __future__ import annotations

EXIT_FINDINGS = 1
EXIT_USAGE = 2


class PocusError(Exception):
    """A problem that the person at the keyboard can do something about."""

    exit_code = EXIT_FINDINGS


class UsageError(PocusError):
    """A command or a setting that asks for something that does not exist."""

    exit_code = EXIT_USAGE


class CatalogError(PocusError):
    """The catalog cannot be used as it is written; carries every problem found."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class FetchError(PocusError):
    """No source gave the bytes of an entry."""


class MediaError(PocusError):
    """A file is there but is no readable video or image."""


class DataError(PocusError):
    """A table or a folder is not what the stage that writes it would have written."""
