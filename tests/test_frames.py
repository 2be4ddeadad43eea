"""Sampling by time, and frames whose pixels prove themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocus_data.crop import Window
from pocus_data.frames import choose_frames, write_frames
from pocus_data.png import read_png
from pocus_data.video import probe

delays = st.lists(st.floats(0.005, 2.0), min_size=0, max_size=400)


def even(rate_hz: float, frames: int) -> list[float]:
    return [index / rate_hz for index in range(frames)]


@given(delays, st.floats(0.5, 10), st.integers(1, 40))
def test_any_clip(steps, rate_hz, max_frames):
    times = np.concatenate([[0.0], np.cumsum(steps)])
    chosen = choose_frames(times, rate_hz, max_frames)
    assert 1 <= len(chosen) <= max_frames
    assert chosen == sorted(set(chosen))
    assert chosen[0] == 0 and chosen[-1] < len(times)
    gaps = np.diff(times[chosen])
    longest = max(steps, default=0)
    # No two kept frames stand for the same tick: each gap is a tick, give or take a frame.
    assert (gaps > 1 / rate_hz - longest - 1e-6).all()


@given(delays, st.floats(0.5, 10))
def test_the_whole_clip_is_covered(steps, rate_hz):
    times = np.concatenate([[0.0], np.cumsum(steps)])
    chosen = choose_frames(times, rate_hz, 30)
    last_tick = np.floor(times[-1] * rate_hz + 1e-6) / rate_hz
    shown_last = int(np.searchsorted(times, last_tick + 1e-6, side="right")) - 1
    if len(chosen) > 1:
        assert chosen[-1] == shown_last


@pytest.mark.parametrize("rate_hz", [3.0, 8.0, 10.0, 20.9, 25.0, 29.97, 50.0])
def test_three_a_second_whatever_the_frame_rate(rate_hz):
    times = even(rate_hz, int(6 * rate_hz) + 1)
    kept = np.array(times)[choose_frames(times, 3, 30)]
    assert len(kept) == pytest.approx(19, abs=1)
    assert np.abs(kept - np.arange(len(kept)) / 3).max() <= 1 / rate_hz


def test_a_long_clip_is_thinned_over_its_length():
    chosen = choose_frames(even(25, 2501), 3, 30)
    assert len(chosen) == 30
    assert chosen[0] == 0 and chosen[-1] == 2500
    assert np.ptp(np.diff(chosen)) <= 18


def test_a_clip_slower_than_the_rate_keeps_every_frame_once():
    assert choose_frames(even(2, 9), 3, 30) == list(range(9))


def test_uneven_delays_count_by_time():
    # Ten quick frames, then one that stays for three seconds, then another.
    times = [*even(100, 10), 3.1]
    assert choose_frames(times, 3, 30) == [0, 9]


def test_one_frame():
    assert choose_frames([0.0], 3, 30) == [0]


def test_grey_clips_are_written_in_one_channel_and_losslessly(clips, tmp_path):
    _, path = clips[".gif"]
    write_frames(path, probe(path), [0, 3], Window(10, 20, 100), tmp_path, "clip")
    pixels = read_png(tmp_path / "clip-00003.png")
    assert pixels.shape == (100, 100)
