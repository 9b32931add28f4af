"""The exercises of lesson 12, Your series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from checks import Wrong, array_of, exercise, expect, numbers, show
from forecasting import choose_map, fit_linear_map, make_trial, naive_methods, without_network
from helpers import make_wave
from reading import DATA, read_series

NAMED = ("the last value", "one period before", "one period before plus drift")
NAMED += ("direct linear map",)


@exercise(
    "12.1",
    """
    period = ...  # in steps of this file
    trend = ...  # True or False
    in_front = ...  # a year ahead, one of the four names
    """,
)
def before_the_run(period, trend, in_front) -> str:
    (given,) = numbers(period, 1, "period")
    trial = make_trial(read_series(DATA / "co2.csv"))
    plan = trial.plan
    said = f"`period` is not {show(given)}"
    expect(given != 1, f"{said}: 1 means that there is none. Do plants breathe by the year?")
    expect(given != 12, f"{said}: that would be months. What is a step of this file?")
    expect(given not in (365, 366), f"{said}: that would be days. What is a step of this file?")
    expect(given != 7, f"{said}: a week is one step here.")
    expect(given == plan.period, f"{said}. How many steps of this file come to a year?")
    ok = isinstance(trend, (bool, np.bool_))
    expect(ok, f"`trend` should be True or False; it is {show(trend)}.")
    expect(
        trend == plan.trend,
        "the period is right. On the trend: does the series keep a level, or is 2001 above 1958?",
    )
    names = ", ".join(f'"{name}"' for name in NAMED)
    expect(in_front in NAMED, f"`in_front` should be one of {names}; it is {show(in_front)}.")
    training = trial.values_before(0)
    builds = {
        name: lambda known, name=name: naive_methods(known, plan)[name]
        for name in naive_methods(training, plan)
    }
    window, ridge = choose_map(trial)
    builds["direct linear map"] = lambda known: fit_linear_map(known, window, ridge, plan.steps)
    errors = {name: trial.enter(name, builds[name]).errors[1] for name in NAMED}
    last, year, drifting, _ = (errors[name] for name in NAMED)
    expect(
        in_front != NAMED[0],
        f'"{in_front}" is {last:.2f} ppm off over a year: the season has gone round, and it has '
        "not moved.",
    )
    expect(
        in_front != NAMED[1],
        f'"{in_front}" is {year:.2f} ppm off. What does the trend do in a year?',
    )
    expect(
        in_front != NAMED[2],
        f'"{in_front}" is {drifting:.2f} ppm off, and one is nearer still. It knows the season, '
        "the trend, and where the last weeks stand.",
    )
    rows = ", ".join(f"{name} {error:.2f}" for name, error in errors.items())
    return (
        f"off by, in ppm: {rows}. What costs nothing has season and trend already; the map also "
        "sees by how much the last weeks are above or below them."
    )


@exercise(
    "12.2",
    """
    prediction = ...  # one year ahead, best first: "AR", "the last value", "one period before"


    def errors_at(series, steps):  # a dict: the name of a method, its RMSE in the test
        ...
    """,
)
def near_and_far(prediction, errors_at) -> str:
    names = ("AR", "the last value", "one period before")
    given = list(prediction) if isinstance(prediction, (tuple, list)) else []
    asked = ", ".join(f'"{name}"' for name in names)
    ok = all(isinstance(name, str) for name in given) and sorted(given) == sorted(names)
    expect(ok, f"`prediction` should be {asked} in some order; it is {show(prediction)}.")
    series = read_series(DATA / "sunspots.csv")
    _compare_errors(errors_at(series, 1), series, 1)
    expect(
        errors_at(series, 5) != errors_at(series, 1),
        "five steps ahead and one give the same errors. Is `steps` used?",
    )
    _compare_errors(errors_at(series, 5), series, 5)
    shorter = replace(series, values=series.values[:250], dates=series.dates[:250])
    expect(
        errors_at(shorter, 1) != errors_at(series, 1),
        "a series that ends in 1949 gives the same errors as one to 2008. Is `series` used?",
    )
    errors = errors_at(series, 1)
    named = {("AR" if name.startswith("AR(") else name): x for name, x in errors.items()}
    best = sorted(names, key=named.get)
    expect(
        given != best[::-1],
        "the function is right, the order is just the other way round: best first.",
    )
    expect(
        given[0] == best[0],
        f'the function is right, but "{given[0]}" is not first one year ahead. Which of the three '
        "reads both the last value and the years before?",
    )
    expect(
        given == best,
        "the first is right. For the other two: how far does the series move in one year, and how "
        "unlike is one cycle to the next?",
    )
    far = {steps: errors_at(series, steps) for steps in (2, 5)}
    rows = ", ".join(
        f"{values[names[1]]:.0f} against {values[names[2]]:.0f} at {steps}"
        for steps, values in {1: errors, **far}.items()
    )
    return f'"{names[1]}" against "{names[2]}", by steps ahead: {rows}. Always name the horizon.'


def _compare_errors(found, series, steps: int) -> None:
    expect(isinstance(found, dict), f"`errors_at` should give a dict; it gives {show(found)}.")
    entries = {entry.name: entry.errors for entry in without_network(series, steps)[1]}
    missing = [name for name in entries if name not in found]
    expect(not missing, f"with steps={steps} your dict has no {show(missing)}.")
    for name, (validation, test) in entries.items():
        error = float(array_of(found[name], f"what your dict says of {show(name)}", ()))
        here = f"with steps={steps} your dict says {error:.4g} of {show(name)}"
        expect(not np.isclose(error, validation), f"{here}: that is its error in validation.")
        expect(
            not np.isclose(error, test**2),
            f"{here}, a mean of squares; asked for is its root.",
        )
        expect(np.isclose(error, test), f"{here}; in the contest it is another number.")


@exercise(
    "12.3",
    """
    def three_periods(period):  # in steps of the series, 11 say; gives a method
        def method(values, origins, steps):  # (origins, steps)
            ...

        return method
    """,
)
def averaged_periods(three_periods) -> str:
    dice = np.random.default_rng(0)
    for period in (4, 7):
        values, steps = dice.standard_normal(60), 10
        for origin in (25, 40):
            past = np.where(np.arange(60) < origin, values, np.nan)
            method = three_periods(period)
            expect(callable(method), f"`three_periods` should give a function, not {show(method)}.")
            found = method(past, np.array([origin]), steps)
            here = f"with a period of {period}, from origin {origin}"
            expect(found is not None, f"{here} you give None. Is a `return` missing?")
            found = np.asarray(found, dtype=float)
            shape = (1, steps)
            expect(
                found.shape == shape,
                f"{here}, your forecast has shape {found.shape}; asked for is {shape}.",
            )
            unknown = np.flatnonzero(np.isnan(found[0]))
            expect(
                not len(unknown),
                f"{here}, your forecast for step {unknown[:1].sum() + 1} ahead reads a value that "
                "comes at the origin or later.",
            )
            _compare_method(found[0], values, origin, period, here)
        both = three_periods(period)(values, np.array([25, 40]), steps)
        expect(np.shape(both) == (2, steps), f"two origins give shape {np.shape(both)}.")
        alone = three_periods(period)(values, np.array([40]), steps)
        expect(np.allclose(both[1], alone[0]), "an origin beside another gets another forecast.")
    wave = make_wave(600, 12, noise=0.3, generator=dice)[:, 0]
    solar = read_series(DATA / "sunspots.csv")
    steady = replace(solar, values=wave, dates=np.arange(600), step="row")
    scores = []
    for series in (solar, steady):
        trial = make_trial(series)
        before = naive_methods(trial.values, trial.plan)[NAMED[1]]
        mine = three_periods(trial.plan.period)
        builds = [lambda known, m=method: m for method in (mine, before)]
        scores.append([trial.enter("", build).errors[1] for build in builds])
    (a, b), (c, d) = scores
    return (
        f"on the sunspots your method has an RMSE of {a:.1f}, one period before {b:.1f}; on a "
        f"noisy wave that keeps time {c:.2f} and {d:.2f}. A mean takes noise away where the "
        "periods are in step."
    )


def _compare_method(found, values, origin: int, period: int, here: str) -> None:
    ahead = np.arange(len(found))

    def before(periods, shift=0):
        return [[values[origin + shift + k % period - j * period] for k in ahead] for j in periods]

    truth = np.mean(before((1, 2, 3)), axis=0)
    if np.allclose(found, truth):
        return
    expect(
        not np.allclose(found, before((1,))[0]),
        f"{here}, you say what was one period before, and no mean.",
    )
    expect(not np.allclose(found, 3 * truth), f"{here}, your values are three times the mean.")
    expect(
        not np.allclose(found[1:period], truth[: period - 1]),
        f"{here}, you are a step late: two steps ahead you say what you should say one step ahead.",
    )
    expect(
        not np.allclose(found[:period], truth[:period]),
        f"{here}, the first {period} steps are right and the later ones are not. After a whole "
        "period the forecast repeats what it said from its first step on.",
    )
    raise Wrong(f"{here}, your values are not the mean of those one, two and three periods before.")


@exercise(
    "12.4",
    """
    def forecast_shops(known):  # (shops, 24): two years of each; the next 12 months (shops, 12)
        ...
    """,
)
def one_for_all(forecast_shops) -> str:
    names = (
        "a shop's mean, each month,",
        "repeating the last year",
        "the mean of a shop's two years",
    )
    errors, rivals, low, count = [], {name: [] for name in names}, 0, 0
    for seed in range(4):
        known, truth = _shops(seed)
        size = known.mean(axis=1)[:, None]
        what = f"the forecast for {known.shape[0]} shops"
        found = array_of(forecast_shops(known.copy()), what, truth.shape)
        level = np.median(found.mean(axis=1) / size[:, 0])
        expect(
            0.3 < level < 3,
            f"your forecasts are {show(float(level))} times what these shops sold, at the median. "
            "Are they in the units of each shop?",
        )
        errors.append(_miss(found, truth, size))
        low, count = low + int((found < 0).sum()), count + found.size
        shape = found / found.mean(axis=1, keepdims=True)
        expect(
            np.ptp(shape) < 1e-3 or np.ptp(shape, axis=0).max() > 1e-3,
            "all your shops have one and the same season, at one strength. To some the months do "
            "much, to others hardly anything.",
        )
        years = known.reshape(-1, 2, 12)
        plain = np.repeat(size, 12, axis=1), years[:, 1], years.mean(axis=1)
        for each, said in zip(rivals.values(), plain, strict=True):
            each.append(_miss(said, truth, size))
    error = _together(errors)
    said = f"you are {error:.1%} of a shop's sales off; asked for is 11 %"
    for name, each in rivals.items():
        other = _together(each)
        expect(error < 0.99 * other, f"{said}. Even {name} is only {other:.1%} off.")
    expect(
        error <= 0.11, f"{said}. What do the shops have in common, and what has each of its own?"
    )
    below = (
        f" {low} of your {count} forecasts are below zero; no shop sells so little." if low else ""
    )
    return (
        f"{said}. {names[2].capitalize()}, month by month, is {other:.1%} off; the noise is 10 %."
        f"{below}"
    )


def _shops(seed: int, number: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Two known years of monthly sales (shops, 24), and the year after; sizes differ widely."""
    dice = np.random.default_rng(seed)
    season = dice.standard_normal(12)
    season = (season - season.mean()) / season.std()
    size, strength = dice.lognormal(5, 1.5, (number, 1)), dice.uniform(0, 0.4, (number, 1))
    sales = 1 + strength * np.tile(season, 3) + 0.1 * dice.standard_normal((number, 36))
    sales = np.maximum(sales, 0)
    return size * sales[:, :24], size * sales[:, 24:]


def _miss(found: np.ndarray, truth: np.ndarray, size: np.ndarray) -> float:
    return float(np.sqrt((((found - truth) / size) ** 2).mean()))


def _together(errors: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
