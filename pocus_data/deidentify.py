"""DICOM files without their identifying tags: only what a frame needs is copied.

A list of what may stay rather than of what must go (PS3.15, Annex E, keeps the second): makers put
names into private tags, comments, overlays and the preamble too. Text burned into the pixels is
not touched; the crop leaves out what lies beside the scan.
"""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import generate_uid

from pocus_data.dicom import read_meta
from pocus_data.errors import FetchError

_PIXELS = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames"),
    *("Rows", "Columns", "PixelAspectRatio", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "PresentationLUTShape", "RescaleIntercept", "RescaleSlope"),
    *("RescaleType", "WindowCenter", "WindowWidth", "VOILUTFunction", "PixelData"),
    *("RedPaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData"),
    *("GreenPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableData"),
    *("BluePaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableData"),
    *("ExtendedOffsetTable", "ExtendedOffsetTableLengths", "LossyImageCompression"),
    *("LossyImageCompressionRatio", "LossyImageCompressionMethod", "BurnedInAnnotation"),
)
_TIMES = (
    *("FrameIncrementPointer", "FrameTime", "FrameTimeVector", "CineRate"),
    "RecommendedDisplayFrameRate",
)
_MACHINE = ("SOPClassUID", "Modality", "Manufacturer", "ManufacturerModelName")
_TABLES = ("ModalityLUTSequence", "VOILUTSequence", "SequenceOfUltrasoundRegions")
_IN_TABLES = (
    *("LUTDescriptor", "LUTData", "RegionSpatialFormat", "RegionDataType", "RegionFlags"),
    *("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1"),
    *("PhysicalUnitsXDirection", "PhysicalUnitsYDirection", "PhysicalDeltaX", "PhysicalDeltaY"),
    *("ReferencePixelX0", "ReferencePixelY0", "TransducerFrequency"),
)


def deidentify(source: Path, target: Path, sha256: str) -> None:
    """Copy a DICOM file without anything that tells who, where or when.

    Parameters
    ----------
    sha256 : digest of ``source``; the copy's identifiers are made from it, so that the same file
        gives the same bytes.

    Raises
    ------
    FetchError
        if the file cannot be read as DICOM: what cannot be read cannot be stripped.
    """
    try:
        meta = read_meta(source)
        kept = _kept(
            pydicom.dcmread(source, specific_tags=[*_PIXELS, *_TIMES, *_MACHINE, *_TABLES])
        )
        kept.file_meta = _meta(meta, sha256)
        kept.SOPInstanceUID = kept.file_meta.MediaStorageSOPInstanceUID
        kept.preamble = bytes(128)
        kept.save_as(target, enforce_file_format=True)
    except OSError:
        raise
    # A damaged file may raise nearly anything in pydicom: KeyError, AttributeError, struct.error.
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise FetchError(
            f"a DICOM file whose identifying tags cannot be taken out ({said}); not kept"
        ) from error


def _kept(whole: Dataset) -> Dataset:
    kept = Dataset()
    for name in (*_PIXELS, *_TIMES, *_MACHINE):
        if name in whole:
            kept[name] = whole[name]
    for name in _TABLES:
        if name in whole:
            items = [_only(item, _IN_TABLES) for item in whole[name].value]
            setattr(kept, name, items)
    kept.PatientIdentityRemoved = "YES"
    kept.DeidentificationMethod = "pocus-data: pixels, times and regions only"
    return kept


def _only(item: Dataset, names: tuple[str, ...]) -> Dataset:
    kept = Dataset()
    for name in names:
        if name in item:
            kept[name] = item[name]
    return kept


def _meta(meta: FileMetaDataset, sha256: str) -> FileMetaDataset:
    kept = FileMetaDataset()
    kept.MediaStorageSOPClassUID = meta.MediaStorageSOPClassUID
    kept.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[sha256])
    kept.TransferSyntaxUID = meta.TransferSyntaxUID
    # Else the library signs with its version, and its next one would give other bytes.
    kept.ImplementationVersionName = "POCUS-DATA"
    return kept
