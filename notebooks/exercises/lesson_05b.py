"""The exercises of lesson 05b, Size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from checks import array_of, exercise, expect, judged, numbers, show
from experiments import models_of
from helpers import (
    Forecaster,
    ar_forecast,
    evaluate,
    fit,
    fit_ar,
    fit_scaler,
    in_units,
    random_batches,
    rmse_by_horizon,
    train,
)

ERRORS = (0.50, 0.38, 0.40, 0.36, 0.37, 0.39, 0.35, 0.41)
END = 20 * len(ERRORS)  # of the run


@exercise(
    "05b.1",
    """
    with_2 = ...  # patience=2: the step at which it stops, and the step whose weights it keeps
    with_3 = ...  # patience=3, if the run ends with the last check
    """,
)
def when_it_stops(with_2, with_3) -> str:
    found = {}
    for patience, given in ((2, with_2), (3, with_3)):
        name = f"with_{patience}"
        stop, kept = numbers(given, 2, name).tolist()
        found[patience] = stop, kept
        said = f"`{name}` cannot be {show((stop, kept))}"
        in_checks = stop <= 8 and stop == round(stop)
        expect(not in_checks, f"{said}: those are checks. There are 20 steps to each.")
        expect(
            stop % 20 == 0 and kept % 20 == 0 and min(stop, kept) >= 20 and max(stop, kept) <= END,
            f"{said}: checks are made at every 20th of {END} steps.",
        )
        expect(kept <= stop, f"{said}: the weights that are kept come later than the end.")
        seen = ERRORS[: round(stop / 20)]
        lowest = 20 * (1 + int(np.argmin(seen)))
        expect(
            kept != stop or lowest == stop,
            f"{said}: the weights of the last check are not the best of those seen.",
        )
        expect(
            kept == lowest,
            f"{said}: up to step {show(stop)} the lowest error is not that of step {show(kept)}.",
        )
        waited = (stop - kept) / 20
        expect(
            waited <= patience,
            f"{said}: then {show(waited)} checks have passed without a new lowest one, and the "
            f"patience is {patience}.",
        )
        expect(
            waited == patience or stop == END,
            f"{said}: only {show(waited)} of {patience} checks have passed without a new low.",
        )
        for step in range(20, int(stop), 20):
            before = ERRORS[: step // 20]
            since = len(before) - 1 - int(np.argmin(before))
            expect(
                since < patience,
                f"{said}: it never gets there. Earlier, {since} checks have passed without a "
                "new lowest one.",
            )
    return (
        f"{found[3][0] - found[2][0]:.0f} steps more, and an error that is "
        f"{min(ERRORS[: round(found[2][0] / 20)]) - min(ERRORS):.2f} lower: patience finds later "
        "minima, and costs steps."
    )


@exercise(
    "05b.2",
    """
    prediction = ...  # its row lies nearer to: "32 units" or "kept weights"


    def with_decay(model, seed, decay=0.01, steps=240):  # as `at_the_end`, with weight decay
        ...  # the RMSE on the validation part
    """,
)
def weights_that_decay(prediction, with_decay, short_series) -> str:
    ok = isinstance(prediction, str) and prediction in ("32 units", "kept weights")
    expect(ok, f'`prediction` should be "32 units" or "kept weights"; it is {show(prediction)}.')
    settings = {"decay": 0.5, "steps": 6}
    here = "with decay=0.5 and steps=6"
    found, error, _ = _trained(with_decay, 3, **settings)
    error = float(array_of(error, "what `with_decay` gives", ()))
    own = {"short_series": short_series, **settings}
    start = _trained(lambda model, seed: None, 3)[0]
    expect((found - start).abs().max() > 0, f"{here}, the model is as it was before.")
    for change, said in (
        ({"decay": 0.0}, "no weight decays."),
        ({"decay": 0.01}, "you train with decay=0.01."),
        (
            {"kind": torch.optim.AdamW},
            "that is AdamW, which pulls in another way. `Adam` is meant.",
        ),
        ({"lr": 0.001}, "the rate is not 0.02."),
        ({"decay": 1.0}, "the pull is twice as strong: a square has the slope 2."),
        ({"decay": -0.5}, "the weights are pushed away from 0."),
    ):
        same = torch.allclose(found, _trained(_reference, 3, **own | change)[0], atol=1e-6)
        expect(not same, f"{here}, {said}")
    off = (found - _trained(_reference, 3, **own)[0]).abs().max()
    expect(
        off < 1e-5,
        f"{here}, your weights are up to {off:.2g} away from those of `at_the_end` with a decay. "
        "Nothing else may change.",
    )
    _, model_error, _ = _trained(_reference, 3, **own)
    expect(
        abs(error - model_error**2) > 1e-5,
        f"{here}, {error:.3f} is the mean of the squares; asked for is its root.",
    )
    expect(
        abs(error - model_error) < 1e-4,
        f"{here}, the model is right, and your RMSE of {error:.3f} is not that of the validation "
        "part.",
    )
    seeds = range(3)
    decayed = np.median([with_decay(_of_32(seed), seed) for seed in seeds])
    ends = [_end_and_lowest(_of_32(seed), seed, short_series) for seed in seeds]
    plain, kept = np.median(ends, axis=0)
    word = "kept weights" if abs(decayed - kept) < abs(decayed - plain) else "32 units"
    measured = (
        f"over three runs the median is ≈{decayed:.3f}, that of 32 units ≈{plain:.3f} and that of "
        f"their kept weights ≈{kept:.3f}"
    )
    return (
        f"{judged(prediction, prediction == word, measured)} Decay needs no validation part while "
        "it trains; but its strength has to come from somewhere."
    )


def _of_32(seed: int) -> nn.Module:
    (model,) = models_of([seed], hidden_size=32)
    return model.float()


def _end_and_lowest(model: nn.Module, seed: int, short_series: Callable) -> tuple[float, float]:
    """The validation RMSE after 240 steps without decay, and the lowest at every 20th step."""
    windows, later = short_series(seed)
    optimizer, errors = torch.optim.Adam(model.parameters(), lr=0.02), []
    batches = random_batches(*windows, 64, 240, torch.Generator().manual_seed(seed))
    for step, _ in enumerate(train(model, nn.MSELoss(), optimizer, batches), start=1):
        if step % 20 == 0:
            errors.append(evaluate(model, nn.MSELoss(), *later) ** 0.5)
    return errors[-1], min(errors)


def _trained(train_it: Callable, seed: int, **settings) -> tuple:
    torch.manual_seed(0)
    model = Forecaster(hidden_size=3).float()
    error = train_it(model, seed, **settings)
    return torch.cat([p.detach().flatten() for p in model.parameters()]), error, model


def _reference(model, seed, short_series, decay, steps, lr=0.02, kind=torch.optim.Adam) -> float:
    """Some steps with this decay, written out where it is negative."""
    windows, later = short_series(seed)
    optimizer = kind(model.parameters(), lr=lr, weight_decay=max(decay, 0))
    for x, y in random_batches(*windows, 64, steps, torch.Generator().manual_seed(seed)):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x)[:, -1:], y).backward()
        for parameter in model.parameters() if decay < 0 else ():
            parameter.grad += decay * parameter.data
        optimizer.step()
    return evaluate(model, nn.MSELoss(), *later) ** 0.5


@exercise(
    "05b.3",
    """
    prediction = ...  # one step ahead on this rule: "AR" or "LSTM"


    def logistic(length, seed):  # x(t + 1) = 3.9 x(t) (1 - x(t)): (length, 1), as `henon` does
        ...
    """,
)
def another_bent_rule(prediction, logistic) -> str:
    ok = isinstance(prediction, str) and prediction in ("AR", "LSTM")
    expect(ok, f'`prediction` should be "AR" or "LSTM"; it is {show(prediction)}.')
    values = array_of(logistic(300, 0), "logistic(300, 0)", (300, 1))[:, 0]
    expect(np.ptp(values) > 0.1, f"all values are about {values[-1]:.3f}: a point that is at rest.")
    expect(
        values.min() > 0 and values.max() < 1,
        f"the values go from {values.min():.2f} to {values.max():.2f}; they should lie between "
        "0 and 1.",
    )
    now, after = values[:-1], values[1:]
    ratio = np.median(after / (now * (1 - now)))
    spread = np.ptp(after / (now * (1 - now)))
    expect(
        spread > 1e-6 or abs(ratio - 3.9) < 1e-6,
        f"each value is {ratio:.3g} x (1 - x) of the one before; asked for is 3.9.",
    )
    back = now / (after * (1 - after))
    expect(np.ptp(back) > 1e-6 or spread < 1e-6, "the series runs backward in time.")
    worst = np.abs(after - 3.9 * now * (1 - now)).max()
    expect(worst < 1e-9, f"a value is up to {worst:.2g} off what the rule makes of the one before.")
    other = array_of(logistic(300, 1), "logistic(300, 1)", (300, 1))[:, 0]
    expect(not np.allclose(values, other), "the seeds 0 and 1 give the same series.")
    again = array_of(logistic(300, 0), "logistic(300, 0)", (300, 1))[:, 0]
    expect(np.array_equal(values, again), "seed 0 gives another series each time.")
    errors = []
    for seed, model in enumerate(models_of(range(2), hidden_size=16)):
        series = array_of(logistic(1200, seed), f"logistic(1200, {seed})", (1200, 1))
        past, later, scaler = series[:200], series[200:], fit_scaler(series[:200])
        model = model.float()
        fit(model, scaler.scale(past), window=25, steps=200, seed=seed)
        weights = fit_ar(past, 8)
        rivals = (lambda c, s, w=weights: ar_forecast(w, c, s)), in_units(model, scaler)
        errors.append([rmse_by_horizon(rival, later, 25, 1)[0] for rival in rivals])
    line, network = np.mean(errors, axis=0)
    measured = (
        f"with 200 values, over two runs, AR is off by ≈{line:.3f} and the LSTM by ≈{network:.3f}, "
        f"where the series has a standard deviation of {other.std():.2f}"
    )
    held = (prediction == "LSTM") == (network < line)
    return (
        f"{judged(prediction, held, measured)} No straight line through a parabola is good. Was "
        "the factor what you thought? `one_step_errors` gives it for five runs."
    )


CURVES, GOAL, CHECKS = 60, 1.02, 25


@exercise(
    "05b.4",
    """
    def should_stop(errors):  # the validation errors so far, the oldest first
        ...  # True or False
    """,
)
def stop_in_time(should_stop) -> str:
    ratios, counts = [], []
    for seed in range(CURVES):
        chance, t = np.random.default_rng(seed), np.arange(1, 61)
        turn = chance.uniform(4, 30)
        low = chance.uniform(0.3, 0.5)
        true = low + np.exp(-3 * t / turn) * chance.uniform(0.5, 1)
        true = true + chance.choice([0.0, 0.004, 0.012]) * np.maximum(t - turn, 0)
        seen = true * np.exp(0.03 * chance.standard_normal(60))
        for count in t:
            stop = should_stop([float(error) for error in seen[:count]])
            ok = isinstance(stop, (bool, np.bool_))
            expect(ok, f"`should_stop` gives {show(stop)}; asked for is True or False.")
            if stop:
                break
        ratios.append(true[seen[:count].argmin()] / true.min())
        counts.append(count)
    ratio, checks = float(np.mean(ratios)), float(np.mean(counts))
    said = (
        f"the weights that you keep have {ratio:.3f} times the lowest error, after {checks:.1f} "
        f"checks in the mean; asked for is {GOAL} and {CHECKS}"
    )
    expect(checks < 59.9, f"{said}. It never stops.")
    expect(checks > 1, f"{said}. It stops at once.")
    expect(
        ratio < 1.15,
        f"{said}. It stops too early: a single check is noise of some 3 %, and so is its rise.",
    )
    expect(
        ratio <= GOAL or checks <= CHECKS,
        f"{said}. Neither is reached. What do single checks tell, and what do several together?",
    )
    expect(
        ratio <= GOAL,
        f"{said}. Cheap, and a little too early. The lowest check so far may have been luck.",
    )
    expect(checks <= CHECKS, f"{said}. The error is good, and it waits too long for it.")
    return f"{said}. A plain patience reaches one or the other."
