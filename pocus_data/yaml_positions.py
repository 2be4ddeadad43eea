"""YAML with positions: plain Python values, and where each of them stands in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]

# An error keeps a catalog from being used; a warning wants a person's judgement.
ERROR, WARNING = "error", "warning"
# A source's file is a few hundred kilobytes; one far beyond is a mistake, and slow to parse.
MAX_BYTES = 8_000_000
# A catalog file nests five levels.
MAX_DEPTH = 50
# What opens or closes a level: brackets, and the blanks and dashes before a line's content.
_NESTING = re.compile(r"[\[\]{}]|^[ -]{50,}", re.MULTILINE)
# What may be an anchor: '&' where a value begins.
_ANCHOR = re.compile(r"(^|[:\[{,-])[ ]*&\w", re.MULTILINE)
# Longer numbers than any size, and than Python likes to print.
_LARGEST = 10**15

Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in one place of a catalog file; sorts by place."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    severity: str = ERROR

    def __str__(self) -> str:
        mark = f"{WARNING}: " if self.severity == WARNING else ""
        return f"{self.file}:{self.line}:{self.column}: {self.rule}: {mark}{self.message}"


@dataclass
class Document:
    """A parsed YAML file.

    ``positions`` maps the path of keys and list indices that leads to a value to its
    one-based (line, column); ``problems`` lists what made the file unreadable, if anything.
    """

    file: str
    value: Any = None
    positions: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    # Nodes already turned into values; one met again is an alias.
    built: set[int] = field(default_factory=set, repr=False)

    def position(self, path: KeyPath) -> tuple[int, int]:
        """Where ``path`` stands, or the nearest of its parents that stands anywhere."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, (1, 1))

    def problem(self, path: KeyPath, rule: str, message: str, severity: str = ERROR) -> Problem:
        """Build a problem located at ``path``."""
        line, column = self.position(path)
        return Problem(self.file, line, column, rule, message, severity)


def read_yaml(path: Path, shown_as: str) -> Document:
    """Parse a YAML file, keeping the place of every value.

    Parameters
    ----------
    path : file to read, UTF-8.
    shown_as : the name that problems carry, usually relative to the repository.

    Returns
    -------
    The document; mistakes of encoding, syntax, anchors or duplicate keys are in its
    ``problems``, never raised.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            said = f"larger than {MAX_BYTES // 1_000_000} MB; one source a file, split it"
            return _unreadable(shown_as, "file", said)
        return parse_yaml(path.read_bytes(), shown_as)
    except OSError as error:
        return _unreadable(shown_as, "file", f"cannot be read: {error.strerror or error}")


def _unreadable(shown_as: str, rule: str, message: str) -> Document:
    return Document(shown_as, problems=[Problem(shown_as, 1, 1, rule, message)])


def parse_yaml(raw: bytes, shown_as: str) -> Document:
    """``read_yaml`` for bytes at hand."""
    document = Document(shown_as)
    try:
        text = raw.decode("utf-8")
        nul = text.find("\0")
        if nul >= 0:
            line = text.count("\n", 0, nul) + 1
            message = "a NUL byte; the file is damaged or is no text"
            document.problems.append(Problem(shown_as, line, 1, "encoding", message))
            return document
        if _too_deep(text):
            document.problems.append(Problem(shown_as, 1, 1, "yaml", "nested too deeply"))
            return document
        loader = Loader(text)
        try:
            _anchors(text, document)
            node = loader.get_single_node()
            if node is not None:
                document.value = _build(node, loader, document, ())
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        document.problems.append(Problem(shown_as, line, 1, "encoding", message))
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(error, shown_as))
    return document


def _too_deep(text: str) -> bool:
    """Whether values are nested so deeply that the parser's own recursion would crash."""
    deepest = longest = depth = 0
    for mark in _NESTING.finditer(text):
        found = mark[0]
        if found in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found in "]}":
            depth = max(0, depth - 1)
        else:
            longest = max(longest, len(found))
    if max(deepest, longest) <= MAX_DEPTH:
        return False
    # Brackets may stand in texts: only the parser's events tell.
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1
    return False


def _anchors(text: str, document: Document) -> None:
    """Note every anchor: entries stand alone, so nothing is to be named for use elsewhere."""
    if _ANCHOR.search(text):
        for event in yaml.parse(text, Loader=Loader):
            name = getattr(event, "anchor", None)
            if name and not isinstance(event, yaml.AliasEvent):
                mark: Any = event.start_mark
                message = f"an anchor '&{name}'; write values out, entries stand alone"
                place = (mark.line + 1, mark.column + 1)
                document.problems.append(Problem(document.file, *place, "yaml", message))


def _syntax_problem(error: yaml.YAMLError, shown_as: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    hint = "; indent with spaces, not tabs" if "\\t" in repr(said) else ""
    return Problem(shown_as, line, column, "yaml", f"{' '.join(str(said).split())}{hint}")


def _build(node: Any, loader: Any, document: Document, path: KeyPath) -> Any:
    if id(node) in document.built:
        line = node.start_mark.line + 1
        message = f"an alias of line {line}; write the value out, entries stand alone"
        document.problems.append(document.problem(path, "yaml", message))
        return None
    document.built.add(id(node))
    document.positions[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(node, loader, document, path)
    if isinstance(node, yaml.SequenceNode):
        items = enumerate(node.value)
        return [_build(item, loader, document, (*path, index)) for index, item in items]
    try:
        value = loader.construct_object(node)
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise ValueError("a number of more than 15 digits")
        return value
    except (ValueError, KeyError, IndexError, AttributeError, yaml.YAMLError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        document.problems.append(document.problem(path, "yaml", f"cannot be read: {said}"))
        return None


def _build_mapping(node: Any, loader: Any, document: Document, path: KeyPath) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        here = (*path, key)
        if key in mapping:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            first = document.position(here)[0]
            message = f"'{key}' is already set on line {first}; keep one of them"
            document.problems.append(Problem(document.file, line, column, "duplicate-key", message))
            continue
        mapping[key] = _build(value_node, loader, document, here)
    return mapping
