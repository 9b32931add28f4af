"""The exercises of lesson 06b, Far ahead."""

from __future__ import annotations

import math

import numpy as np
import torch

from checks import array_of, exercise, expect, judged, numbers, show
from helpers import ar_forecast, fit_ar, make_wave, rmse


@exercise(
    "06b.1",
    """
    modulus = ...  # of the roots
    after_three = ...  # what is left of the wave after three periods: 0.1 for a tenth
    older_weight = ...  # its size: "larger" or "smaller" than 1
    """,
)
def half_a_period(modulus, after_three, older_weight) -> str:
    (r,) = numbers(modulus, 1, "modulus")
    (three,) = numbers(after_three, 1, "after_three")
    expect(0 < r < 1, f"`modulus` is {show(r)}; of a wave that shrinks it lies between 0 and 1.")
    steps, half = 50, 1 / 2
    expect(r != half, "with that modulus half is left after one step. A period has fifty.")
    left = r**steps
    expect(
        abs(r - (1 - half / steps)) > 1e-5,
        f"with {show(r)} the losses of the steps add up to a half, but each takes a share of what "
        f"is left: {left:.3f} after a period.",
    )
    expect(
        abs(left - half**2) > 0.02 and abs(left - half**0.5) > 0.02,
        f"with a modulus of {r:.4g} a share of {left:.2f} is left after a period: a power of two "
        "off. Is it the modulus, or its square?",
    )
    expect(abs(left - half) < 0.03, f"a modulus of {r:.4g} leaves {left:.3f} of the wave.")
    expect(three > 0, f"`after_three` is {show(three)}; something is left.")
    expect(abs(three - half) > 0.01, "that much is left after one period already.")
    expect(
        abs(three - half / 3) > 0.005,
        "a third of a half: does the third period take as much as the first?",
    )
    expect(
        abs(three / half**3 - 1) < 0.05, f"not {show(three)}: each period leaves half of the last."
    )
    ok = isinstance(older_weight, str) and older_weight in ("larger", "smaller")
    expect(ok, f'`older_weight` should be "larger" or "smaller"; it is {show(older_weight)}.')
    expect(
        older_weight != "larger",
        "the two roots multiply to the older weight, but for its sign. What is a product of two "
        "numbers of this modulus?",
    )
    return f"each step keeps {left ** (1 / steps):.3f}, each period {left:.2f} of the wave."


@exercise(
    "06b.2",
    """
    prediction = ...  # the gain a period from two values without noise: one number


    def gain_and_error(noise, window):
        ...  # the gain a period of 628 steps, and the RMSE of 396 steps against the clean wave
    """,
)
def how_many_values(prediction, gain_and_error, gain_of) -> str:
    (guess,) = numbers(prediction, 1)
    expect(0 <= guess < 10, f"a gain of {show(guess)} a period? 1 is a wave that goes on as it is.")

    def run(noise: float, window: int) -> np.ndarray:
        what = f"gain_and_error({noise}, {window})"
        return array_of(gain_and_error(noise, window), what, (2,))

    clean = np.sin(0.01 * np.arange(1, 1001))[:, None]
    shaken = clean + 0.02 * np.random.default_rng(0).standard_normal(clean.shape)
    past, truth = shaken[:604], clean[604:]
    weights = fit_ar(past, 16)
    ahead = ar_forecast(weights, past[None], len(truth))[0]
    right = gain_of(weights, 628), rmse(ahead, truth)
    gain, error = found = run(0.02, 16)
    here = "with noise 0.02 and a window of 16"
    expect(not np.allclose(found[::-1], right, rtol=1e-3), f"{here}, the error comes first.")
    expect(
        abs(error - rmse(ahead, shaken[604:])) > 1e-5,
        f"{here}, your RMSE of {error:.4f} is that to the noisy values, not to the clean wave.",
    )
    expect(
        abs(gain - gain_of(weights)) > 1e-5,
        f"{here}, your gain of {gain:.3f} is that of 50 steps, not of a period.",
    )
    expect(
        abs(gain - gain_of(weights, 1)) > 1e-6,
        f"{here}, your gain of {gain:.4f} is that of one step.",
    )
    expect(
        not np.allclose(found, run(0.02, 4)),
        "windows of 4 and of 16 give the same. Is `window` used?",
    )
    expect(
        abs(error / right[1] - 1) < 0.01,
        f"{here}, your RMSE is {error:.3f}. The noise is that of generator 0, training has 604 "
        "values, and each forecast is fed back.",
    )
    expect(abs(gain / right[0] - 1) < 0.01, f"{here}, your gain is {gain:.3g}; the RMSE is right.")
    still, small = run(0, 2), run(0.02, 4)
    expect(
        abs(still[0] - 1) < 0.01 and still[1] < 0.01,
        f"without noise, from two values, you find a gain of {still[0]:.2f} and an error of "
        f"{still[1]:.3f}. Is there a noise left in?",
    )
    measured = f"without noise two values give a gain of {still[0]:.3f}"
    return (
        f"{judged(guess, abs(guess - still[0]) < 0.02, measured)} With noise 0.02 four give "
        f"{small[0]:.2f}: what counts is the noise against the movement in the window."
    )


@exercise(
    "06b.3",
    """
    def gain_by_pushing(advance, rest):  # advance(state) is the next state; both (n,), float64
        ...  # the gain in 50 steps, a number
    """,
)
def push_and_look(gain_by_pushing) -> str:
    found = []
    for modulus, period in ((0.99, 50), (1.01, 37)):
        rest = torch.tensor([0.5, -0.3, 0.2, 0.1], dtype=torch.float64)
        turn = 2 * math.pi / period
        matrix = torch.zeros(4, 4, dtype=torch.float64)
        matrix[:2, :2] = modulus * torch.tensor(
            [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
        )
        matrix[2, 2], matrix[3, 3], matrix[0, 2] = 0.6, -0.4, 3.0

        def advance(state: torch.Tensor, rest=rest, matrix=matrix) -> torch.Tensor:
            gap = matrix @ (state - rest)
            return rest + torch.tanh(gap)  # large pushes are squashed

        gain = float(array_of(gain_by_pushing(advance, rest), "what you give", ()))
        right = modulus**50
        here = f"around a rest point whose gain in 50 steps is {right:.3f} you find {gain:.3f}"
        expect(gain != 0, f"{here}: the push has become too small to be seen.")
        expect(
            abs(gain - modulus) > 2e-3,
            f"{here}: that is the factor of one step.",
        )
        expect(
            abs(gain - 50 * math.log(modulus)) > 0.01,
            f"{here}: that is a logarithm.",
        )
        expect(
            modulus < 1 or abs(gain - 1) > 0.01,
            f"{here}: the difference has grown until it was squashed. Is it shrunk at each step?",
        )
        expect(
            abs(gain / right - 1) < 0.05,
            f"{here}. Of the first steps, in which the push still turns into its direction, is "
            "something counted, and are the rounds many?",
        )
        found.append(gain)
    return (
        f"{found[0]:.3f} and {found[1]:.3f}, on the right sides of 1. It needs no derivative, and "
        "works for any model that runs. Now compare with the derivatives for the copies "
        "of run 0."
    )


GOAL, STEPS = 0.1, 2000


@exercise(
    "06b.4",
    """
    def make_far_forecaster(train_part):  # (600, 1): a sine of amplitude 1, with noise 0.1
        def forecast(context, steps):  # (batch, 100, 1)
            ...  # (batch, steps, 1)

        return forecast
    """,
)
def forty_periods(make_far_forecaster) -> str:
    errors, sizes, by_ar = [], [], []
    for seed, period in enumerate((50, 43.3, 61.7)):
        clean = make_wave(800 + STEPS, period)
        series = clean + 0.1 * np.random.default_rng(seed).standard_normal(clean.shape)
        starts = (0, 37, 100)
        context = np.stack([series[600 + k : 700 + k] for k in starts])
        truth = np.stack([clean[700 + k : 700 + k + STEPS] for k in starts])
        forecast = make_far_forecaster(series[:600].copy())
        what = "`make_far_forecaster` should return a function"
        expect(callable(forecast), f"{what}; it returns {show(forecast)}.")
        what = f"the forecast of {STEPS} steps for contexts of shape {context.shape}"
        found = array_of(forecast(context.copy(), STEPS), what, truth.shape)
        errors.append(rmse(found, truth))
        sizes.append(math.sqrt(2) * found[:, -500:].std())
        line = ar_forecast(fit_ar(series[:600], 50), context, STEPS)
        by_ar.append(rmse(line, truth))
    error, size = (float(np.sqrt(np.mean(np.square(each)))) for each in (errors, sizes))
    said = (
        f"over {STEPS} steps you are {error:.2f} off the clean wave, which ends with a size of "
        f"{size:.2f}; asked for is {GOAL}"
    )
    expect(size > 0.5, f"{said}. It has died: a gain a period below 1, for forty periods.")
    expect(size < 2, f"{said}. It has exploded: a gain a period above 1, for forty periods.")
    expect(
        error < 0.5,
        f"{said}. It lives, and has lost the phase. A period that is off by a hundredth is off by "
        "a half after fifty.",
    )
    expect(error <= GOAL, f"{said}. How well is the period known, and how well the phase?")
    return f"{said}. AR(50), fed back, is {np.sqrt(np.mean(np.square(by_ar))):.2f} off."
