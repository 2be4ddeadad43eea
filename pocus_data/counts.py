"""How many videos, images, patients and frames a catalog lists, by what one asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pocus_data.catalog import Catalog, load_catalog
from pocus_data.errors import UsageError
from pocus_data.models import Media, Source, Video

Entry = tuple[Source, Video]
COUNTED = ("entries", "videos", "images", "patients", "frames")
_BAR_CELLS = 28


def _kinds(catalog: Catalog) -> dict[str, Callable[[Entry], Iterable[str]]]:
    return {
        "class": lambda entry: [entry[1].diagnosis.value],
        "source": lambda entry: [entry[0].id],
        "license": lambda entry: [catalog.license_of(*entry)],
        "probe": lambda entry: [entry[1].probe.value],
        "media": lambda entry: [entry[1].media.value],
        "release": lambda entry: entry[1].releases or ["none"],
        "used": lambda entry: [_use(entry[1])],
    }


def count(dataset: str, by: tuple[str, ...], release: str | None, root: Path) -> dict[str, Any]:
    """Count a catalog's entries in groups.

    Parameters
    ----------
    by : one or more of ``class``, ``source``, ``license``, ``probe``, ``media``, ``release`` and
        ``used``.
    release : count only what this release lists. What was excluded or withdrawn since counts too.

    Returns
    -------
    ``total`` and ``groups``: ``entries``, ``videos``, ``images``, ``patients`` (known ones) and
    ``frames`` (as catalogued), each also per ``class``.

    Raises
    ------
    UsageError
        if there is no such kind, release or dataset.
    """
    catalog = load_catalog(dataset, root)
    kinds = _kinds(catalog)
    for kind in by:
        if kind not in kinds:
            raise UsageError(f"--by {kind}: is one of {', '.join(kinds)}")
    releases = sorted({name for _, video in catalog.entries for name in video.releases})
    if release is not None and release not in releases:
        known = ", ".join(releases) or "none"
        raise UsageError(f"--release {release}: {dataset} has {known}")
    entries = [entry for entry in catalog.entries if release in (None, *entry[1].releases)]
    groups: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        for key in _keys(entry, [kinds[kind] for kind in by]):
            groups[key].append(entry)
    rows = [dict(zip(by, key, strict=True)) | _counts(groups[key]) for key in groups]
    rows.sort(key=lambda row: (-row["entries"], *(row[kind] for kind in by)))
    return {
        "dataset": dataset,
        "release": release,
        "by": list(by),
        "total": _counts(entries),
        "groups": rows,
    }


def show(counted: dict[str, Any]) -> None:
    """Print a table with bars."""
    by, groups = counted["by"], counted["groups"]
    release = f", release {counted['release']}" if counted["release"] else ""
    table = Table(title=f"{counted['dataset']}{release}", title_justify="left")
    for kind in by:
        table.add_column(kind)
    for name in COUNTED:
        table.add_column(name, justify="right")
    split = by != ["class"] and len(by) == 1
    classes = sorted({name for row in groups for name in row["classes"]}) if split else []
    for name in classes:
        table.add_column(name, justify="right")
    table.add_column("", min_width=_BAR_CELLS)
    most = max((row["entries"] for row in groups), default=1)
    for row in groups:
        bar = "█" * max(1, round(_BAR_CELLS * row["entries"] / most))
        numbers = [f"{row[name]:,}" for name in COUNTED]
        numbers += [str(row["classes"].get(name, "")) for name in classes]
        table.add_row(*(row[kind] for kind in by), *numbers, bar)
    total = counted["total"]
    last = [f"{total[name]:,}" for name in COUNTED]
    last += [str(total["classes"].get(name, "")) for name in classes]
    table.add_section()
    table.add_row("total", *[""] * (len(by) - 1), *last, "")
    Console(width=None if Console().is_terminal else 200).print(table)


def draw(counted: dict[str, Any], path: Path) -> None:
    """Draw the groups as horizontal bars, videos beside images.

    Raises
    ------
    UsageError
        if the file's ending is no picture's.
    """
    from matplotlib import pyplot

    if path.suffix.lower() not in {".png", ".svg"}:
        raise UsageError(f"--chart {path}: name a .png or .svg file")
    groups = counted["groups"][::-1]
    names = [" · ".join(row[kind] for kind in counted["by"]) for row in groups]
    figure, axes = pyplot.subplots(figsize=(8, 1.2 + 0.32 * len(groups)), layout="constrained")
    videos = [row["videos"] for row in groups]
    images = [row["images"] for row in groups]
    first = axes.barh(names, videos, color="#24618e", label="videos")
    second = axes.barh(names, images, left=videos, color="#e0a33e", label="images")
    for bars, sizes in ((first, videos), (second, images)):
        labels = [str(size or "") for size in sizes]
        axes.bar_label(bars, labels, label_type="center", color="white", fontsize=8)
    release = f", release {counted['release']}" if counted["release"] else ""
    axes.set_title(f"{counted['dataset']}{release}: entries", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    try:
        # The same counts are the same bytes: no date, no random names.
        with pyplot.rc_context({"svg.hashsalt": "pocus-data"}):
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    except (ValueError, OSError) as error:
        raise UsageError(f"--chart {path}: {error}") from error
    finally:
        pyplot.close(figure)


def _keys(entry: Entry, kinds: list[Callable[[Entry], Iterable[str]]]) -> list[tuple[str, ...]]:
    keys: list[tuple[str, ...]] = [()]
    for kind in kinds:
        keys = [(*key, value) for key in keys for value in kind(entry)]
    return keys


def _counts(entries: list[Entry]) -> dict[str, Any]:
    videos = [video for _, video in entries]
    classes: dict[str, int] = defaultdict(int)
    for video in videos:
        classes[video.diagnosis.value] += 1
    return {
        "entries": len(videos),
        "videos": sum(video.media is Media.VIDEO for video in videos),
        "images": sum(video.media is Media.IMAGE for video in videos),
        "patients": len({video.patient for video in videos if video.patient}),
        "frames": sum(video.frames or 0 for video in videos),
        "classes": dict(sorted(classes.items())),
    }


def _use(video: Video) -> str:
    if video.withdrawn is not None:
        return "withdrawn"
    return "excluded" if video.exclude else "in use"
