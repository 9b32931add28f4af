"""The exercises of lesson 04c, Bumps."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from checks import array_of, exercise, expect, numbers, show
from experiments import models_of, noisy_sine, score
from helpers import (
    Forecaster,
    create_sequences,
    make_wave,
    random_batches,
    rmse,
    split_in_time,
    train,
)


@exercise(
    "04c.1",
    """
    steps_with_64 = ...  # optimiser steps in 5 epochs of 675 windows
    score_with_64 = ...  # against that of batches of 16: "better" or "worse"
    """,
)
def five_epochs(steps_with_64, score_with_64) -> str:
    (steps,) = numbers(steps_with_64, 1, "steps_with_64")
    windows, size = 675, 64
    batches = -(-windows // size)
    expect(steps == round(steps), "a batch is not cut in two: what becomes of the last windows?")
    expect(
        steps != 5 * (batches - 1),
        f"{show(steps)} leaves out the last batch, which is smaller than the others.",
    )
    expect(steps != batches, f"{show(steps)} is one epoch.")
    expect(steps != 5 * 43, f"{show(steps)} is what batches of 16 make.")
    expect(steps != 5 * windows, f"{show(steps)} is the number of windows that are read.")
    expect(
        steps == 5 * batches,
        f"not {show(steps)}. How often does {size} go into {windows}, and what is done with the "
        "rest?",
    )
    ok = isinstance(score_with_64, str) and score_with_64 in ("better", "worse")
    expect(ok, f'`score_with_64` should be "better" or "worse"; it is {show(score_with_64)}.')
    expect(
        score_with_64 != "better",
        "the same windows are read, but how often do the weights move? (And how far, at one rate?)",
    )
    scores = []
    for each, count in ((16, 215), (size, int(steps))):
        pairs, checks, scaler = noisy_sine(0)
        (model,) = models_of([0], hidden_size=8)
        model = model.float()
        drawn = random_batches(*pairs, each, count, torch.Generator().manual_seed(0))
        list(train(model, nn.MSELoss(), torch.optim.Adam(model.parameters(), lr=0.01), drawn))
        scores.append(score(model, checks, scaler))
    return (
        f"in a run of the check, with 8 units: ≈{scores[0]:.2f} with 16 windows a step, "
        f"≈{scores[1]:.2f} with {size}, after as many windows and a quarter of the steps."
    )


@exercise(
    "04c.2",
    """
    rate_with_means = ...  # in use, after the old state was loaded: the "old" rate or the "new"
    rate_without = ...  # in use, if it was not loaded


    def resume(file, lr, with_means):  # `file` as the lesson saved it
        ...  # the model of 16 units, and an Adam that goes on with rate lr
    """,
)
def go_on_at_another_rate(rate_with_means, rate_without, resume) -> str:
    for name, given in (("rate_with_means", rate_with_means), ("rate_without", rate_without)):
        ok = isinstance(given, str) and given in ("old", "new")
        expect(ok, f'`{name}` should be "old" or "new"; it is {show(given)}.')
    expect(
        rate_with_means != "new",
        "with the means it is not the rate that the new Adam was built with. What else is in the "
        "state of an optimiser?",
    )
    expect(rate_without != "old", "without the means, who would tell the new Adam the old rate?")
    torch.manual_seed(0)
    model = Forecaster(hidden_size=16).float()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x = torch.randn(4, 5, 1, dtype=torch.float32)
    list(train(model, nn.MSELoss(), optimizer, [(x, x)] * 3))
    saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    file = io.BytesIO()
    torch.save(saved, file)
    for means_too in (True, False):
        file.seek(0)
        here = f"with with_means={means_too}"
        found = resume(file, 0.02, means_too)
        two = isinstance(found, (tuple, list)) and len(found) == 2
        expect(two, f"`resume` should give two, a model and an optimiser; it gives {show(found)}.")
        again, adam = found
        ok = isinstance(again, nn.Module) and isinstance(adam, torch.optim.Adam)
        expect(ok, "`resume` should give a model and an Adam, in this order.")
        weights = again.state_dict()
        expect(weights.keys() == saved["model"].keys(), f"{here}, the model is another one.")
        same = all(torch.equal(weights[name], saved["model"][name]) for name in weights)
        expect(same, f"{here}, the model does not have the weights of the file.")
        mine = {id(parameter) for parameter in again.parameters()}
        held = {id(p) for group in adam.param_groups for p in group["params"]}
        expect(mine == held, f"{here}, Adam does not hold the parameters of this model.")
        rate = adam.param_groups[0]["lr"]
        expect(
            rate == 0.02,
            f"{here} and lr=0.02, the rate in use is {show(rate)}. Which line has the last word?",
        )
        means = list(adam.state.values())
        expect(means_too or not means, f"{here}, Adam has the old means all the same.")
        expect(not means_too or means, f"{here}, Adam begins without means.")
        if means_too:
            first = means[0]["exp_avg"]
            wanted = optimizer.state[next(model.parameters())]["exp_avg"]
            expect(torch.equal(first, wanted), f"{here}, the means are not those of the file.")
    return "the state holds the old rate, and loading puts it back; what comes after it counts."


@exercise(
    "04c.3",
    """
    def despike(values):  # (time, 1): the same, without spikes; nothing may look ahead
        ...
    """,
)
def without_spikes(despike, with_spikes) -> str:
    def run(values) -> np.ndarray:
        values = np.asarray(values, dtype=float)[:, None]
        return array_of(despike(values.copy()), "what `despike` gives", values.shape)[:, 0]

    quiet = make_wave(600, 50, 0.1, np.random.default_rng(0))[:, 0]
    changed = np.flatnonzero(run(quiet) != quiet)
    expect(
        len(changed) == 0,
        f"of a wave without spikes {len(changed)} values of {len(quiet)} are changed. Only those "
        "far from the median are meant.",
    )
    slow = np.sin(np.arange(60) / 8)
    slow[30] += 5
    found = run(slow)
    expect(found[30] < 2, f"a spike of +5 is still there, as {found[30]:.1f}.")
    ahead, later = slow.copy(), slow.copy()
    later[31:] += 1.5
    expect(
        np.array_equal(run(ahead)[:31], run(later)[:31]),
        "a value that you give depends on values that come after it.",
    )
    low = np.sin(np.arange(60) / 8)
    low[30] -= 5
    expect(run(low)[30] > -2, f"a spike of -5 is still there, as {run(low)[30]:.1f}.")
    pair = np.sin(np.arange(60) / 8)
    pair[30:32] += 5
    found = run(pair)
    expect(
        found[31] < 2,
        "of two spikes side by side the second stays. A median of how many values has a majority "
        "of good ones then?",
    )
    levels = np.array([0.1, -0.1, 0.05, 0.0, 2.0, 0.02, -0.05, 0.0, 9.0, 0.01])
    found = run(levels)
    expect(found[4] == 2.0, "a value that is 1.95 from the median is replaced; the limit is 2.")
    last = np.median(levels[4:9])
    expect(
        abs(found[8] - last) < 1e-9,
        f"among {show(levels[4:9])} the last is replaced by {found[8]:.3g}; the median is "
        f"{last:.3g}.",
    )
    spiked = with_spikes(0, 0.05)
    mended = despike(spiked.copy())
    clean = make_wave(len(spiked), 50)
    return (
        f"{np.mean(mended != spiked):.1%} of the values of the spiked wave are changed, and "
        f"{np.mean(np.abs(mended - clean) > 2):.1%} are still a spike, where "
        f"{np.mean(np.abs(spiked - clean) > 2):.1%} were."
    )


GOAL = 0.05


@exercise(
    "04c.4",
    """
    def make_spike_proof(train_part):  # (700, 1), with spikes
        def forecast(context):  # (batch, 100, 1), with spikes
            ...  # the wave's next value, without noise or spike: (batch, 1)

        return forecast
    """,
)
def spike_proof(make_spike_proof, with_spikes) -> str:
    errors = []
    clean = make_wave(2000, 50)
    for seed in range(3):
        train_part, validation_part, _ = split_in_time(with_spikes(seed, 0.05), 0.5, 0.15)
        context, _ = create_sequences(validation_part, 100)
        errors.append(_off(make_spike_proof, train_part, context, clean[800:1700]))
    error = float(np.sqrt(np.mean(np.square(errors))))
    said = f"your forecasts are {error:.3f} off the clean wave; asked for is {GOAL} or less"
    expect(error < 0.72, f"{said}. Who says 0 all the time is 0.71 off.")
    expect(
        error < 0.24,
        f"{said}. The mean error is {_lean(make_spike_proof):+.2f}: spikes still pull. Are they "
        "out of the contexts as well as out of the training part?",
    )
    expect(error < 0.1, f"{said}. The recipe under Huber's loss comes to about 0.1.")
    expect(
        error <= GOAL,
        f"{said}. Near: the spikes are out, and the noise is in. How many values do you average "
        "over, and with how many free numbers?",
    )
    return f"{said}. What is left is noise of the contexts, and of what was learned."


def _off(make: Callable, train_part, context, truth) -> float:
    forecast = make(train_part.copy())
    what = "`make_spike_proof` should return a function"
    expect(callable(forecast), f"{what}; it returns {show(forecast)}.")
    what = f"the forecast for contexts of shape {context.shape}"
    return rmse(array_of(forecast(context.copy()), what, truth.shape), truth)


def _lean(make: Callable) -> float:
    """How much too high the forecasts are for a wave with spikes, in the mean."""
    wave, chance = make_wave(1700, 50), np.random.default_rng(5)
    spiked = wave + 5 * (chance.random(wave.shape) < 0.05)
    context, _ = create_sequences(spiked[700:], 100)
    return float(np.mean(make(spiked[:700])(context) - wave[800:]))
