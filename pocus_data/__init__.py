"""Curate, version and audit an open lung-ultrasound dataset; train and evaluate POCOVID-Net."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pocus_data.catalog import load_catalog
    from pocus_data.dataset import load_frames

__all__ = ["load_catalog", "load_frames"]


def __getattr__(name: str) -> Any:
    """Load what is asked for only then: a worker that decodes clips needs no tables."""
    if name == "load_catalog":
        from pocus_data.catalog import load_catalog

        return load_catalog
    if name == "load_frames":
        from pocus_data.dataset import load_frames

        return load_frames
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
