"""Model files of which the same weights always give the same bytes.

Keras and HDF5 write the time of day, and Keras memory addresses, into what they save; here they
are left out.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py


def save_model(model: Any, path: Path) -> None:
    """Write a whole model as a ``.keras`` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent) as folder:
        stamped, written = Path(folder) / "model.keras", Path(folder) / "written"
        model.save(stamped)
        with zipfile.ZipFile(stamped) as source, zipfile.ZipFile(written, "w") as target:
            for name in sorted(source.namelist()):
                content = _settled(name, source.read(name), Path(folder))
                target.writestr(zipfile.ZipInfo(name), content)
        written.replace(path)


def save_weights(model: Any, path: Path) -> None:
    """Write a model's weights as a ``.weights.h5`` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent) as folder:
        stamped, written = Path(folder) / "model.weights.h5", Path(folder) / "written"
        model.save_weights(stamped)
        _copy_without_times(stamped, written)
        written.replace(path)


def _settled(name: str, content: bytes, folder: Path) -> bytes:
    if name == "metadata.json":
        facts = json.loads(content)
        facts["date_saved"] = "1980-01-01@00:00:00"
        return json.dumps(facts, sort_keys=True).encode()
    if name == "config.json":
        return json.dumps(_renumbered(json.loads(content), {}), sort_keys=True).encode()
    if name.endswith(".h5"):
        stamped, written = folder / "stamped.h5", folder / "written.h5"
        stamped.write_bytes(content)
        _copy_without_times(stamped, written)
        return written.read_bytes()
    return content


def _renumbered(node: Any, numbers: dict[int, int]) -> Any:
    """Shared objects numbered in order of appearance instead of by memory address."""
    if isinstance(node, list):
        return [_renumbered(item, numbers) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: numbers.setdefault(value, len(numbers))
        if key == "shared_object_id"
        else _renumbered(value, numbers)
        for key, value in node.items()
    }


def _copy_without_times(source: Path, target: Path) -> None:
    plan = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    plan.set_obj_track_times(False)
    file_id = h5py.h5f.create(str(target).encode(), h5py.h5f.ACC_TRUNC, fcpl=plan)
    with h5py.File(source, "r") as old, h5py.File(file_id) as new:
        _copy_group(old, new)


def _copy_group(old: h5py.Group, new: h5py.Group) -> None:
    for name, value in sorted(old.attrs.items()):
        new.attrs[name] = value
    for name in sorted(old):
        item = old[name]
        if isinstance(item, h5py.Dataset):
            copied = new.create_dataset(name, data=item[()], track_times=False)
            for key, value in sorted(item.attrs.items()):
                copied.attrs[key] = value
        else:
            plan = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
            plan.set_obj_track_times(False)
            h5py.h5g.create(new.id, name.encode(), gcpl=plan)
            _copy_group(item, new[name])
