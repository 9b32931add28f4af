"""The exercises of lesson 05, Tuning."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from checks import array_of, exercise, expect, judged, numbers, show
from experiments import models_of
from helpers import Forecaster, closed_loop, rmse

ERRORS = ("one step", "re-reading", "closed loop")


@exercise(
    "05.1",
    """
    suffers_most = ...  # which grows by the largest factor: "one step", "re-reading", "closed loop"
    targets_a_step = ...  # compared in one optimiser step: with windows of 10, and of 100
    """,
)
def short_windows(suffers_most, targets_a_step) -> str:
    expect(
        isinstance(suffers_most, str) and suffers_most in ERRORS,
        f"`suffers_most` should be one of {', '.join(ERRORS)}; it is {show(suffers_most)}.",
    )
    given = tuple(numbers(targets_a_step, 2, "targets_a_step").tolist())
    windows, left_out = 16, 5
    right = tuple(windows * (length - left_out) for length in (10, 100))
    said = f"{show(given)} targets a step"
    expect(given != (10 * windows, 100 * windows), f"{said}: no output is left out there.")
    expect(given != (windows, windows), f"{said}: that is the loss on the last output alone.")
    expect(
        given == right or given != tuple(n / windows for n in right),
        f"{said}: that is one window.",
    )
    expect(given[::-1] != right, f"{said}: windows of 10 come first.")
    expect(
        given == right,
        f"{said}? There are 16 windows in a batch; how many of its outputs does each compare?",
    )
    expect(
        suffers_most != "one step",
        "one step ahead a window of ten is not bad: what has the network to know? Which error asks "
        "for something that training has never shown?",
    )
    expect(
        suffers_most != "re-reading",
        "re-reading uses the network as it was trained, ten values at a time. Which error asks for "
        "more?",
    )
    return (
        f"the long windows give {right[1] / right[0]:.0f} times as many targets. And a closed loop "
        "lives on a state that grows up to 200 steps old, where training has met none older than "
        "ten. Run the rung, and compare its three medians with those of the last one."
    )


@exercise(
    "05.2",
    """
    prediction = ...  # in closed loop, against 'loss on every output': "about the same" or "worse"


    def climb_flat(model, seed, window=100, steps=400, lr=0.01):
        ...  # trains the model on `sine(seed)` as the last rung does, at a constant rate
    """,
)
def constant_rate(prediction, climb_flat, climb, sine) -> str:
    ok = isinstance(prediction, str) and prediction in ("about the same", "worse")
    expect(ok, f'`prediction` should be "about the same" or "worse"; it is {show(prediction)}.')
    settings = {"window": 20, "steps": 8, "lr": 0.02}

    def after(train_it: Callable, **others) -> torch.Tensor:
        torch.manual_seed(0)
        model = Forecaster(hidden_size=3).float()
        train_it(model, 1, **settings, **others)
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    torch.manual_seed(0)
    start = torch.cat([p.detach().flatten() for p in Forecaster(hidden_size=3).parameters()])
    found = after(climb_flat)
    expect((found - start.float()).abs().max() > 0, "the model is as it was before.")
    own = {"every": True, "few": True, "one_cycle": False, "beta2": 0.95}
    for change, said in (
        ({"one_cycle": True}, "the rate still goes up and down."),
        ({"beta2": 0.999}, "that is Adam's long memory. The last rung has a short one."),
        ({"every": False}, "the loss is on the last output alone. The last rung has every output."),
        ({"few": False}, "all windows are in every step. The last rung has 16."),
        ({"every": False, "beta2": 0.999}, "more has changed than the rate: loss and memory too."),
    ):
        same = torch.allclose(found, after(climb, **own | change), atol=1e-6)
        expect(not same, f"with {_words(settings)}, {said}")
    for name, value in (("window", 100), ("steps", 400), ("lr", 0.01)):
        if name != "steps":  # 400 would take too long here
            other = _with(settings, name, value, climb, own)
            same = torch.allclose(found, other, atol=1e-6)
            expect(not same, f"with {_words(settings)}, you train with {name}={value}.")
    off = (found - after(climb, **own)).abs().max()
    expect(
        off < 1e-5,
        f"with {_words(settings)}, your weights are up to {off:.2g} away from those of the last "
        "rung at a constant rate. Nothing else may change, the draw of the batches included.",
    )
    every = dict(window=100, steps=400, lr=0.01, every=True, few=True)
    before = _mean_loop(lambda model, seed: climb(model, seed, **every), sine)
    flat = _mean_loop(climb_flat, sine)
    word = "worse" if flat > 1.5 * before else "about the same"
    measured = (
        f'in closed loop, over two runs, the RMSE is ≈{flat:.2f}, where that of "loss on every '
        f'output" is ≈{before:.2f}, so it is {word}'
    )
    return (
        f"{judged(prediction, prediction == word, measured)} A short memory is a noisy one, and "
        "here it has no calm end."
    )


def _mean_loop(train_it: Callable, sine: Callable) -> float:
    """The geometric mean over two runs of the RMSE in closed loop, over the last 200 values."""
    logs = []
    for seed, model in enumerate(models_of(range(2), hidden_size=32)):
        model = model.float()
        train_it(model, seed)
        values = sine(seed)
        logs.append(np.log(rmse(closed_loop(model, values[None, 700:800], 200)[0], values[800:])))
    return float(np.exp(np.mean(logs)))


def _words(settings: dict) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _with(settings: dict, name: str, value, climb: Callable, own: dict) -> torch.Tensor:
    torch.manual_seed(0)
    model = Forecaster(hidden_size=3).float()
    climb(model, 1, **settings | own | {name: value})
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@exercise(
    "05.3",
    """
    def suggest(rates, losses):  # of one range test; the rate to begin with
        ...
    """,
)
def steepest(suggest) -> str:
    rates = np.geomspace(1e-4, 3, 120)
    for k, place in enumerate((0.004, 0.02, 0.06)):
        clean, noisy = _curve(rates, place), _curve(rates, place, seed=k)
        found, rough = (
            float(array_of(suggest(rates, losses), "what `suggest` gives", ()))
            for losses in (clean, noisy)
        )
        here = f"on a smooth curve that is steepest at {place}, you suggest {show(found)}"
        low = rates[clean.argmin()]
        expect(found > 0 and found <= 3, f"{here}, which is no rate of the test. An index?")
        expect(
            not 0.8 < found / low < 1.25,
            f"{here}: the lowest point. There the rate is about to do harm.",
        )
        expect(
            not 0.8 < found / rates[np.diff(clean[: clean.argmin() + 1]).argmin()] < 1.05
            or abs(found / place - 1) < 0.15,
            f"{here}: there the error itself falls most. Asked for is where its logarithm does.",
        )
        expect(
            found < low,
            f"{here}, beyond the lowest point at {show(low)}. A run that was thrown about may fall "
            "again.",
        )
        expect(
            not 1.2 < place / found < 1.7,
            f"{here}: a few steps early. How many values does the smoothing take away at the "
            "beginning?",
        )
        expect(0.75 < found / place < 1.34, f"{here}.")
        expect(
            0.5 < rough / place < 2,
            f"on the smooth curve you are right, with noise you suggest {show(rough)} where it is "
            f"steepest at {place}. Is it smoothed?",
        )
    return (
        "on smooth curves you miss the steepest place by less than a third, on noisy ones by less "
        "than a factor of two. Now run it on range tests with 4 and with 64 units: which is told "
        "the lower rate?"
    )


def _curve(rates: np.ndarray, place: float, seed: int | None = None) -> np.ndarray:
    """The losses of a range test: flat, a fall that is steepest at `place`, up, and down again."""
    x = np.log(rates / place)
    fall = 1 / (1 + np.exp(-2.5 * x))
    harm = np.where(x > 1.8, 3 * (x - 1.8), 0)
    again = -2.8 * np.linspace(0, 1, len(rates)) ** 14
    logs = -3 * fall + np.minimum(harm, 3.5) + again
    if seed is not None:
        logs = logs + 0.15 * np.random.default_rng(seed).standard_normal(len(rates))
    return np.exp(logs)


CALLS, GOAL, RUNS = 8, 1.06, 40


@exercise(
    "05.4",
    """
    def search(try_rate):  # try_rate(rate) trains once and gives an error; no more than 8 calls
        ...  # the rate to use
    """,
)
def find_the_rate(search) -> str:
    ratios, tried = [], []
    for seed in range(RUNS):
        chance = np.random.default_rng(seed)
        best, calls = chance.uniform(-3, -0.7), []

        def error(rate: float, best=best) -> float:
            apart = math.log10(rate) - best
            if apart > 0.9:
                return math.inf
            return 0.1 + (1.2 * apart**2 if apart > 0 else min(0.6, 0.25 * apart**2))

        def try_rate(rate: float, calls=calls, chance=chance, error=error) -> float:
            (rate,) = numbers(rate, 1, "rate")
            expect(rate > 0, f"a rate of {show(rate)} was tried.")
            calls.append(rate)
            expect(len(calls) <= CALLS, f"a {len(calls)}th run was asked for; allowed are {CALLS}.")
            return error(rate) * math.exp(0.05 * chance.standard_normal())

        rate = float(array_of(search(try_rate), "what `search` gives", ()))
        expect(rate > 0, f"a rate of {show(rate)} comes out.")
        ratios.append(error(rate) / 0.1)
        tried.append(len(calls))
    exploded = sum(map(math.isinf, ratios))
    expect(
        exploded == 0,
        f"on {exploded} of {RUNS} networks your rate explodes. Is an error of infinity "
        "larger than the others?",
    )
    mean = float(np.mean(ratios))
    said = (
        f"on {RUNS} networks your error is {mean:.2f} times the lowest in the mean; asked for is "
        f"{GOAL}"
    )
    expect(
        max(tried) > 0, f"{said}. And nothing was tried: each network has a best rate of its own."
    )
    expect(
        mean < 1.3,
        f"{said}, and the worst has {max(ratios):.1f} times. Are the tries spread over all rates "
        "from 0.001 to 0.2, by equal factors?",
    )
    expect(
        mean <= GOAL,
        f"{said}. You are in the right region each time. Where should the next try go, if you know "
        "what the first ones gave?",
    )
    return f"{said}, with {np.mean(tried):.1f} runs each."
