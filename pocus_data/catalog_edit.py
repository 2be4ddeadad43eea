"""Writing to catalog files by hand's rules: what stood there before stays, byte for byte.

New lines are put between the old ones, so that comments, order, quotes and line ends are nobody's
loss; the result is read again and must hold the old values and the change, nothing else.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import yaml

from pocus_data.errors import CatalogError, UsageError
from pocus_data.yaml_positions import Loader, parse_yaml

HEADER = "# yaml-language-server: $schema=../schema.json\n"
# Lists of words and boxes of numbers read best on one line.
_ON_ONE_LINE = frozenset({"findings", "symptoms", "releases", "crop", "trim", "sheet_numbers"})
_WIDTH = 100


@dataclass(frozen=True)
class _Span:
    """Lines of one entry, from its dash up to, not including, ``stop``; columns count from 0."""

    start: int
    stop: int
    dash: int
    inner: int
    one_line: bool


def append_entry(text: str, entry: dict[str, Any]) -> str:
    """The file's text with one more entry after the last.

    Raises
    ------
    UsageError
        if ``videos`` is no block list, so that there is no place for it.
    """
    content, spans = _layout(text)
    last = spans[-1]
    # An entry on one line says nothing about the fields' column of one on many.
    inner = last.dash + 2 if last.one_line else last.inner
    block = _spell(entry, inner).lstrip(" ")
    new = f"\n{' ' * last.dash}-{' ' * (inner - last.dash - 1)}{block}"
    expected = copy.deepcopy(content)
    expected["videos"].append(entry)
    return _insert(text, last.stop, new, expected)


def add_fields(text: str, video_id: str, fields: dict[str, Any]) -> str:
    """The file's text with more fields at the end of one entry.

    Raises
    ------
    UsageError
        if no entry has this identifier, or it is written on one line.
    """
    content, spans = _layout(text)
    ids = [video.get("id") if isinstance(video, dict) else None for video in content["videos"]]
    if video_id not in ids:
        raise UsageError(f"no entry '{video_id}' in this file")
    at = ids.index(video_id)
    span = spans[at]
    if span.one_line:
        raise UsageError(f"'{video_id}' is written on one line; give each of its fields its own")
    expected = copy.deepcopy(content)
    expected["videos"][at] |= fields
    return _insert(text, span.stop, _spell(fields, span.inner), expected)


def new_file(source: dict[str, Any], entry: dict[str, Any]) -> str:
    """Text of a file for a new source with its first entry."""
    return HEADER + _spell({"source": source}, 0) + "videos:\n- " + _spell(entry, 2).lstrip(" ")


def _read(text: str) -> Any:
    document = parse_yaml(text.encode(), "the file")
    if document.problems:
        raise CatalogError([str(problem) for problem in document.problems])
    return document.value


def _layout(text: str) -> tuple[dict[str, Any], list[_Span]]:
    content = _read(text)
    videos = content.get("videos") if isinstance(content, dict) else None
    if not isinstance(videos, list):
        raise UsageError("'videos' is no list of entries, one '- id: ...' each; write it so")
    if not videos:
        raise UsageError("'videos' is empty; delete the file, and its source can be added anew")
    pairs: Any = getattr(yaml.compose(text, Loader=Loader), "value", [])
    names = [key.value for key, _ in pairs]
    node = pairs[names.index("videos")][1]
    if node.flow_style:
        raise UsageError("'videos' is no block list with one '- id: ...' an entry; write it so")
    lines = text.splitlines()
    later = names.index("videos") + 1
    end = pairs[later][0].start_mark.line if later < len(pairs) else len(lines)
    starts = [_dash_line(lines, item.start_mark) for item in node.value]
    spans = []
    for item, start, stop in zip(node.value, starts, [*starts[1:], end], strict=True):
        dash = len(lines[start]) - len(lines[start].lstrip(" "))
        tail = _without_tail(lines, item.start_mark.line, stop, dash)
        spans.append(_Span(start, tail, dash, item.start_mark.column, bool(item.flow_style)))
    return content, spans


def _dash_line(lines: list[str], mark: Any) -> int:
    """The line of an entry's dash, which may stand above its first key."""
    line: int = mark.line
    while not lines[line].lstrip(" ").startswith("-"):
        line -= 1
    return line


def _without_tail(lines: list[str], start: int, stop: int, dash: int) -> int:
    """Where an entry ends: blank lines and outer comments after it belong to what follows."""
    while stop > start + 1:
        line = lines[stop - 1]
        indent = len(line) - len(line.lstrip(" "))
        if line.strip() and not (line.lstrip().startswith("#") and indent <= dash):
            break
        stop -= 1
    return stop


def _insert(text: str, at: int, block: str, expected: Any) -> str:
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    before, after = lines[:at], lines[at:]
    if before and not before[-1].endswith("\n"):
        before[-1] += newline
    changed = "".join([*before, block.replace("\n", newline), *after])
    if _read(changed) != _plain(expected):
        raise UsageError("the file's layout is too unusual to change safely; edit it by hand")
    return changed


def _plain(value: Any) -> Any:
    """Values as they are read: tuples are lists."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


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
