"""DICOM ultrasound: pixels, times and regions are read; who was scanned goes nowhere."""

import io
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from pocus_data import phantom, video
from pocus_data.deidentify import deidentify
from pocus_data.download import download_all
from pocus_data.errors import FetchError, MediaError
from pocus_data.params import Download, Sample
from pocus_data.png import read_png
from pocus_data.sample import sample_all
from pocus_data.tables import CATALOG_COLUMNS
from pocus_data.windows import crop_all
from tests.conftest import CLIP

ROOT = "https://example.invalid/"
WHO = {
    "PatientName": "Doe^Jane",
    "PatientID": "MRN-4711",
    "PatientBirthDate": "19700203",
    "InstitutionName": "Saint Elsewhere",
    "ReferringPhysicianName": "House^Gregory",
    "StudyDate": "20200317",
    "DeviceSerialNumber": "SN-998877",
    "ImageComments": "Jane from ward 7",
}
TELLING = (b"Doe^", b"Jane", b"MRN-4711", b"19700203", b"Elsewhere", b"House^", b"SN-998877")


def dicom(path: Path, pixels: np.ndarray, **tags: Any) -> Path:
    """Write ``(frames, height, width[, 3])`` pixels with tags of a patient."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.file_meta.TransferSyntaxUID = tags.pop("syntax", ExplicitVRLittleEndian)
    data.SOPClassUID, data.Modality = UltrasoundMultiFrameImageStorage, "US"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID
    data.NumberOfFrames, data.Rows, data.Columns = pixels.shape[:3]
    data.SamplesPerPixel = 1 if pixels.ndim == 3 else 3
    data.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 3 else "RGB"
    data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = 8 * pixels.dtype.itemsize
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, 0
    data.PixelData = pixels.tobytes()
    if len(pixels) > 1:
        data.FrameTime = 40
    for name, value in (WHO | tags).items():
        setattr(data, name, value)
    data.add_new(0x00091001, "LO", "Jane again, in a private tag")
    if data.file_meta.TransferSyntaxUID == RLELossless:
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.compress(RLELossless)
    data.preamble = b"Doe^Jane".ljust(128, b"\0")
    data.save_as(path, enforce_file_format=True)
    return path


def region(left: int, top: int, right: int, bottom: int, kind: int = 1) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType = 1, kind
    item.RegionLocationMinX0, item.RegionLocationMinY0 = left, top
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = right, bottom
    return item


@pytest.fixture(scope="module")
def scan() -> np.ndarray:
    """Grey frames of a synthetic clip, ``(26, 160, 160)``."""
    return np.stack(list(phantom.frames(CLIP))).astype(np.uint8)


def read(path: Path) -> tuple[video.ProbeResult, np.ndarray]:
    found = video.probe(path)
    return found, np.stack(video.read_frames(path, found, list(range(found.frames))))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_eight_bits_come_as_they_are(tmp_path, scan, syntax):
    found, pixels = read(dicom(tmp_path / "a.dcm", scan, syntax=syntax))
    assert (found.container, found.codec) == ("dicom", syntax.keyword)
    assert (found.width, found.height, found.frames) == (160, 160, 26)
    assert found.frame_rate_hz == pytest.approx(25)
    assert np.array_equal(pixels, np.repeat(scan[..., None], 3, axis=-1))


def test_colours_and_chosen_frames(tmp_path, scan):
    colours = np.stack([scan, 255 - scan, scan // 2], axis=-1)
    path = dicom(tmp_path / "a.dcm", colours)
    chosen = video.read_frames(path, video.probe(path), [3, 20])
    assert np.array_equal(chosen, colours[[3, 20]])


def test_a_scanners_own_colour_clip():
    # A clip of an ultrasound machine that comes with pydicom: YBR, 4:2:2, JPEG, 30 frames.
    path = Path(get_testdata_file("examples_ybr_color.dcm"))
    found, pixels = read(path)
    assert (found.codec, found.frames) == ("JPEGBaseline8Bit", 30)
    assert found.frame_rate_hz == pytest.approx(30, rel=1e-3)
    coded = generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=30)
    theirs = np.stack([np.asarray(Image.open(io.BytesIO(one)).convert("RGB")) for one in coded])
    assert np.abs(pixels.astype(int) - theirs.astype(int)).max() <= 2


def test_a_scanners_own_palette():
    path = Path(get_testdata_file("examples_palette.dcm"))
    found, pixels = read(path)
    assert (found.width, found.height, found.frames) == (800, 350, 1)
    # Its header bar is blue, its scan grey.
    red, _, blue = pixels[0, 5, 400].astype(int)
    assert blue > red + 20
    scan = pixels[0, 80:140, 380:540].astype(int)
    assert np.ptp(scan, axis=-1).max() <= 12 and scan.max() > 150


def test_inverted_luminance(tmp_path, scan):
    _, pixels = read(dicom(tmp_path / "a.dcm", 255 - scan, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(pixels[..., 0], scan)


def test_sixteen_bits_by_their_range_or_their_window(tmp_path):
    ramp = np.arange(4096, dtype=np.uint16).reshape(1, 64, 64)
    whole = dicom(tmp_path / "a.dcm", ramp, BitsStored=12, HighBit=11)
    _, pixels = read(whole)
    assert np.array_equal(pixels[0, ..., 1], np.rint(ramp[0] * 255.0 / 4095).astype(np.uint8))
    window = {"WindowCenter": 1000, "WindowWidth": 500, "BitsStored": 12, "HighBit": 11}
    _, pixels = read(dicom(tmp_path / "b.dcm", ramp, **window))
    shown = pixels[0, ..., 0].ravel().astype(int)
    assert shown[700] == 0 and shown[1300] == 255 and abs(shown[1000] - 128) <= 1


def test_times(tmp_path, scan):
    uneven = {"FrameTimeVector": [0, 10, 30, 20], "FrameTime": None}
    uneven["FrameIncrementPointer"] = 0x00181065
    found = video.probe(dicom(tmp_path / "a.dcm", scan[:4], **uneven))
    assert found.times_s == pytest.approx([0, 0.01, 0.04, 0.06])
    found = video.probe(dicom(tmp_path / "b.dcm", scan[:4], FrameTime=None, CineRate=20))
    assert found.times_s == pytest.approx([0, 0.05, 0.1, 0.15])
    found = video.probe(dicom(tmp_path / "c.dcm", scan[:1], FrameTime=None))
    assert found.times_s == (0.0,) and found.frame_rate_hz is None
    with pytest.raises(MediaError, match=r"d\.dcm: holds 4 frames but says nothing of their times"):
        video.probe(dicom(tmp_path / "d.dcm", scan[:4], FrameTime=None))


def test_the_largest_tissue_region_is_told(tmp_path, scan):
    regions = [region(0, 0, 20, 20), region(10, 20, 129, 159), region(0, 0, 159, 159, kind=3)]
    found = video.probe(dicom(tmp_path / "a.dcm", scan, SequenceOfUltrasoundRegions=regions))
    assert found.region == (10, 20, 130, 160)


def test_a_region_of_another_size_is_not_believed(tmp_path, scan):
    regions = [region(10, 20, 600, 400)]
    path = dicom(tmp_path / "a.dcm", scan, SequenceOfUltrasoundRegions=regions)
    assert video.probe(path).region is None


def entry(name: str, **fields: Any) -> dict[str, Any]:
    return (
        dict.fromkeys(CATALOG_COLUMNS, "")
        | {name: None for name in CATALOG_COLUMNS if name.startswith(("crop_", "trim_"))}
        | {"video_id": name, "file": f"{name}.dcm", "downloads": f"{ROOT}{name}.dcm"}
        | {"bytes": None, "redistributable": True}
        | fields
    )


def test_through_the_stages_and_nobody_is_told(tmp_path, monkeypatch, scan):
    monkeypatch.chdir(tmp_path)
    mirror = tmp_path / "hospital"
    mirror.mkdir()
    window = [region(20, 30, 139, 159)]
    dicom(mirror / "whole.dcm", scan, SequenceOfUltrasoundRegions=window)
    dicom(mirror / "chosen.dcm", scan[:1], SequenceOfUltrasoundRegions=window)
    sent = Download(mirrors=(str(mirror),), mirror_of=ROOT)
    index = pd.DataFrame(
        [entry("chosen", crop_x=5, crop_y=6, crop_size=100), entry("whole"), entry("gone")]
    )
    once = download_all(index, Path("videos"), sent)
    rows = download_all(index, Path("videos"), sent)
    assert rows == once
    assert [row["status"] for row in rows] == ["available", "available", "unavailable"]
    assert rows[0]["sha256"] != rows[0]["file_sha256"]
    assert rows[0]["bytes"] == (mirror / "chosen.dcm").stat().st_size
    crops, _ = crop_all(index, pd.DataFrame(rows))
    found = [(row["method"], row["x"], row["y"], row["size"]) for row in crops]
    assert found == [("catalog", 5, 6, 100), ("region", 20, 35, 120)]
    sampled, failures = sample_all(
        index, pd.DataFrame(rows), pd.DataFrame(crops), Path("f"), Sample(rate_hz=3, max_frames=9)
    )
    assert not failures
    assert [row["frame_index"] for row in sampled] == [0, 0, 8, 16, 25]
    assert np.array_equal(read_png(Path(sampled[2]["path"])), scan[8, 35:155, 20:140])
    for path in tmp_path.rglob("*"):
        if path.is_file() and mirror not in path.parents:
            content = path.read_bytes()
            assert not [word for word in TELLING if word in content], path


def test_the_same_file_gives_the_same_bytes(tmp_path, scan):
    source = dicom(tmp_path / "a.dcm", scan[:2])
    for name in ("b.dcm", "c.dcm"):
        deidentify(source, tmp_path / name, "ab" * 32)
    assert (tmp_path / "b.dcm").read_bytes() == (tmp_path / "c.dcm").read_bytes()
    kept = pydicom.dcmread(tmp_path / "b.dcm")
    assert kept.PatientIdentityRemoved == "YES" and kept.FrameTime == 40
    assert kept.SOPInstanceUID != pydicom.dcmread(source).SOPInstanceUID


def test_what_cannot_be_stripped_is_not_kept(tmp_path, scan, work_cache):
    mirror = tmp_path / "hospital"
    mirror.mkdir()
    dicom(mirror / "packed.dcm", scan[:1], syntax=DeflatedExplicitVRLittleEndian)
    whole = dicom(mirror / "whole.dcm", scan[:1]).read_bytes()
    (mirror / "bare.dcm").write_bytes(whole[132:])
    (mirror / "head.dcm").write_bytes(whole[:140])
    index = pd.DataFrame([entry(name) for name in ("packed", "bare", "head")])
    rows = download_all(index, tmp_path / "v", Download(mirrors=(str(mirror),), mirror_of=ROOT))
    assert [row["status"] for row in rows] == ["unavailable"] * 3
    for row, said in zip(rows, ("deflated", "no DICOM file", "cannot be taken out"), strict=True):
        assert said in row["reason"]
    assert not [path for path in (work_cache / "downloads").rglob("*") if path.is_file()]


def test_claims_too_large_to_be_a_scan(tmp_path, scan):
    for claim in ({"Rows": 65535, "Columns": 65535}, {"NumberOfFrames": 2_000_000_000}):
        with pytest.raises(MediaError, match="no scan"):
            video.probe(dicom(tmp_path / "a.dcm", scan[:1], **claim))


@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_truncated_file_never_passes_for_whole(tmp_path, scan, tenth):
    whole = dicom(tmp_path / "a.dcm", scan[:10]).read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(whole[: len(whole) * tenth // 10])
    with pytest.raises(MediaError, match=r"cut\.dcm: "):
        video.probe(cut)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
@pytest.mark.filterwarnings("ignore")
def test_no_mutation_does_more_than_raise_our_errors(tmp_path, scan, syntax):
    whole = dicom(tmp_path / "a.dcm", scan[:3, :40, :40].copy(), syntax=syntax).read_bytes()
    path, kept = tmp_path / "mutant.dcm", tmp_path / "kept.dcm"

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32), st.integers(1, 20))
    def fuzz(seed: int, count: int) -> None:
        rng = random.Random(seed)  # noqa: S311 - mutations
        data = bytearray(whole)
        for _ in range(count):
            at = rng.randrange(132, len(data) if rng.random() < 0.2 else len(data) // 4)
            if rng.random() < 0.5:
                data[at] ^= 1 << rng.randrange(8)
            else:
                data[at : at + 4] = struct.pack("<I", rng.getrandbits(32))
        path.write_bytes(data)
        for work in (lambda: read(path), lambda: deidentify(path, kept, "ab" * 32)):
            try:
                work()
            except (MediaError, FetchError) as error:
                assert "\n" not in str(error)

    fuzz()
