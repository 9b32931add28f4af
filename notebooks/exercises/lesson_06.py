"""The exercises of lesson 06, Evaluation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from checks import array_of, exercise, expect, judged, numbers, show
from experiments import models_of, verdict
from helpers import (
    Forecaster,
    ar_forecast,
    fit,
    fit_ar,
    fit_scaler,
    in_units,
    make_wave,
    rmse,
    rmse_by_horizon,
    split_in_time,
)


@exercise("06.1", "prediction = ...  # the RMSE at horizons 1, 25, 50 and 100: four numbers")
def persistence_by_horizon(prediction) -> str:
    given = numbers(prediction, 4)
    horizons, waves = (1, 25, 50, 100), []
    for noise in (0.1, 0):
        wave = make_wave(100_000, 50, noise, generator=np.random.default_rng(0))
        waves.append(np.array([rmse(wave[:-h], wave[h:]) for h in horizons]))
    measured, moved = waves
    expect((given >= 0).all(), f"an error below 0, in {show(given)}?")
    expect(
        not np.allclose(given[2:], 0, atol=0.01),
        f"{show(given)} is how far the wave moves. Where has the noise gone?",
    )
    expect(
        not np.allclose(given[2:], 0.1, rtol=0.02),
        f"{show(given)} counts the noise once. The value that is repeated has noise too.",
    )
    expect(
        not np.allclose(given[2:], 0.2, rtol=0.02),
        f"{show(given)} adds the two noises as they are; what adds up is their squares.",
    )
    expect(
        np.ptp(given) > 0.01,
        "the same at each horizon? Where that is no whole period, the wave has moved as well.",
    )
    expect(
        abs(given[1] - 2) > 0.1,
        f"{show(given[1])} at horizon 25 is the distance from crest to trough. Most moments lie "
        "between the two; what is their root mean square?",
    )
    expect(
        abs(given[0] - measured[0]) < 0.05 * measured[0] or abs(given[0] - moved[0] - 0.14) > 0.01,
        f"{show(given[0])} at horizon 1 is a plain sum of what the noise does and how far the wave "
        "moves. The two are independent.",
    )
    where = {1: "a step on", 25: "half a period on", 50: "a period on", 100: "two periods on"}
    for h, guess, error in zip(horizons, given, measured, strict=True):
        expect(
            abs(guess - error) < 0.05 * error,
            f"{show(guess)} at horizon {h} is too {'large' if guess > error else 'small'}. How far "
            f"is the wave from where it was, {where[h]}, and what do the two noises add?",
        )
    return f"on 100000 values it measures {show(measured)}."


@exercise(
    "06.2",
    """
    prediction = ...  # one step ahead, in closed loop: two of "lower", "higher", "not clear"


    def fit_noisy_inputs(model, series, seed, noise=0.3, window=50, steps=100):
        ...
    """,
)
def noise_on_the_inputs(prediction, fit_noisy_inputs) -> str:
    two = isinstance(prediction, (tuple, list)) and len(prediction) == 2
    expect(
        two and all(isinstance(word, str) and word in WORDS for word in prediction),
        f"`prediction` should be two words, each of them one of {', '.join(WORDS)}; it is "
        f"{show(prediction)}.",
    )
    plain, plain_inputs = _train(fit, _Listening())
    same, same_inputs = _train(fit_noisy_inputs, _Listening(), noise=0.0)
    expect(
        len(same_inputs) == STEPS,
        f"with steps={STEPS} the network is asked {len(same_inputs)} times; asked for is one batch "
        "a step.",
    )
    expect(
        same_inputs.shape == plain_inputs.shape,
        f"with window={WINDOW} a batch has shape {tuple(same_inputs.shape[1:])}; that of the short "
        f"recipe is {tuple(plain_inputs.shape[1:])}.",
    )
    alike = [torch.allclose(*batches) for batches in zip(same_inputs, plain_inputs, strict=True)]
    expect(
        all(alike) or not alike[0],
        "with noise=0 the first batch is that of `fit`, and later ones hold other windows. Are the "
        "noise and the choice of windows drawn from one generator?",
    )
    expect(all(alike), "with noise=0 the batches are not those of `fit` with the same seed.")
    expect(
        torch.allclose(same, plain, atol=1e-6),
        "with noise=0 the batches are those of `fit`, and yet another network comes of them. "
        "Compare your targets and your optimiser with the recipe's.",
    )
    _, noisy_inputs = _train(fit_noisy_inputs, _Listening(), noise=0.3)
    added = noisy_inputs - plain_inputs
    expect(added.abs().max() > 0, "with noise=0.3 the inputs are those without noise.")
    expect(
        not torch.allclose(added[0], added[1], atol=1e-4),
        "the noise is drawn once, and each batch gets the same.",
    )
    deaf, still_deaf = (
        _train(function, _Deaf(), **noise)[0]
        for function, noise in ((fit, {}), (fit_noisy_inputs, {"noise": 0.3}))
    )
    expect(
        torch.allclose(deaf, still_deaf, atol=1e-6),
        "a network that ignores its inputs learns something else with noise than without. So the "
        "targets have noise on them.",
    )
    expect(
        abs(added.std() - 0.3) < 0.03,
        f"with noise=0.3 the noise has a standard deviation of {added.std():.2f}.",
    )
    ways, found, told = (fit, fit_noisy_inputs), [], []
    scores = [np.array([_validated(way, seed) for seed in range(5)]).T for way in ways]
    for name, before, after in zip(("one step ahead", "in closed loop"), *scores, strict=True):
        said = verdict(after, before)
        lower = np.median(after) < np.median(before)
        found.append("not clear" if said == "not clear" else "lower" if lower else "higher")
        told.append(
            f"{name} the median goes from ≈{np.median(before):.3f} to ≈{np.median(after):.3f}: "
            f"{found[-1]}"
        )
    measured = f"over five runs, on the validation parts, {'; '.join(told)}"
    return (
        f"{judged(', '.join(prediction), [*prediction] == found, measured)} (Not clear is what is "
        "not each of five against each of five, the rule of lesson 04.)"
    )


WORDS = ("lower", "higher", "not clear")
WINDOW, STEPS = 20, 12


def _validated(function: Callable, seed: int) -> tuple[float, float]:
    """The RMSE on the validation part, one step ahead and over 200 steps, of the short recipe."""
    wave = make_wave(2500, 50, 0.1, np.random.default_rng(seed))
    train_part, validation_part, _ = split_in_time(wave, validation=0.15, test=0.4)
    (model,), scaler = models_of([seed], hidden_size=16), fit_scaler(train_part)
    model = model.float()
    function(model, scaler.scale(train_part), seed=seed, window=50, steps=100)
    errors = rmse_by_horizon(in_units(model, scaler), validation_part, 50, 200)
    return float(errors[0]), float(np.sqrt(np.mean(errors**2)))


class _Listening(nn.Module):
    """A small Forecaster that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inner = Forecaster(hidden_size=4).float()
        self.rnn, self.linear, self.heard = self.inner.rnn, self.inner.linear, []

    def forward(self, x: Tensor) -> Tensor:
        self.heard.append(x.detach().clone())
        return self.inner(x)


class _Deaf(_Listening):
    """It always says one number, which it learns."""

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(torch.zeros(*x.shape[:2], 4))


def _train(function: Callable, model: _Listening, **settings) -> tuple[Tensor, Tensor]:
    """The weights after a few steps, and all inputs (steps, batch, window, 1)."""
    series = make_wave(300, 50, noise=0.1, generator=np.random.default_rng(0))
    function(model, series, seed=3, window=WINDOW, steps=STEPS, **settings)
    weights = torch.cat([p.detach().flatten() for p in model.parameters()])
    try:
        return weights, torch.stack(model.heard or [torch.zeros(0)])
    except RuntimeError:  # of unlike shapes
        return weights, torch.zeros(len(model.heard), 0)


@exercise(
    "06.3",
    """
    def own_period(forecast, start):  # forecast (time,) from time `start` on; a number
        ...
    """,
)
def period_of_its_own(own_period) -> str:
    worst = 0.0
    for period, start, size in ((50, 0, 1), (56, 0, 1), (44, 7, 1), (49.3, 20, 0.5), (53, 3, 2)):
        wave = size * make_wave(start + 500, period)[start:, 0]
        what = f"`own_period` of a wave of {period} points"
        found = float(array_of(own_period(wave.copy(), start), what, ()))
        said = f"{what}, 500 values from time {start} on, is {found:.2f}"
        expect(
            20 < found < 100,
            f"{said}. That is no period near 50. Steps late are not yet a period.",
        )
        expect(
            period == 50 or abs(1 / found + 1 / period - 2 / 50) > 1e-4,
            f"{said}: as far on the other side of 50. Is a wave that comes late longer or shorter?",
        )
        off, less = abs(found - period), abs(found - 50) < abs(period - 50)
        expect(
            not (0.2 <= off < 1 and less),
            f"{said}: near, but drawn towards 50. The lateness is counted every 50 time steps; do "
            "these hold one period of the wave?",
        )
        expect(off < 0.2, f"{said}; asked for is an error below 0.2.")
        worst = max(worst, off)
    return (
        f"on waves from 44 to 56 points it is off by {worst:.2f} at most. Try it on the networks "
        "that were trained on the last output: each has a period of its own."
    )


@exercise(
    "06.4",
    """
    def two_sine_forecaster(train_part, validation_part):  # (1125, 1), (375, 1)
        def forecast(context, steps):  # (batch, 200, 1)
            ...  # (batch, steps, 1)

        return forecast
    """,
)
def beat_least_squares(two_sine_forecaster) -> str:
    errors, by_ar = [], []
    for seed, periods in ((100, [50, 17]), (101, [43, 19])):
        clean = make_wave(2500, periods)
        wave = make_wave(2500, periods, 0.1, np.random.default_rng(seed))
        train_part, validation_part, test_part = split_in_time(wave, validation=0.15, test=0.4)
        starts = range(0, 601, 20)
        context = np.stack([test_part[i : i + 200] for i in starts])
        truth = np.stack([clean[1500 + i + 200 : 1500 + i + 400] for i in starts])
        forecast = two_sine_forecaster(train_part.copy(), validation_part.copy())
        what = "`two_sine_forecaster` should return a function"
        expect(callable(forecast), f"{what}; it returns {show(forecast)}.")
        what = f"the forecast of 200 steps for contexts of shape {context.shape}"
        errors.append(rmse(array_of(forecast(context.copy(), 200), what, truth.shape), truth))
        by_ar.append(rmse(ar_forecast(fit_ar(train_part, 50), context, 200), truth))
    error, ar = (float(np.sqrt(np.mean(np.square(each)))) for each in (errors, by_ar))
    said = f"over 200 steps you are {error:.3f} off the wave without noise; asked for is 0.02"
    expect(
        errors[0] > 0.05 or errors[1] < 0.1,
        f"on the wave of the lesson you are {errors[0]:.3f} off, and on another, with two other "
        f"periods, {errors[1]:.3f}. Are yours found in the training part, or typed in?",
    )
    expect(error < 0.9, f"{said}. Who says 0 all the time is 1 off.")
    expect(error < 1.05 * ar, f"{said}. Even AR(50) is only {ar:.3f} off.")
    expect(
        error <= 0.02,
        f"{said}. AR(50) is {ar:.3f} off. More weights average over more noise, and learn more of "
        "it as well. What could hold them down? Or how few numbers are two sines?",
    )
    return f"{said}. AR(50), the best of the table, is {ar:.3f} off."
