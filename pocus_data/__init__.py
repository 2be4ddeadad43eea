"""Curate, version and audit an open lung-ultrasound dataset; train and evaluate POCOVID-Net."""

from pocus_data.catalog import load_catalog
from pocus_data.dataset import load_frames

__all__ = ["load_catalog", "load_frames"]
