"""The data of a run: pairs for training and validation, and what simple rivals score on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from helpers import ar_forecast, persistence

from .settings import CONTROLS, Settings, checked
from .signals import SIGNALS, clean_signal

PAST, AHEAD = 50, 80  # what the forecast's picture shows before and after its origin
TRAIN, VALIDATION = 800, 400  # points of a single series
FAMILY = 400, 64  # series of a family for training, for validation
AR_ORDER = 32  # at most
OF_DATA = [name for name, control in CONTROLS.items() if control.of == "data"]


@dataclass(frozen=True)
class Data:
    """Pairs for training and validation, a stretch to forecast, and what simple rivals score."""

    inputs: torch.Tensor  # (N, window, 1)
    targets: torch.Tensor  # (N, k, 1), the values that the last k outputs should be
    val_inputs: torch.Tensor
    val_targets: torch.Tensor  # (M, 1, 1)
    stretch: np.ndarray  # (lead + AHEAD, 1); the forecast starts after `lead` values
    lead: int
    rivals: dict[str, float]  # mean squared errors on the validation pairs


def make_data(settings: Settings) -> Data:
    """The data that the settings ask for; the same for the same settings."""
    settings = checked(settings)
    window, lead = settings["window"], max(settings["window"], PAST)
    rng = np.random.default_rng(settings["seed"])
    series, clean = _series(settings, rng, lead + AHEAD)
    windows = [_windows(part, window) for part in series]
    (inputs, after), (val_inputs, val_after) = windows
    # At random: an even spacing could always meet a periodic signal at the same place.
    chosen = rng.permutation(len(val_inputs))[:64]
    val_inputs, val_after = val_inputs[chosen], val_after[chosen]
    rivals = {
        "persistence": np.mean((val_after - persistence(val_inputs, 1)) ** 2),
        "AR": np.mean((val_after - ar_forecast(_fit_ar(inputs, after), val_inputs, 1)) ** 2),
    }
    if settings["noise"] or SIGNALS[settings["signal"]].foreseen:
        _, clean_after = _windows(clean, window)
        rivals["noise floor"] = np.mean((val_after - clean_after[chosen]) ** 2)
    targets = after
    if settings["loss"] == "every output":
        warmup = min(5, window - 1)
        targets = np.concatenate([inputs[:, 1:], after], axis=1)[:, warmup:]
    tensors = [torch.tensor(a, dtype=torch.float32) for a in (inputs, targets, val_inputs)]
    val_targets = torch.tensor(val_after, dtype=torch.float32)
    rivals = {name: float(score) for name, score in rivals.items()}
    return Data(*tensors, val_targets, series[1][0][: lead + AHEAD], lead, rivals)


def _series(settings: Settings, rng, least: int) -> tuple[list, list]:
    """Training and validation series, lists of (time, 1), and what is foreseen of the latter."""
    signal, points, noise = settings["signal"], settings["points"], settings["noise"]
    if SIGNALS[signal].family:
        lengths = [[settings["window"] + 1] * number for number in FAMILY]
        lengths[1][0] = least  # the one that is shown goes on
        factors = [rng.uniform(0.6, 1.4, number) for number in FAMILY]
        parts = [
            [clean_signal(signal, points * f, n, rng.uniform()) for f, n in zip(*both, strict=True)]
            for both in zip(factors, lengths, strict=True)
        ]
        foreseen = parts[1]
    else:
        whole = clean_signal(signal, points, TRAIN + VALIDATION)
        parts = [[whole[:TRAIN]], [whole[TRAIN:]]]
        foreseen = [clean_signal(signal, points, TRAIN + VALIDATION, foreseen=True)[TRAIN:]]
    noisy = [[s + noise * rng.standard_normal(s.shape) for s in part] for part in parts]
    return noisy, foreseen


def _windows(series: list[np.ndarray], window: int) -> tuple[np.ndarray, np.ndarray]:
    """As `helpers.create_sequences`, of one series; of many only the first window of each.

    By views: copied one by one, the windows took most of the time from a slider to a new run.
    """
    if len(series) == 1:
        both = sliding_window_view(series[0], window + 1, axis=0).swapaxes(1, 2)
    else:
        both = np.stack([one[: window + 1] for one in series])
    return both[:, :window], both[:, window:]


def _fit_ar(inputs: np.ndarray, after: np.ndarray) -> np.ndarray:
    """As `helpers.fit_ar`, on the last values of windows that may be of many series."""
    order = min(AR_ORDER, inputs.shape[1])
    design = np.column_stack([inputs[:, -order:, 0], np.ones(len(inputs))])
    return np.linalg.lstsq(design, after[:, 0, 0], rcond=None)[0]
