"""The exercises of lesson 01, Data."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from checks import array_of, exercise, expect, judged, numbers, show
from helpers import ar_forecast, create_sequences, fit_ar, make_wave, rmse, split_in_time

PARTS = ("training", "validation", "test")


@exercise(
    "01.1",
    "prediction = ...  # pairs in training, validation and test, and those lost: four numbers",
)
def pairs(prediction) -> str:
    *given, lost = numbers(prediction, 4)
    series = np.zeros((500, 1))
    parts = split_in_time(series, 0.2, 0.2)
    lengths = [len(part) for part in parts]
    right = [len(create_sequences(part, 25)[0]) for part in parts]
    expect(
        given != lengths,
        f"{show(given)} are the values in each part. A pair needs a window and a target.",
    )
    expect(
        given != [n + 1 for n in right],
        f"with {show(given)} each part has one pair too many: its last window has no value after "
        "it, and so no target.",
    )
    for n, ok, name, length in zip(given, right, PARTS, lengths, strict=True):
        expect(
            n == ok,
            f"the {name} part does not have {show(n)} pairs. It has {length} values; where does "
            "the last window begin that has a value after it?",
        )
    missing = len(create_sequences(series, 25)[0]) - sum(right)
    expect(lost != 0, "the parts are right, but pairs are lost: move a window across a border.")
    expect(2 * lost != missing, f"{show(lost)} is what one border costs. How many are there?")
    expect(
        lost == missing,
        f"the parts are right, {show(lost)} lost pairs are not. How many pairs has the whole "
        "series, and how many have the parts together?",
    )
    return (
        f"{sum(right)} pairs are left of {sum(right) + missing}. Each border costs as many as a "
        "window is long: that is the price of a test without a leak."
    )


@exercise(
    "01.2",
    """
    prediction = ...  # the share of exact answers with windows of 3: a number from 0 to 1


    def exact_share(series, window):  # after a shuffled split, the share of exact answers
        ...
    """,
)
def exact_answers(prediction, exact_share) -> str:
    (guess,) = numbers(prediction, 1)
    expect(0 <= guess <= 1, f"`prediction` is a share, from 0 to 1; yours is {show(guess)}.")
    noisy = make_wave(1000, 50, noise=0.3, generator=np.random.default_rng(0))
    share = [_share(exact_share, noisy, window) for window in (3, 10)]
    rounded = [_share(exact_share, noisy.round(1), window) for window in (3, 10)]
    expect(
        share[1] > 0,
        "no answer is exact. That is what a split in time gives, or one that leaves a gap between "
        "training and test windows. Are your windows shuffled before they are split, and all in "
        "one of the two parts?",
    )
    expect(
        share[1] < 0.95,
        f"{share[1]:.0%} of the answers are exact, so all but a few test windows are training "
        "windows too. Is each window in one part only?",
    )
    expect(
        share[1] > 0.6,
        f"with windows of 10 you give {show(share[1])}; the lesson's run found far more. Is it a "
        "share of answers, with 80 % of the windows for training?",
    )
    expect(
        rounded[0] != rounded[1],
        "windows of 3 and of 10 give the same share, to the last digit. Is `window` used?",
    )
    off = share[0] - guess
    measured = f"{share[0]:.0%} with windows of 3"
    if abs(off) > 0.12:
        measured += f", {100 * abs(off):.0f} points {'more' if off > 0 else 'less'}"
    return (
        f"{judged(f'{guess:.0%}', abs(off) <= 0.12, measured)} With 10 it is {share[1]:.0%}: two "
        "noisy numbers of 16 digits name a moment almost as surely as nine. Round them to one "
        f"digit, and two no longer do: {rounded[0]:.0%} against {rounded[1]:.0%}."
    )


def _share(exact_share: Callable, series: np.ndarray, window: int) -> float:
    what = f"`exact_share` of a series of 1000 values, windows of {window},"
    share = float(array_of(exact_share(series.copy(), window), what, ()))
    expect(0 <= share <= 1, f"{what} is {show(share)}; a share lies between 0 and 1.")
    return share


@exercise(
    "01.3",
    """
    def growing_splits(series, parts):  # a list of pairs (training, validation)
        ...
    """,
)
def growing(growing_splits) -> str:
    series = np.arange(30)[:, None]  # each value says where it stands
    found = growing_splits(series, 4)
    asked = "with 30 values and parts=4"
    expect(isinstance(found, Iterable), f"{asked} you give {show(found)}, which is no list.")
    found = list(found)
    expect(len(found) == 4, f"{asked} your list has length {len(found)}; give a pair a part.")
    for pair in found:
        expect(len(pair) == 2, f"{asked} a pair has {len(pair)} members: {show(pair)}.")
    found = [[array_of(part, "a part").ravel() for part in pair] for pair in found]
    for number, (train, validation) in enumerate(found, 1):
        here = f"{asked}, in pair {number}"
        expect(len(train) and len(validation), f"{here}, a part is empty.")
        for name, part in (("training", train), ("validation", validation)):
            ordered = np.array_equal(part, np.arange(part[0], part[0] + len(part)))
            expect(ordered, f"{here}, the {name} part is no piece of the series in one go.")
        expect(
            train[-1] < validation[0] or validation[-1] < train[0],
            f"{here}, training ends with value {train[-1]:.0f} and validation begins with "
            f"{validation[0]:.0f}: what is judged was trained on.",
        )
        expect(train[-1] < validation[0], f"{here}, validation comes before training.")
        expect(
            train[-1] + 1 == validation[0],
            f"{here}, training ends with value {train[-1]:.0f} and validation begins with "
            f"{validation[0]:.0f}: what lies between is left out.",
        )
        expect(
            train[0] == 0,
            f"{here}, training begins with value {train[0]:.0f}. It should grow: everything up to "
            "the border.",
        )
    lengths = [len(validation) for _, validation in found]
    expect(
        found[0][1][-1] != 29,
        f"{asked} the first validation part is all the rest; it should be the next piece only.",
    )
    expect(
        len(set(lengths)) == 1,
        f"{asked} the validation parts have {show(lengths)} values; they should be equal pieces.",
    )
    unused = 29 - found[-1][1][-1]
    expect(
        unused == 0,
        f"{asked} the last {unused:.0f} values are never used: count the pieces, one of which is "
        "for training only.",
    )
    _examine_rest(growing_splits, 3)
    noisy = make_wave(1000, 50, noise=0.3, generator=np.random.default_rng(0))
    errors = [_ar_error(*pair) for pair in growing_splits(noisy, 4)]
    return (
        f"on the noisy wave AR(25) scores {show([round(e, 3) for e in errors])} on your four "
        "parts. Two models that differ by less than these numbers do should not be ranked by one."
    )


def _examine_rest(growing_splits: Callable, parts: int) -> None:
    """Refuse splits that are wrong where 30 values do not come out even."""
    whole = 30 // (parts + 1)
    asked = f"with 30 values and parts={parts}, which do not come out even,"
    found = list(growing_splits(np.arange(30)[:, None], parts))
    expect(
        len(found) == parts,
        f"{asked} your list has length {len(found)}. Is `parts` used, or another number?",
    )
    found = [[array_of(part, "a part").ravel() for part in pair] for pair in found]
    lengths = [len(validation) for _, validation in found]
    expect(
        min(lengths) >= whole,
        f"{asked} the validation parts have {show(lengths)} values; each piece should have at "
        f"least {whole}.",
    )
    for train, validation in found:
        joined = np.append(train, validation)
        expect(
            np.array_equal(joined, np.arange(joined[0], joined[0] + len(joined))),
            f"{asked} a pair is no piece of the series in one go: {show(joined)}.",
        )
    unused = found[0][0][0] + 29 - found[-1][1][-1]
    expect(
        unused <= parts,
        f"{asked} {unused:.0f} values are never used; no more than {parts} need be left over.",
    )


def _ar_error(train: np.ndarray, validation: np.ndarray) -> float:
    context, truth = create_sequences(validation, 25)
    return float(rmse(ar_forecast(fit_ar(train, 25), context, 1), truth))


@exercise(
    "01.4",
    """
    def make_forecaster(train):  # train: (700, 1)
        def forecast(context):  # (batch, 100, 1)
            ...  # the next value of each context: (batch, 1)

        return forecast
    """,
)
def near_the_floor(make_forecaster) -> str:
    errors, lazy, ten = [], [], []
    for seed, period in enumerate((50, 23, 80, 37)):
        series = 20 + 5 * make_wave(2000, period, 0.3, np.random.default_rng(seed))
        train, test = series[:700], series[700:]
        context, truth = create_sequences(test, 100)
        forecast = make_forecaster(train.copy())
        what = "`make_forecaster` should return a function"
        expect(callable(forecast), f"{what}; it returns {show(forecast)}.")
        what = f"the forecast for contexts of shape {context.shape}"
        found = array_of(forecast(context.copy()), what, truth[:, 0].shape)
        expect(
            abs(found.mean() - truth.mean()) < 10,
            f"your forecasts are about {found.mean():.1f}, the values about {truth.mean():.1f}. "
            "Are they in the units of the series?",
        )
        errors.append(rmse(found, truth[:, 0]) / 1.5)
        lazy.append(rmse(context[:, -1], truth[:, 0]) / 1.5)
        by_ten = ar_forecast(fit_ar(train, 10), context, 1)
        ten.append(rmse(by_ten, truth) / 1.5)
    score = _together(errors)
    said = f"your error is {score:.3f} times the noise; asked for is 1.04 or less"
    expect(score < 0.99 * _together(lazy), f"{said}. Repeating the last value is no worse.")
    expect(score < 0.99 * _together(ten), f"{said}. Least squares on ten values is no worse.")
    expect(score <= 1.04, f"{said}. On the four waves: {show(np.round(errors, 3))}.")
    return (
        f"{said}, and least squares on ten values reaches {_together(ten):.2f}. Nothing that is "
        "honest gets below 1, but for chance."
    )


def _together(errors: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
