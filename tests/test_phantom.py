"""The synthetic scanner draws what a lung sonographer would recognise, the same every time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pocus_data import phantom, phantom_catalog
from pocus_data.errors import FetchError
from pocus_data.phantom_catalog import draw_specs, to_yaml
from pocus_data.phantom_lungs import LUNGS
from pocus_data.phantom_screen import Machine, compress
from pocus_data.phantom_tissue import Patient, Probe, Scene, speckle
from tests.conftest import CLIP, REPOSITORY

PROBE = Probe(radius_mm=60, half_angle_rad=0.55, depth_mm=120, frequency_mhz=3.5)


def scene(diagnosis: str, patient: int = 5) -> Scene:
    return Scene(Patient(patient), 1, PROBE, LUNGS[diagnosis])


def test_speckle_is_rayleigh():
    envelope = np.abs(speckle(np.random.default_rng(1), PROBE, lines=1024))
    assert envelope.mean() / envelope.std() == pytest.approx(1.91, abs=0.06)


def test_compression_spans_the_dynamic_range():
    machine = Machine(gain_db=0, dynamic_range_db=55, tgc_tilt_db=0, noise_db=-200)
    quiet = np.zeros((384, 192), dtype=np.float32)
    echo = np.full_like(quiet, 1.0)
    one = compress(echo, PROBE, machine, quiet)
    tenth = compress(echo / 10, PROBE, machine, quiet)
    # 20 dB less, on every row that the TGC can still restore.
    assert (one - tenth)[:200].mean() == pytest.approx(20 / 55, abs=1e-3)


def test_a_lines_lie_at_multiples_of_the_pleural_depth_and_decay():
    drawn = scene("healthy", patient=6)
    column = drawn.amplitude(0.0)
    pleura = drawn.pleura_line(0.0)
    centre = np.flatnonzero(np.abs(drawn.angle[0] - drawn.rib_angle) < 0.06)
    at = {}
    for order in (1, 2, 3):
        rows = [np.abs(drawn.depth[:, 0] - order * pleura[line]).argmin() for line in centre]
        at[order] = float(
            np.mean([column[r - 1 : r + 2, c].max() for r, c in zip(rows, centre, strict=True)])
        )
    between = [np.abs(drawn.depth[:, 0] - 2.5 * pleura[line]).argmin() for line in centre]
    haze = np.mean([column[r, c] for r, c in zip(between, centre, strict=True)])
    assert at[1] > at[2] > at[3] > 2 * haze


def test_the_healthy_pleura_slides():
    drawn = scene("healthy")
    assert abs(drawn.slide(0.0) - drawn.slide(drawn.patient.breath_period_s / 2)) > 0
    first, later = drawn.amplitude(0.0), drawn.amplitude(0.4)
    assert not np.allclose(first, later)


def test_b_lines_reach_the_bottom_unfaded_and_erase_a_lines():
    drawn = scene("covid19")
    lung = drawn.lung
    visible = drawn.moved(lung.b_lines, 0.0)
    strongest = int(visible.argmax())
    pleura = drawn.pleura_line(0.0)[None, :]
    ones = np.ones((384, 192), dtype=np.float32)
    ray = lung.parenchyma(0.0, pleura, ones)[:, strongest]
    top, bottom = ray[200:260].mean(), ray[320:380].mean()
    assert bottom > 0.9 * top
    erased = lung.a_lines(pleura, ones)[:, strongest] * (1 - visible[strongest])
    assert ray[200:].mean() > 4 * erased[200:].mean()


def test_b_lines_move_with_sliding():
    drawn = scene("covid19")
    times = np.linspace(0, drawn.patient.breath_period_s, 20)
    slides = [drawn.slide(time) for time in times]
    left, right = times[int(np.argmin(slides))], times[int(np.argmax(slides))]
    assert drawn.moved(drawn.lung.b_lines, left).argmax() != pytest.approx(
        drawn.moved(drawn.lung.b_lines, right).argmax(), abs=0
    )


def test_an_effusion_is_anechoic():
    ill = next(n for n in range(50) if Patient(n).effusion_mm > 10)
    drawn = scene("bacterial_pneumonia", patient=ill)
    fluid = drawn.moved(drawn.lung.effusion_mm, 0.0)
    line = int(fluid.argmax())
    pleura = drawn.pleura_line(0.0)[None, :]
    ones = np.ones((384, 192), dtype=np.float32)
    echo = drawn.lung.parenchyma(0.0, pleura, ones)[:, line]
    below = drawn.depth[:, 0] - pleura[0, line]
    inside = (below > 1) & (below < fluid[line] - 1)
    solid = (below > fluid[line] + 1) & (below < fluid[line] + 6)
    assert echo[inside].max() < 0.05 * echo[solid].min()


def test_the_same_address_gives_the_same_bytes(tmp_path, clips):
    for spec, path in clips.values():
        again = tmp_path / path.name
        phantom.render(spec.url, again)
        assert again.read_bytes() == path.read_bytes(), path.name


def test_the_address_says_everything():
    spec = replace(CLIP, furniture=("ruler", "bar"), gain_db=-3.0, codec=".gif")
    assert phantom.parse(spec.url) == spec


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("phantom:asthma?patient=1&clip=1", "class 'asthma' is none of"),
        ("phantom:healthy?clip=1", "'patient' is missing"),
        ("phantom:healthy?patient=1&clip=1&colour=red", "no setting 'colour'"),
        ("phantom:healthy?patient=1&clip=1&frames=-4", "frames: must be greater than zero"),
        ("phantom:healthy?patient=1&clip=1&frames=many", "frames: invalid literal"),
        ("phantom:healthy?patient=1&clip=1&codec=.mkv", "codec: '.mkv' is none of"),
        ("phantom:healthy?patient=1&clip=1&furniture=sofa", "'sofa' is none of"),
    ],
)
def test_an_address_that_is_none(url, said):
    with pytest.raises(FetchError, match=said):
        phantom.parse(url)


def test_machines_and_screens_do_not_know_the_class(monkeypatch):
    """Relabelling the classes leaves every other setting as it is."""
    before = draw_specs(18, 2, seed=1)
    monkeypatch.setattr(phantom_catalog, "CLASSES", ("healthy", "covid19", "healthy"))
    after = draw_specs(18, 2, seed=1)
    assert [spec.diagnosis for spec in after] != [spec.diagnosis for spec in before]
    relabelled = [replace(a, diagnosis=b.diagnosis) for a, b in zip(after, before, strict=True)]
    assert relabelled == before


def test_rates_containers_and_screens_vary_as_in_the_real_data():
    specs = draw_specs(18, 2, seed=1)
    assert {spec.codec for spec in specs} == set(phantom.CODECS)
    assert min(s.frame_rate_hz for s in specs) >= 8 and max(s.frame_rate_hz for s in specs) <= 50
    assert any(s.width != s.height for s in specs)
    assert {part for s in specs for part in s.furniture} == {"ruler", "text", "logo", "bar"}


def test_the_committed_catalog_is_the_drawn_one():
    committed = Path(REPOSITORY / "catalog/phantom/phantom.yaml").read_text()
    assert committed == to_yaml(draw_specs(18, 2, seed=1))


def test_furniture_never_covers_the_sector():
    spec = replace(CLIP, width=400, height=320, furniture=("ruler", "text", "logo", "bar"))
    truth = phantom.truth(spec)
    assert truth.furniture_mask.sum() > 200
    assert not (truth.furniture_mask & truth.sector_mask).any()
