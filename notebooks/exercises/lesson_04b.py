"""The exercises of lesson 04b, Flat."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from checks import array_of, exercise, expect, numbers, show
from experiments import models_of
from helpers import (
    ar_forecast,
    create_sequences,
    fit_ar,
    fit_scaler,
    make_wave,
    random_batches,
    split_in_time,
    train,
)


@exercise(
    "04b.1",
    """
    fails = ...  # a list, of the first three tests: 1, 2, 3
    lies_near = ...  # after 150 steps at rate 0.02, the forecast lies near 0, 50 or 1000
    """,
)
def targets_forgotten(fails, lies_near) -> str:
    expect(
        isinstance(fails, (list, tuple, set)) and set(fails) <= {1, 2, 3},
        f"`fails` should be a list, of 1, 2 and 3; it is {show(fails)}.",
    )
    for number, why in (
        (1, "predictions and targets still have one shape, so no axes broadcast"),
        (2, "the largest input is asked for, and inputs are scaled"),
    ):
        expect(number not in fails, f"test {number} does not fail: {why}.")
    expect(
        fails,
        "one of them fails. Can eight windows be learned by heart if the answers are so far away?",
    )
    (height,) = numbers(lies_near, 1, "lies_near")
    expect(
        height in (0, 50, 1000), f"`lies_near` should be 0, 50 or 1000; it is {show(lies_near)}."
    )
    expect(
        height != 0,
        "0 is where it begins. Does the gradient not know the way? Count how far the bias alone "
        "gets in 150 steps of 0.02.",
    )
    expect(
        height != 1000,
        "150 steps of 0.02 let each weight move by about 3. The output is the bias plus 16 "
        "weights, each of them times an h, and no h is above 1. How high can that come?",
    )
    series = make_wave(1000, 50, 0.1, np.random.default_rng(0))
    inputs, targets = (
        torch.tensor(part).float()
        for part in create_sequences(fit_scaler(series).scale(series), 25)
    )
    (model,) = models_of([0], hidden_size=16)
    model = model.float()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    batches = random_batches(inputs, 1000 + 35 * targets, 16, 150, torch.Generator().manual_seed(0))
    list(train(model, nn.MSELoss(), optimizer, batches))
    with torch.no_grad():
        forecast = model(inputs[:500])[:, -1]
    return (
        f"in a run of the check the forecast has a mean of ≈{forecast.mean():.0f} and a standard "
        f"deviation of ≈{forecast.std():.2f}, where that of the truth is 35. All steps went into "
        "the height, and none into the wave."
    )


SKILL = 0.5  # above which a line is good


@exercise(
    "04b.2",
    """
    prediction = ...  # for `pulses`: the smallest number of values from which a line is good


    def skills_by_order(make, orders):  # for each of `orders`, the median `linear_skill` of seeds
        ...
    """,
)
def how_short(prediction, skills_by_order, linear_skill, pulses) -> str:
    (guess,) = numbers(prediction, 1)
    expect(guess == round(guess) and guess >= 1, f"a whole number, please, not {show(guess)}.")
    asked: list[int] = []

    def every_seventh(seed: int) -> np.ndarray:
        """Pulses at every seventh value, the lower the seed the noisier."""
        asked.append(seed)
        values = 0.1 * (5 - seed) * np.random.default_rng(seed).standard_normal((2000, 1))
        values[seed % 7 :: 7] += 1
        return values

    orders = [9, 2, 7, 5]
    found = array_of(skills_by_order(every_seventh, orders), "for 4 orders, your answer", (4,))
    expect(asked, "`make` is never called: the series is another.")
    expect(
        {*asked} == {*range(5)},
        f"a series was made for the seeds {sorted({*asked})}; `seeds` has 0 to 4.",
    )
    each = np.array([[linear_skill(every_seventh, k, order) for order in orders] for k in range(5)])
    said = f"with a pulse at every seventh value, for orders {show(orders)} you give"
    for other, name in (
        (each.mean(axis=0), "the means over the seeds"),
        (each[0], "the skills of seed 0"),
        (each.max(axis=0), "the largest skills"),
        (each.min(axis=0), "the smallest skills"),
        (
            np.sort(np.median(each, axis=0)),
            "the medians, but in another order than that of `orders`",
        ),
    ):
        right = np.allclose(found, other, atol=1e-6)
        expect(not right, f"{said} {name}. Asked for is the median for each order.")
    middle = np.quantile(each, 0.5, axis=0)
    expect(np.allclose(found, middle, atol=1e-3), f"{said} {show(found)}; these are no medians.")
    tried = [int(guess) - 1, int(guess), int(guess) + 4] if guess > 1 else [1, 2, 3]
    if max(tried) > 60:
        tried = [30, 40, 60]
    shorter, own, longer = skills_by_order(pulses, tried)
    expect(
        own > SKILL,
        f"you said {show(guess)}, but a line from {tried[1]} values of `pulses` has a skill of "
        f"{own:.2f}, one from {tried[2]} has {longer:.2f}; good is above {SKILL}.",
    )
    expect(
        shorter <= SKILL,
        f"you said {show(guess)}. So many are good, but so are {tried[0]}: {shorter:.2f}.",
    )
    return (
        f"as you said: with one value less the skill is {shorter:.2f} instead of {own:.2f}, and "
        f'above {SKILL} it is good. "No pulse yet" says '
        "that one is due, too, but a line has to add up all the values to see it, and adds their "
        "noise."
    )


# The answers of a typical run of each cause, to the seven tests.
TYPICAL = {
    "nothing wrong": (1, 2.5, 0.01, 0.9, 0.9, 0.97, 0.97),
    "loss broadcasts": (8, 2.5, 0.9, 1.0, 1.0, 0.97, 0.97),
    "not scaled": (1, 1050.0, 1.0, 0.98, 0.98, 0.97, 0.97),
    "too few steps": (1, 2.5, 0.01, 0.15, 0.15, 0.97, 0.97),
    "rate too low": (1, 2.5, 0.01, 0.99, 0.06, 0.97, 0.97),
    "nothing to predict": (1, 3.5, 0.01, 1.1, 1.1, 0.0, 0.0),
    "window too short": (1, 4.0, 0.01, 0.98, 0.98, 0.02, 0.85),
}


@exercise(
    "04b.3",
    """
    def diagnose(answers):  # seven numbers; the name of the cause, as in `causes`
        ...
    """,
)
def name_the_cause(diagnose) -> str:
    chance = np.random.default_rng(0)
    for name, typical in TYPICAL.items():
        for _ in range(10):
            answers = np.array(typical, dtype=float)
            answers[1:5] *= chance.uniform(0.9, 1.1, 4)
            answers[5:] += chance.uniform(-0.03, 0.03, 2)
            found = diagnose(answers)
            expect(
                isinstance(found, str),
                f"`diagnose` gives {show(found)} for a run of {show(name)}; asked for is a name.",
            )
            expect(
                found in TYPICAL,
                f"for a run of {show(name)} you say {show(found)}, which is none of the names in "
                "`causes`.",
            )
            expect(
                found == name,
                f"the answers {show(answers.round(2))} come from {show(name)}; you say "
                f"{show(found)}. Which test tells the two apart, and is it asked first?",
            )
    by_heart = diagnose(np.array([1, 2.5, 0.9, 0.98, 0.98, 0.97, 0.97]))
    return (
        '70 runs of 70. And where only "by heart" fails, which none of the six causes does alone, '
        f"you say: {show(by_heart)}. First the code, then the training, then the series."
    )


GOAL = 0.92


@exercise(
    "04b.4",
    """
    def make_long_forecaster(train_part):  # (700, 1), a wave of about 100 points, with noise
        def forecast(context, steps):  # (batch, 10, 1): ten values only
            ...  # (batch, steps, 1)

        return forecast
    """,
)
def alive_from_ten_values(make_long_forecaster) -> str:
    skills, flatness, by_line = [], [], []
    clean = make_wave(2000, 100)
    for seed in range(5):
        series = make_wave(2000, 100, 0.2, np.random.default_rng(seed))
        train_part, validation_part, _ = split_in_time(series, validation=0.5, test=0.15)
        ends = range(100, 700, 20)
        context = np.stack([validation_part[end - 10 : end] for end in ends])
        truth = np.stack([clean[700 + end : 900 + end] for end in ends])
        forecast = make_long_forecaster(train_part.copy())
        what = "`make_long_forecaster` should return a function"
        expect(callable(forecast), f"{what}; it returns {show(forecast)}.")
        what = f"the forecast of 200 steps for contexts of shape {context.shape}"
        found = array_of(forecast(context.copy(), 200), what, truth.shape)
        line = ar_forecast(fit_ar(train_part, 10), context, 200)
        for scores, values in ((skills, found), (by_line, line)):
            left = np.mean((values[:, 50:] - truth[:, 50:]) ** 2)
            scores.append(1 - left / np.var(truth[:, 50:]))
        flatness.append(found[:, 50:].std(axis=1).mean() / truth[:, 50:].std(axis=1).mean())
    skill, flat = float(np.mean(skills)), float(np.mean(flatness))
    said = (
        f"over steps 51 to 200 your skill is {skill:.2f}, flatness {flat:.2f}; asked for is {GOAL}"
    )
    expect(flat > 0.2, f"{said}. It has died. What feeds on its own output shrinks with it.")
    expect(skill > 0.2, f"{said}. It is alive, and no better than the mean: it is out of phase.")
    expect(
        skill >= GOAL,
        f"{said}. "
        + (
            "The wave is too low: it hedges. Do you know how high it should be?"
            if flat < 0.93
            else "Where in the wave do ten noisy values stand? Training has seven periods."
        ),
    )
    return f"{said}. A line from the same ten values, fed back, has {np.mean(by_line):.2f}."
