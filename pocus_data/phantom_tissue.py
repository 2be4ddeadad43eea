"""What the synthetic scanner sees: echo amplitudes of a chest wall and a lung, in polar form.

Arrays are ``(depth samples, scan lines)``. Depth counts in millimetres from the face of the
probe, angle in radians from its axis. Speckle is the envelope of a complex Gaussian field, hence
Rayleigh: its mean over its standard deviation is 1.91 (Burckhardt, IEEE Trans. Sonics Ultrason.
25, 1978).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.special import expit

Real = NDArray[np.float32]

DEPTH_SAMPLES = 384
SCAN_LINES = 192
# Lateral margin of the lung's field, in scan lines, that sliding may draw on.
MARGIN = 64


@dataclass(frozen=True)
class Probe:
    """Geometry of a convex probe: radius of its face, half its angle of view, image depth."""

    radius_mm: float
    half_angle_rad: float
    depth_mm: float
    frequency_mhz: float

    @property
    def depths_mm(self) -> Real:
        """Depth of each sample row."""
        return np.linspace(0.5, self.depth_mm, DEPTH_SAMPLES, dtype=np.float32)

    @property
    def angles_rad(self) -> Real:
        """Angle of each scan line."""
        half = self.half_angle_rad
        return np.linspace(-half, half, SCAN_LINES, dtype=np.float32)


def step(x: NDArray[Any], width: float) -> NDArray[Any]:
    """A soft step from 0 to 1 around ``x = 0``."""
    return np.asarray(expit(x / width))


def speckle(rng: np.random.Generator, probe: Probe, lines: int = SCAN_LINES) -> NDArray[Any]:
    """Complex echo field of unit mean power, ``(DEPTH_SAMPLES, lines)``.

    The point-spread function is a Gaussian, short in depth (pulse length) and, in angle,
    widest far from the focus.
    """
    shape = (DEPTH_SAMPLES, lines)
    field_ = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    sample_mm = probe.depth_mm / DEPTH_SAMPLES
    axial = max(0.7, 2.2 / probe.frequency_mhz / sample_mm)
    widths = (1.3, 3.0)
    focus = 0.45
    near, far = (gaussian_filter(field_, (axial, width), mode="wrap") for width in widths)
    near, far = (part / np.sqrt(np.mean(np.abs(part) ** 2)) for part in (near, far))
    away = np.abs(np.linspace(0, 1, DEPTH_SAMPLES) - focus)[:, None]
    blur = np.clip(away / (1 - focus), 0, 1)
    mixed = near * np.sqrt(1 - blur) + far * np.sqrt(blur)
    return np.asarray(mixed.astype(np.complex64))


@dataclass
class Patient:
    """Anatomy of one synthetic patient and how ill, drawn from a seed that knows no class."""

    seed: int
    pleura_mm: float = 0.0
    tilt: float = 0.0
    breath_period_s: float = 0.0
    slide_rad: float = 0.0
    severity: float = 0.0
    wall_layers: list[tuple[float, float]] = field(default_factory=list)
    effusion_mm: float = 0.0
    rib_gap_rad: float = 0.0

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 11])
        self.pleura_mm = rng.uniform(16, 30)
        self.tilt = rng.uniform(-0.06, 0.06)
        self.breath_period_s = rng.uniform(2.4, 4.5)
        self.slide_rad = rng.uniform(0.05, 0.12)
        self.severity = rng.uniform(0.25, 1.0)
        fractions = np.sort(rng.uniform(0.1, 0.85, 3))
        echoes = rng.uniform(0.12, 0.9, 4)
        self.wall_layers = list(zip([0.0, *fractions], echoes, strict=True))
        self.effusion_mm = rng.uniform(6, 16) if rng.random() < 0.5 else 0.0
        self.rib_gap_rad = rng.uniform(0.32, 0.46)


class Lung(Protocol):
    """A lung as the beam meets it; both answers are ``(DEPTH_SAMPLES, SCAN_LINES)``.

    ``pleura`` is the depth of the pleural line, ``(1, SCAN_LINES)``; ``grain`` the speckle that
    moves with the lung.
    """

    def pleura(self, time_s: float, pleura: Real, grain: Real) -> Real:
        """Echo of the pleural line itself."""
        ...

    def parenchyma(self, time_s: float, pleura: Real, grain: Real) -> Real:
        """Echo of what lies below the pleura."""
        ...


class Scene:
    """One clip's view of a patient; ``amplitude`` gives the echo envelope at a time."""

    def __init__(
        self, patient: Patient, clip: int, probe: Probe, draw_lung: Callable[[Scene], Lung]
    ) -> None:
        self.patient = patient
        self.probe = probe
        self.rng = np.random.default_rng([patient.seed, 23, clip])
        self.depth = probe.depths_mm[:, None]
        self.angle = probe.angles_rad[None, :]
        self.line_rad = float(probe.angles_rad[1] - probe.angles_rad[0])
        lung_lines = SCAN_LINES + 2 * MARGIN
        self.wall_field = speckle(self.rng, probe)
        self.lung_field = speckle(self.rng, probe, lung_lines)
        self.lung_angle = (np.arange(lung_lines, dtype=np.float32) - MARGIN) * self.line_rad
        self.lung_angle -= np.float32(probe.half_angle_rad)
        self.phase = self.rng.uniform(0, 2 * np.pi)
        self.rib_angle = self.rng.uniform(-0.25, 0.25) + patient.rib_gap_rad / 2
        self.wall_echo = self._wall_echo()
        # A mirror-like surface answers best where the beam meets it head on.
        patchy = gaussian_filter1d(self.rng.standard_normal(lung_lines), 9)
        self.patchy = np.exp(0.35 * patchy / patchy.std()).astype(np.float32)
        self.lung = draw_lung(self)

    def slide(self, time_s: float) -> float:
        """Lateral displacement of the lung under the pleura, in radians (breathing)."""
        cycle = 2 * np.pi * time_s / self.patient.breath_period_s + self.phase
        return self.patient.slide_rad * float(np.sin(cycle))

    def breathing(self, time_s: float) -> float:
        """Millimetres by which the chest wall thickens with breathing."""
        cycle = 2 * np.pi * time_s / self.patient.breath_period_s + self.phase
        return 0.7 * float(np.cos(cycle))

    def pleura_line(self, time_s: float) -> Real:
        """Depth of the pleural line per scan line, ``(SCAN_LINES,)``, in millimetres."""
        angle = self.probe.angles_rad
        sag = 14.0 * (angle - self.patient.tilt) ** 2
        depth = self.patient.pleura_mm + sag + self.breathing(time_s)
        return np.asarray(depth, dtype=np.float32)

    def moved(self, lung: NDArray[Any], time_s: float) -> NDArray[Any]:
        """Cut the visible lines out of something drawn in lung coordinates."""
        shift = self.slide(time_s) / self.line_rad + MARGIN
        whole = int(np.floor(shift))
        part = np.float32(shift - whole)
        left = lung[..., whole : whole + SCAN_LINES]
        right = lung[..., whole + 1 : whole + 1 + SCAN_LINES]
        if not np.iscomplexobj(lung):
            return np.asarray(left * (1 - part) + right * part)
        # Neighbouring lines are not fully correlated; keep the power of the mixture at one.
        mixed = left * (1 - part) + right * part
        return np.asarray(mixed / np.sqrt((1 - part) ** 2 + part**2 + 1.2 * part * (1 - part)))

    def specular(self, time_s: float) -> Real:
        """Brightness of the pleura per scan line, ``(1, SCAN_LINES)``: angle, and patches."""
        head_on = 0.25 + 0.75 * np.exp(-(((self.angle - self.patient.tilt) / 0.42) ** 2))
        return np.asarray(head_on * self.moved(self.patchy, time_s)[None, :])

    def amplitude(self, time_s: float) -> Real:
        """Echo envelope before compression, ``(DEPTH_SAMPLES, SCAN_LINES)``, linear units."""
        pleura = self.pleura_line(time_s)[None, :]
        wall = np.abs(self.wall_field) * self.wall_echo
        in_lung = step(self.depth - pleura, 0.25)
        lung_speckle = np.abs(self.moved(self.lung_field, time_s))
        lung = self.lung.parenchyma(time_s, pleura, lung_speckle)
        echo = wall * (1 - in_lung) + lung * in_lung
        echo = echo + self.lung.pleura(time_s, pleura, lung_speckle)
        return np.asarray(self._ribs(echo, pleura), dtype=np.float32)

    def _wall_echo(self) -> Real:
        """Skin, fat, muscle: layers with wavy borders and, in muscle, fibres."""
        relative = self.depth / self.patient.pleura_mm
        wave = 0.05 * np.sin(self.angle * self.rng.uniform(6, 14) + self.rng.uniform(0, 6))
        echo = np.zeros((DEPTH_SAMPLES, SCAN_LINES), dtype=np.float32)
        for start, strength in self.patient.wall_layers:
            echo = np.where(relative + wave >= start, strength, echo)
        texture = gaussian_filter(self.rng.standard_normal(echo.shape), (1.0, 14))
        fibres = np.exp(0.5 * texture / texture.std())
        skin = 3.0 * np.exp(-self.depth / 1.2)
        smooth = gaussian_filter1d(echo, 2, axis=0)
        fascia = sum(
            2.5 * np.exp(-(((relative + wave - start) * self.patient.pleura_mm / 0.5) ** 2))
            for start, _ in self.patient.wall_layers[1:]
        )
        return np.asarray((smooth * 0.5 + fascia) * fibres + skin, dtype=np.float32)

    def _ribs(self, echo: Real, pleura: Real) -> Real:
        """A rib above the pleura: bright curved face, and a shadow that hides all below it."""
        for side in (-1, 1):
            centre = self.rib_angle + side * self.patient.rib_gap_rad
            across = (self.angle - centre) / 0.10
            top = pleura - 8 + 5 * across**2
            lit = np.clip(1 - across**2, 0, 1) ** 1.5
            face = 9 * np.exp(-(((self.depth - top) / 0.9) ** 2)) * lit
            shade = step(0.9 - np.abs(across), 0.08)
            below = step(self.depth - top - 1, 0.7)
            echo = echo * (1 - 0.985 * shade * below) + face * np.abs(self.wall_field)
        return echo
