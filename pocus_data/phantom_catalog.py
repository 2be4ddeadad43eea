"""A catalog of synthetic patients, whose machines and screens do not depend on their class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import yaml
from PIL import Image, ImageDraw, ImageFont

from pocus_data import catalog_edit
from pocus_data.crop import square_in
from pocus_data.phantom import CODECS, ClipSpec, frames, truth
from pocus_data.phantom_screen import FURNITURE

CLASSES = ("covid19", "bacterial_pneumonia", "healthy")
_SIZES = ((320, 320), (400, 320), (480, 480), (512, 384), (560, 420), (360, 440))
# Rates that the container can state exactly: MPEG program streams know few of them.
_RATES_HZ = (8, 10, 12, 15, 18, 20, 22, 25, 30, 40, 50)
_MPEG_RATES_HZ = (25, 30, 50)
# Of gain: below it a sector falls into pieces no larger than the letters beside it.
_DARK_DB = -5
_FINDINGS = {
    "covid19": ["b_lines", "pleural_irregularity", "consolidation"],
    "bacterial_pneumonia": ["consolidation", "air_bronchogram"],
    "healthy": ["a_lines"],
}
_COMMENTS = {
    "covid19": "irregular, interrupted pleura; B-lines; small subpleural consolidations",
    "bacterial_pneumonia": "consolidation with shredded deep edge and air bronchograms",
    "healthy": "sliding pleura with A-lines",
}


def draw_specs(patients: int, clips_per_patient: int, seed: int) -> list[ClipSpec]:
    """Clips of ``patients`` synthetic patients, classes in turn; deterministic from ``seed``.

    The machine is drawn per patient, screen and container per clip, from a stream that never
    sees the class.
    """
    rng = np.random.default_rng([seed, 7])
    specs = []
    for patient in range(1, patients + 1):
        machine = {
            "radius_mm": int(rng.integers(40, 66)),
            "angle_deg": int(rng.integers(52, 78)),
            "frequency_mhz": float(rng.choice([2.5, 3.0, 3.5, 4.0, 5.0])),
            "dynamic_range_db": int(rng.integers(50, 61)),
        }
        for clip in range(1, clips_per_patient + 1):
            specs.append(_draw_clip(rng, patient, clip, machine))
    return specs


def _draw_clip(
    rng: np.random.Generator, patient: int, clip: int, machine: dict[str, float]
) -> ClipSpec:
    codec = str(rng.choice(list(CODECS)))
    rate_hz = float(rng.choice(_MPEG_RATES_HZ if codec == ".mpeg" else _RATES_HZ))
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    seconds = rng.uniform(1.6, 4.2)
    return ClipSpec(
        diagnosis=CLASSES[patient % len(CLASSES)],
        patient=patient,
        clip=clip,
        frames=round(seconds * rate_hz),
        frame_rate_hz=rate_hz,
        width=width,
        height=height,
        depth_mm=int(rng.integers(85, 165)),
        gain_db=int(rng.integers(-5, 7)),
        tgc_tilt_db=int(rng.integers(-6, 7)),
        furniture=tuple(part for part in FURNITURE if rng.random() < 0.5),
        codec=codec,
        **machine,
    )


def contact_sheet(columns: int = 4, seed: int = 1) -> Image.Image:
    """A row of synthetic patients for each class, labelled, on one picture."""
    specs = draw_specs(len(CLASSES) * columns, 1, seed)
    width, height, margin = 300, 250, 22
    sheet = Image.new("RGB", (columns * width, len(CLASSES) * (height + margin)))
    draw = ImageDraw.Draw(sheet)
    for row, name in enumerate(CLASSES):
        top = row * (height + margin)
        label = f"{name.replace('_', ' ')}: synthetic, no patient"
        draw.text((4, top + 2), label, fill="white", font=ImageFont.load_default(14))
        for column, spec in enumerate(spec for spec in specs if spec.diagnosis == name):
            screen = Image.fromarray(frames(replace(spec, frames=1, width=480, height=400))[0])
            sheet.paste(screen.resize((width, height)), (column * width, top + margin))
    return sheet


def to_yaml(specs: list[ClipSpec]) -> str:
    """The catalog file that lists the clips, as text."""
    source = {
        "id": "phantom",
        "name": "pocus-data synthetic scanner",
        "kind": "simulation; nobody was scanned",
        "license": "CC0-1.0",
    }
    text = "# Synthetic clips, drawn on the spot. Made by `pocus-data phantom`; edit that.\n"
    content = {"source": source, "videos": [_entry(spec) for spec in specs]}
    dumped = yaml.safe_dump(content, sort_keys=False, width=4096, allow_unicode=True)
    return catalog_edit.HEADER + text + str(dumped)


def _entry(spec: ClipSpec) -> dict[str, object]:
    video_id = f"phantom-{spec.patient:03d}-{spec.clip}"
    entry: dict[str, object] = {
        "id": video_id,
        "file": f"{video_id}{spec.codec}",
        "video_name": f"Synthetic patient {spec.patient}, clip {spec.clip}",
        "downloads": [spec.url],
        "class": spec.diagnosis,
        "media": "video",
        "probe": "convex",
        "patient": f"phantom-{spec.patient}",
        "frame_rate_hz": spec.frame_rate_hz,
        "resolution": f"{spec.width}x{spec.height}",
        "frames": spec.frames,
        "web_comment": _COMMENTS[spec.diagnosis],
        "md_comment": "synthetic: no doctor has seen a patient here",
        "findings": list(_FINDINGS[spec.diagnosis]),
    }
    if spec.gain_db <= _DARK_DB:
        # What a person sets by hand where the sector is too dark to be found beside letters.
        entry["crop"] = vars(square_in(*truth(spec).sector_box))
    return entry
