"""TFRecord files of ``tf.train.Example``, with a feature spec from which ``tf.data`` reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pocus_data.export import Selection
from pocus_data.tables import CLASS_ORDER, records

SPEC = "features.json"
SAMPLES_PER_FILE = 1000
_WHOLE = ("frame_index", "width", "height", "crop_x", "crop_y", "crop_size")
_REAL = ("time_s",)


def front_matter(selection: Selection) -> str:  # noqa: ARG001 - as all formats
    """Nothing: the hub does not read TFRecord."""
    return ""


def write(selection: Selection, folder: Path) -> None:
    """Write ``<split>-<number>-of-<count>.tfrecord`` and ``features.json``.

    The spec maps each feature to its type, for ``tf.io.parse_single_example``: ``image`` is the
    PNG file, ``label`` the position of the class among those the network tells apart, or -1.
    """
    from pocus_data.classifier.backend import tf

    known = selection.metadata
    for split in selection.splits:
        rows = selection.of(split)
        count = -(-len(rows) // SAMPLES_PER_FILE)
        for number in range(count):
            part = rows.iloc[number * SAMPLES_PER_FILE : (number + 1) * SAMPLES_PER_FILE]
            name = f"{split}-{number:05d}-of-{count:05d}.tfrecord"
            with tf.io.TFRecordWriter(str(folder / name)) as writer:
                for path, row in zip(part["path"], records(known.loc[part.index]), strict=True):
                    writer.write(_example(tf, path, row))
    spec = {"image": "string", "label": "int64"}
    spec |= {name: _kind(name) for name in known.columns}
    described = {name: {"dtype": kind, "shape": []} for name, kind in spec.items()}
    content = {"classes": list(CLASS_ORDER), "features": described}
    (folder / SPEC).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _kind(name: str) -> str:
    return "int64" if name in _WHOLE else "float32" if name in _REAL else "string"


def _example(tf: Any, path: Path, row: dict[str, Any]) -> bytes:
    label = CLASS_ORDER.index(row["class"]) if row["class"] in CLASS_ORDER else -1
    values: dict[str, Any] = {"image": path.read_bytes(), "label": label}
    for name, value in row.items():
        if name in _WHOLE:
            values[name] = int(value)
        else:
            values[name] = float(value) if name in _REAL else str(value)
    features = {name: _feature(tf, value) for name, value in values.items()}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    # The order of a map's entries is otherwise nobody's promise.
    return bytes(example.SerializeToString(deterministic=True))


def _feature(tf: Any, value: Any) -> Any:
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    if isinstance(value, float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
    raw = value if isinstance(value, bytes) else value.encode()
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[raw]))
