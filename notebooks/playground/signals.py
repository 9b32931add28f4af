"""The signals: one entry each in `SIGNALS`, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Signal:
    """``wave(t, points)``: values within ±1.4 at times t, with `points` to a period.

    `repeats`: after how many periods the signal is the same again; None for never. In a `family`
    every series has a period and a phase of its own. `foreseen`, where it is not the wave itself,
    is the best forecast of it from all that came before. (The script of a run has the source of
    `wave`, so that stands on NumPy alone.)
    """

    wave: Callable[[np.ndarray, float], np.ndarray]
    repeats: float | None = None
    family: bool = False
    foreseen: Callable[[np.ndarray, float], np.ndarray] | None = None


def sine(t, points):
    return np.sin(2 * np.pi * t / points)


def two_sines(t, points):
    turn = 2 * np.pi * t / points
    return 0.7 * (np.sin(turn) + np.sin(2.9 * turn))


def drifting(t, points):  # 0.6 to 1.4 times the frequency
    turn = 2 * np.pi * t / points
    return np.sin(turn - 3.2 * np.cos(turn / 8))


def square_with_gap(t, points):  # a pulse up, a pulse down, and a gap of two and a half periods
    place = t / points % 3
    return np.where(place < 0.25, 1.0, np.where(place < 0.5, -1.0, 0.0))


def echo(t, points):  # each value is that of a quarter of a period before; one in ten is new
    rng, delay = np.random.default_rng(0), points // 4
    values, new = rng.uniform(-1, 1, 2000), rng.uniform(size=2000) < 0.1
    for k in range(delay, 2000):
        values[k] = values[k] if new[k] else values[k - delay]
    return values[t.astype(int)]


def echo_foreseen(t, points):  # nobody can know a new value before it comes
    return 0.9 * echo(np.maximum(t - points // 4, 0), points)


SIGNALS = {
    "sine": Signal(sine, repeats=1),
    "two sines": Signal(two_sines, repeats=10),
    "drifting frequency": Signal(drifting, repeats=8),
    "square with a long gap": Signal(square_with_gap, repeats=3),
    "echo": Signal(echo, foreseen=echo_foreseen),
    "family of waves": Signal(sine, repeats=1, family=True),
}


def clean_signal(
    signal: str, points: float, length: int, phase: float = 0.0, foreseen: bool = False
) -> np.ndarray:
    """A signal without noise, shape (length, 1), of `points` samples a period.

    If `foreseen`, the best that can be said of each value before it comes.
    """
    t, kind = np.arange(length) + phase * points, SIGNALS[signal]
    return ((foreseen and kind.foreseen) or kind.wave)(t, points)[:, None]
