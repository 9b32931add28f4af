"""The signals: one entry each in `SIGNALS`, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Signal:
    """``wave(t, points)``: values within ±1.4 at times t, with `points` to a period.

    `repeats`: after how many periods the signal is the same again; None for never. In a `family`
    every series has a period and a phase of its own.
    """

    wave: Callable[[np.ndarray, float], np.ndarray]
    repeats: float | None = None
    family: bool = False


def _turn(t, points):  # the angle, 2 pi a period
    return 2 * np.pi * t / points


def sine(t, points):
    return np.sin(_turn(t, points))


def two_sines(t, points):
    return 0.7 * (np.sin(_turn(t, points)) + np.sin(2.9 * _turn(t, points)))


def drifting(t, points):  # 0.6 to 1.4 times the frequency
    return np.sin(_turn(t, points) - 3.2 * np.cos(_turn(t, points) / 8))


def square_with_gap(t, points):  # a pulse up, a pulse down, and a gap of two and a half periods
    place = t / points % 3
    return np.where(place < 0.25, 1.0, np.where(place < 0.5, -1.0, 0.0))


SIGNALS = {
    "sine": Signal(sine, repeats=1),
    "two sines": Signal(two_sines, repeats=10),
    "drifting frequency": Signal(drifting, repeats=8),
    "square with a long gap": Signal(square_with_gap, repeats=3),
    "family of waves": Signal(sine, repeats=1, family=True),
}


def clean_signal(signal: str, points: float, length: int, phase: float = 0.0) -> np.ndarray:
    """A signal without noise, shape (length, 1), of `points` samples a period."""
    t = np.arange(length) + phase * points
    return SIGNALS[signal].wave(t, points)[:, None]
