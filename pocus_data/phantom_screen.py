"""From echoes to a scanner's screen: gain, compression, scan conversion, and the furniture.

Furniture is what a screen shows around the sector: a depth ruler, text, a logo, a grey bar.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pocus_data.phantom_tissue import DEPTH_SAMPLES, SCAN_LINES, Probe, Real

Grey = NDArray[np.uint8]

FURNITURE = ("ruler", "text", "logo", "bar")


@dataclass(frozen=True)
class Machine:
    """Settings of the scanner. Gain and range in dB; tilt of the TGC sliders in dB over depth."""

    gain_db: float
    dynamic_range_db: float
    tgc_tilt_db: float
    noise_db: float
    attenuation_db_cm_mhz: float = 0.5


def compress(echo: Real, probe: Probe, machine: Machine, noise: Real) -> Real:
    """Attenuate, add electronic noise, compensate (TGC) and log-compress to 0…1."""
    depth_cm = probe.depths_mm[:, None] / 10
    loss_db = 2 * machine.attenuation_db_cm_mhz * probe.frequency_mhz * depth_cm
    received = echo * 10 ** (-loss_db / 20) + noise * 10 ** (machine.noise_db / 20)
    # The sliders undo what tissue of the usual attenuation would lose, give or take a tilt.
    # Past 55 dB they have no more to give.
    relative = np.linspace(-0.5, 0.5, DEPTH_SAMPLES)[:, None]
    tgc_db = np.minimum(loss_db, 55) + machine.tgc_tilt_db * relative
    level_db = 20 * np.log10(np.maximum(received, 1e-12)) + tgc_db + machine.gain_db
    # Full white is an echo ten times the mean of tissue.
    return np.asarray(np.clip(1 + (level_db - 26) / machine.dynamic_range_db, 0, 1))


class Screen:
    """Places the sector and the furniture on a screen of ``width`` x ``height`` pixels."""

    def __init__(self, width: int, height: int, probe: Probe, furniture: tuple[str, ...]) -> None:
        self.width, self.height = width, height
        self.probe = probe
        self.furniture = furniture
        self._place_sector()
        self.sector_mask, self._lookup = self._scan_lookup()

    def _place_sector(self) -> None:
        probe = self.probe
        top = 0.13 if "text" in self.furniture else 0.03
        side = 0.11 if {"ruler", "bar"} & set(self.furniture) else 0.02
        chord = 2 * (probe.radius_mm + probe.depth_mm) * np.sin(probe.half_angle_rad)
        # The ends of the curved face are its highest points; its middle lies this far below.
        self.fall_mm = probe.radius_mm * (1 - np.cos(probe.half_angle_rad))
        available_w = self.width * (1 - 2 * side)
        available_h = self.height * (1 - top - 0.03)
        self.pixels_per_mm = min(available_w / chord, available_h / (probe.depth_mm + self.fall_mm))
        self.centre_x = self.width / 2
        self.top_y = self.height * top

    def _scan_lookup(self) -> tuple[NDArray[np.bool_], tuple[NDArray[np.intp], Real, Real]]:
        """For each pixel in the sector: upper left polar sample, and the two fractions."""
        probe = self.probe
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        across_mm = (x - self.centre_x) / self.pixels_per_mm
        along_mm = (y - self.top_y) / self.pixels_per_mm + probe.radius_mm - self.fall_mm
        radius = np.hypot(across_mm, along_mm)
        angle = np.arctan2(across_mm, along_mm)
        row = (radius - probe.radius_mm) / probe.depth_mm * (DEPTH_SAMPLES - 1)
        column = (angle / probe.half_angle_rad + 1) / 2 * (SCAN_LINES - 1)
        inside = (row >= 0) & (row < DEPTH_SAMPLES - 1) & (column >= 0)
        inside &= column < SCAN_LINES - 1
        row, column = row[inside], column[inside]
        row0, column0 = np.floor(row).astype(np.intp), np.floor(column).astype(np.intp)
        return inside, (row0 * SCAN_LINES + column0, row - row0, column - column0)

    @property
    def sector_box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom (exclusive) of the sector, in pixels."""
        rows = np.flatnonzero(self.sector_mask.any(axis=1))
        columns = np.flatnonzero(self.sector_mask.any(axis=0))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

    def scan_convert(self, polar: Real) -> Grey:
        """Polar image 0…1 to screen grey levels, bilinear; black outside the sector."""
        start, down, right = self._lookup
        flat = polar.ravel()
        upper = flat[start] * (1 - right) + flat[start + 1] * right
        below = start + SCAN_LINES
        lower = flat[below] * (1 - right) + flat[below + 1] * right
        grey = np.zeros((self.height, self.width), dtype=np.uint8)
        grey[self.sector_mask] = np.rint(255 * (upper * (1 - down) + lower * down))
        return grey

    def draw_furniture(self, labels: list[str]) -> Grey:
        """The furniture alone, on black; never over the sector."""
        picture = Image.new("L", (self.width, self.height), 0)
        draw = ImageDraw.Draw(picture)
        size = max(9, round(self.height * 0.028))
        font = ImageFont.load_default(size)
        if "ruler" in self.furniture:
            self._draw_ruler(draw, font)
        if "text" in self.furniture:
            for line, label in enumerate(labels[:3]):
                draw.text((4, 3 + line * size * 1.25), label, fill=190, font=font)
            for line, label in enumerate(labels[3:]):
                place = (self.width - 4, 3 + line * size * 1.25)
                draw.text(place, label, fill=190, font=font, anchor="ra")
        if "logo" in self.furniture:
            left, top = self.width * 0.86, self.height * 0.90
            draw.ellipse((left, top, left + 2 * size, top + 2 * size), outline=150, width=2)
            draw.text((left + size, top + size), "P", fill=150, font=font, anchor="mm")
        if "bar" in self.furniture:
            self._draw_bar(draw)
        drawn = np.asarray(picture).copy()
        drawn[self.sector_mask] = 0
        return drawn

    def _draw_ruler(
        self, draw: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont
    ) -> None:
        x = self.width - 6
        for centimetre in range(int(self.probe.depth_mm // 10) + 1):
            y = self.top_y + (self.fall_mm + 10 * centimetre) * self.pixels_per_mm
            long = centimetre % 5 == 0
            draw.line((x - (7 if long else 3), y, x, y), fill=200)
            if long and centimetre:
                draw.text((x - 9, y), str(centimetre), fill=200, font=font, anchor="rm")

    def _draw_bar(self, draw: ImageDraw.ImageDraw) -> None:
        top, bottom = int(self.height * 0.3), int(self.height * 0.7)
        for y in range(top, bottom):
            level = round(255 * (bottom - y) / (bottom - top))
            draw.line((4, y, 4 + max(5, self.width // 60), y), fill=level)
