"""Writing to catalog files by hand's rules: what stood there before stays, byte for byte.

``ruamel.yaml`` tells where entries stand, PyYAML spells new ones; the new lines are then put
between the old ones, so that comments, order, quotes and line ends are nobody's loss.
"""

from __future__ import annotations

from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pocus_data.errors import CatalogError, UsageError
from pocus_data.yaml_positions import parse_yaml

HEADER = "# yaml-language-server: $schema=../schema.json\n"
# Lists of words and boxes of numbers read best on one line.
_ON_ONE_LINE = frozenset({"findings", "symptoms", "releases", "crop", "trim", "sheet_numbers"})
_WIDTH = 100


def append_entry(text: str, entry: dict[str, Any]) -> str:
    """The file's text with one more entry after the last.

    Raises
    ------
    UsageError
        if ``videos`` is no block list, so that there is no place for it.
    """
    spans, dash, inner = _layout(text)
    lines = text.splitlines(keepends=True)
    end = spans[-1][1] if spans else len(lines)
    block = _spell(entry, inner).lstrip(" ")
    new = f"\n{' ' * dash}-{' ' * (inner - dash - 1)}{block}"
    return _insert(lines, end, new)


def add_fields(text: str, video_id: str, fields: dict[str, Any]) -> str:
    """The file's text with more fields at the end of one entry.

    Raises
    ------
    UsageError
        if no entry has this identifier.
    """
    spans, _, inner = _layout(text)
    ids = [video.get("id") for video in _parse(text)["videos"]]
    if video_id not in ids:
        raise UsageError(f"no entry '{video_id}' in this file")
    end = spans[ids.index(video_id)][1]
    return _insert(text.splitlines(keepends=True), end, _spell(fields, inner))


def new_file(source: dict[str, Any], entry: dict[str, Any]) -> str:
    """Text of a file for a new source with its first entry."""
    return HEADER + _spell({"source": source}, 0) + "videos:\n- " + _spell(entry, 2).lstrip(" ")


def _parse(text: str) -> Any:
    return YAML(typ="rt").load(text)


def _layout(text: str) -> tuple[list[tuple[int, int]], int, int]:
    """Line spans of the entries, the column of their dashes and that of their fields."""
    problems = parse_yaml(text.encode(), "the file").problems
    if problems:
        raise CatalogError([str(problem) for problem in problems])
    content = _parse(text)
    videos = content.get("videos") if isinstance(content, CommentedMap) else None
    if not isinstance(videos, CommentedSeq) or (videos.fa.flow_style() and len(videos)):
        raise UsageError("'videos' is no block list with one '- id: ...' an entry; write it so")
    if not videos:
        raise UsageError("'videos' is empty; delete the file, and its source can be added anew")
    keys = list(content)
    lines = text.splitlines()
    after = keys.index("videos") + 1
    last = content.lc.key(keys[after])[0] if after < len(keys) else len(lines)
    inner = videos.lc.item(0)[1]
    starts = [videos.lc.item(number)[0] for number in range(len(videos))]
    dash = lines[starts[0]].index("-")
    spans = []
    for start, stop in zip(starts, [*starts[1:], last], strict=True):
        spans.append((start, _without_tail(lines, start, stop, dash)))
    return spans, dash, inner


def _without_tail(lines: list[str], start: int, stop: int, dash: int) -> int:
    """Where an entry ends: blank lines and outer comments after it belong to what follows."""
    while stop > start + 1:
        line = lines[stop - 1]
        indent = len(line) - len(line.lstrip(" "))
        if line.strip() and not (line.lstrip().startswith("#") and indent <= dash):
            break
        stop -= 1
    return stop


def _insert(lines: list[str], at: int, block: str) -> str:
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    before, after = lines[:at], lines[at:]
    if before and not before[-1].endswith("\n"):
        before[-1] += newline
    return "".join([*before, block.replace("\n", newline), *after])


def _spell(fields: dict[str, Any], indent: int) -> str:
    text = yaml.dump(
        _styled(fields), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    lines = text.splitlines(keepends=True)
    return "".join(" " * indent + line if line.strip() else line for line in lines)


_SEQUENCE, _MAPPING = "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"


class _Line(list[Any]):
    """A list to be written on one line."""


class _Box(dict[str, Any]):
    """A mapping to be written on one line."""


class _Writer(yaml.SafeDumper):
    """Spells values as the catalog's reader, which is PyYAML too, will read them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML names it
        """A catalog has no anchors."""
        return True


_Writer.add_representer(
    _Line, lambda writer, value: writer.represent_sequence(_SEQUENCE, value, flow_style=True)
)
_Writer.add_representer(
    _Box, lambda writer, value: writer.represent_mapping(_MAPPING, value.items(), flow_style=True)
)


def _styled(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        mapping = {key: _styled(inner, key) for key, inner in value.items()}
        return _Box(mapping) if name in _ON_ONE_LINE else mapping
    if isinstance(value, list | tuple):
        sequence = [_styled(inner) for inner in value]
        return _Line(sequence) if name in _ON_ONE_LINE else sequence
    return value
