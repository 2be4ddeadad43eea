"""Three kinds of lung for the synthetic scanner: healthy, COVID-19, bacterial pneumonia.

The signs are those of the international lung-ultrasound consensus (Volpicelli et al., Intensive
Care Med. 38, 2012): A-lines, B-lines, shred sign, dynamic air bronchograms, effusion.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

from pocus_data.phantom_tissue import DEPTH_SAMPLES, SCAN_LINES, Real, Scene, step


class Healthy:
    """A bright sliding pleura, and its reverberations at multiples of its depth (A-lines)."""

    thickness_mm = 0.55
    brightness = 22.0

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.decay = scene.rng.uniform(0.30, 0.45)
        # The air below the pleura scatters little; what shows there is haze.
        self.haze = scene.rng.uniform(0.05, 0.12)

    def pleura(self, time_s: float, pleura: Real, grain: Real) -> Real:
        """The pleural line itself."""
        profile = np.exp(-(((self.scene.depth - pleura) / self.thickness_mm) ** 2))
        bright = self.brightness * self.scene.specular(time_s)
        return np.asarray(bright * profile * (0.35 + 0.65 * grain))

    def parenchyma(self, time_s: float, pleura: Real, grain: Real) -> Real:
        """A-lines over haze."""
        haze = self.haze * np.exp(-(self.scene.depth - pleura) / 45)
        mirror = self.scene.specular(time_s) ** 2
        return np.asarray(haze * grain + mirror * self.a_lines(pleura, grain))

    def a_lines(self, pleura: Real, grain: Real) -> Real:
        """Echoes of the pleura at 2, 3, … times its depth, each weaker by the same factor."""
        lines = np.zeros_like(grain)
        for order in range(2, 2 + int(self.scene.probe.depth_mm / self.scene.patient.pleura_mm)):
            width = Healthy.thickness_mm * (0.8 + 0.35 * order)
            profile = np.exp(-(((self.scene.depth - order * pleura) / width) ** 2))
            lines += self.decay ** (order - 1) * profile
        return np.asarray(0.25 * self.brightness * lines * (0.3 + 0.7 * grain))


class Covid19(Healthy):
    """Irregular, thick, broken pleura; B-lines that move with it; small consolidations."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        rng, severity = scene.rng, scene.patient.severity
        self.thickness_mm = 0.9 + 0.8 * severity
        lines = len(scene.lung_angle)
        rough = gaussian_filter1d(rng.standard_normal(lines), 2.0)
        self.rough_mm = np.float32(1.4) * (rough / np.abs(rough).max()).astype(np.float32)
        broken = gaussian_filter1d(rng.standard_normal(lines), 4)
        self.whole = step(broken / broken.std() + 0.9, 0.25)
        self.b_lines = self._draw_b_lines(rng, severity)
        count = int(rng.integers(1, 4))
        self.nodules = [
            (rng.uniform(-0.6, 0.6), rng.uniform(0.02, 0.06), rng.uniform(3, 8))
            for _ in range(count)
        ]

    def _draw_b_lines(self, rng: np.random.Generator, severity: float) -> Real:
        angle = self.scene.lung_angle
        profile = np.zeros_like(angle)
        for _ in range(int(rng.integers(4, 7) + 9 * severity)):
            centre = rng.uniform(angle[0], angle[-1])
            # Severe disease runs discrete lines together ("white lung").
            width = rng.uniform(0.006, 0.014 + 0.05 * severity)
            line = np.exp(-(((angle - centre) / width) ** 2)) * rng.uniform(0.5, 1.0)
            profile = np.maximum(profile, line)
        return np.asarray(profile, dtype=np.float32)

    def pleura(self, time_s: float, pleura: Real, grain: Real) -> Real:
        """The pleural line, jagged and with gaps."""
        jagged = pleura + self.scene.moved(self.rough_mm, time_s)[None, :]
        whole = self.scene.moved(self.whole.astype(np.float32), time_s)[None, :]
        return np.asarray(super().pleura(time_s, jagged, grain) * (0.12 + 0.88 * whole))

    def parenchyma(self, time_s: float, pleura: Real, grain: Real) -> Real:
        """B-lines start at the pleura, reach the bottom unfaded and erase the A-lines."""
        depth = self.scene.depth
        jagged = pleura + self.scene.moved(self.rough_mm, time_s)[None, :]
        b_line = self.scene.moved(self.b_lines, time_s)[None, :]
        ripple = 0.9 + 0.1 * np.sin(2 * np.pi * depth / 3.1)
        rays = 1.6 * b_line * ripple * (0.25 + 0.75 * grain) * step(depth - jagged, 0.6)
        echo = super().parenchyma(time_s, pleura, grain) * (1 - b_line) + rays
        for centre, half_width, thick_mm in self.nodules:
            across = (self.scene.angle - centre + self.scene.slide(time_s)) / half_width
            floor = jagged + thick_mm * np.sqrt(np.clip(1 - across**2, 0, 1))
            inside = (np.abs(across) < 1) & (depth < floor)
            edge = np.exp(-(((depth - floor) / 0.7) ** 2)) * (np.abs(across) < 1)
            echo = np.where(inside, 0.10 * grain, echo) + 3 * edge * grain
        return np.asarray(echo)


class BacterialPneumonia(Healthy):
    """A hypoechoic consolidation with a shredded deep edge and bright air bronchograms."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        rng, severity = scene.rng, scene.patient.severity
        angle = scene.lung_angle
        self.thickness_mm = 0.7
        self.brightness = 9.0
        reach = rng.uniform(0.30, 0.45) + 0.2 * severity
        centre = rng.uniform(-0.15, 0.15)
        across = np.clip(1 - ((angle - centre) / reach) ** 2, 0, 1)
        self.across = np.sqrt(across).astype(np.float32)
        ragged = sum(
            gaussian_filter1d(rng.standard_normal(angle.size), width) * width
            for width in (1.5, 3.5, 8.0)
        )
        ragged = 5.0 * ragged / np.abs(ragged).max()
        self.floor_mm = ((22 + 26 * severity) * self.across + ragged * self.across).astype(
            np.float32
        )
        self.echo = rng.uniform(0.16, 0.32)
        glint = gaussian_filter1d(rng.standard_normal(angle.size), 2.5)
        self.glint = np.exp(0.7 * glint / glint.std()).astype(np.float32)
        self.effusion_mm = scene.patient.effusion_mm * self.across
        self.bronchi = self._draw_bronchi(rng, centre)

    def _draw_bronchi(self, rng: np.random.Generator, centre: float) -> Real:
        """Branching bright air-filled tubes, in lung coordinates below the pleura."""
        canvas = np.zeros((DEPTH_SAMPLES, self.scene.lung_angle.size), dtype=np.float32)
        sample_mm = self.scene.probe.depth_mm / DEPTH_SAMPLES
        for _ in range(int(rng.integers(7, 13))):
            angle = centre + rng.uniform(-0.3, 0.3)
            depth_mm = rng.uniform(6, 12) + float(self.scene.patient.effusion_mm)
            heading = rng.uniform(-0.012, 0.012)
            for _ in range(int(rng.integers(12, 34))):
                column = int((angle - self.scene.lung_angle[0]) / self.scene.line_rad)
                row = int(depth_mm / sample_mm)
                if 0 <= column < canvas.shape[1] and 0 <= row < DEPTH_SAMPLES:
                    canvas[row, column] = rng.uniform(0.4, 1.0)
                depth_mm += rng.uniform(0.3, 1.0)
                angle += heading + rng.normal(0, 0.004)
        spread = gaussian_filter(canvas, (1.3, 1.3))
        return np.asarray(spread / max(float(spread.max()), 1e-6), dtype=np.float32)

    def parenchyma(self, time_s: float, pleura: Real, grain: Real) -> Real:
        """Consolidated lung, effusion above it where there is one, aerated lung below."""
        scene = self.scene
        below = scene.depth - pleura
        floor = scene.moved(self.floor_mm, time_s)[None, :]
        fluid = scene.moved(self.effusion_mm, time_s)[None, :]
        solid = (below < floor) & (below >= fluid)
        within = scene.moved(self.across, time_s)[None, :]
        aerated = 0.8 * within * np.exp(-(below - floor) / 16) * (below >= floor)
        echo = np.where(solid, self.echo * grain, super().parenchyma(time_s, pleura, grain))
        echo = echo + aerated * grain
        glint = within**2 * scene.moved(self.glint, time_s)[None, :]
        edge = np.exp(-(((below - floor) / 1.1) ** 2)) * glint
        echo = echo + 2.5 * edge * (0.2 + 0.8 * grain)
        echo = echo + 4 * self._air(time_s, below) * solid * grain
        return np.asarray(np.where((below >= 0) & (below < fluid), 0.004 * grain, echo))

    def _air(self, time_s: float, below: Real) -> Real:
        """Air bronchograms that run down the tubes with inspiration (dynamic)."""
        scene = self.scene
        sample_mm = scene.probe.depth_mm / DEPTH_SAMPLES
        drift_mm = 2.5 * (1 + scene.slide(time_s) / scene.patient.slide_rad)
        tubes = scene.moved(self.bronchi, time_s)
        rows = (below - drift_mm) / sample_mm
        columns = np.broadcast_to(np.arange(SCAN_LINES, dtype=np.float32), rows.shape)
        return np.asarray(map_coordinates(tubes, [rows, columns], order=1, mode="constant"))


LUNGS: dict[str, type[Healthy]] = {
    "healthy": Healthy,
    "covid19": Covid19,
    "bacterial_pneumonia": BacterialPneumonia,
}
