"""The exercises of lesson 11b, Trend and season."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable

import numpy as np

from checks import array_of, exercise, expect, judged, show
from forecasting import fill_forward
from helpers import ar_forecast, fit_ar, fit_scaler
from reading import DATA


@exercise("11b.1", 'allowed = ...  # the letters of those that may stand in it, as in "abcde"')
def at_the_origin(allowed) -> str:
    letters = allowed if isinstance(allowed, str) else "".join(map(str, _listed(allowed)))
    letters = {letter for letter in letters.lower() if letter not in " ,()"}
    ok = letters and letters <= set("abcde")
    expect(ok, f"`allowed` should be letters from a to e; it is {show(allowed)}.")
    months = np.arange(np.datetime64("1959-01"), np.datetime64("2002-01"))
    level = 315 + np.arange(len(months)) / 9
    past = months <= np.datetime64("1997-06")
    year, at = months.astype("datetime64[Y]").astype(str), int(past.sum()) - 1
    angle = 2 * np.pi * (months.astype(int) % 12) / 12
    inputs = {
        "a": lambda x: x[year == "1996"].mean(),
        "b": lambda x: x[year == "1997"].mean(),
        "c": lambda x: angle[at + 18],
        "d": lambda x: fit_scaler(x).scale(x)[at],
        "e": lambda x: fit_scaler(x[year < "1991"]).scale(x)[at],
    }
    other = np.where(past, level, 700 - level)  # the same past, another future
    moved = {letter for letter, value in inputs.items() if value(level) != value(other)}
    hints = {
        "b": "(b) may not. How many of its months are over by the end of June?",
        "d": "(d) may not. The value is known; is what it is scaled with?",
        "a": "(a) may. Which is the last month that it needs?",
        "c": "(c) may. Has it been measured, or does it stand in the calendar?",
        "e": "(e) may. Which is the last month that its scale needs?",
    }
    for letter, hint in hints.items():
        expect((letter in letters) != (letter in moved), hint)
    return (
        "the check has turned all values after June 1997 upside down. The inputs that you allow "
        "did not move, and the others did."
    )


def _listed(value) -> list:
    return list(value) if isinstance(value, (tuple, list, set)) else [value]


@exercise(
    "11b.2",
    """
    prediction = ...  # all five beside those of AR(12): "lower", "higher" or, if mixed, "alike"


    def errors_with(order):  # (5,): the score in validation, the RMSE at 1, 6, 12 and 24 months
        ...
    """,
)
def one_weight_more(
    prediction, errors_with, ar_on_rises, choice_score, scores_of, level, span_start, test_start
) -> str:
    words = ("lower", "alike", "higher")
    ok = isinstance(prediction, str) and prediction in words
    expect(ok, f'`prediction` should be "lower", "alike" or "higher"; it is {show(prediction)}.')
    found = {}
    for order in (12, 13):
        what = f"`errors_with({order})`"
        found[order] = array_of(errors_with(order), what, (5,))
        early, late = (ar_on_rises(level, end, order) for end in (span_start, test_start))
        expect(
            not math.isclose(found[order][0], choice_score(late)),
            f"{what}: the first number is that of weights fitted to the years before 1991. These "
            "have seen the validation span, 1981 to 1990, which is to judge them.",
        )
        expect(
            math.isclose(found[order][0], choice_score(early)),
            f"{what} begins with {found[order][0]:.3f}, which is not what `choice_score` says of "
            "the forecasts of such weights.",
        ) if order == 12 else None
        expect(
            not np.allclose(found[order][1:], scores_of(early)),
            f"{what}: the four numbers of the test are those of weights fitted to the years before "
            "1981. For the test they know the years before 1991.",
        )
        good = np.allclose(found[order][1:], scores_of(late))
        expect(good or order == 13, f"{what}: the last four numbers are not the RMSE in the test.")
    expect(
        not np.allclose(found[12], found[13]),
        "orders 12 and 13 give the same five numbers. Is `order` used?",
    )
    ends = [ar_on_rises(level, end, 13) for end in (span_start, test_start)]
    right = np.append(choice_score(ends[0]), scores_of(ends[1]))
    expect(
        np.allclose(found[13], right),
        "`errors_with(12)` is right, `errors_with(13)` is not. What becomes of `order` on the way?",
    )
    lower = int((found[13] < found[12]).sum())
    true = {5: words[0], 0: words[2]}.get(lower, words[1])
    rows = [", ".join(f"{x:.2f}" for x in found[order]) for order in (12, 13)]
    rows = f"AR(12) has {rows[0]}, and AR(13) {rows[1]}"
    expect(
        prediction == true,
        f'the function is right, but "{prediction}" did not hold. {rows}: compare them one by one.',
    )
    return (
        f"{judged(prediction, True, rows)} One weight more, on the rise of a year and a month "
        "ago, matters."
    )


@exercise(
    "11b.3",
    """
    def fill_by_last_year(values):  # weekly, NaN where there is a gap; gives a filled copy
        ...
    """,
)
def filled_by_last_year(fill_by_last_year) -> str:
    weeks = np.arange(330)
    truth = 310 + weeks / 40 + 3 * np.sin(2 * np.pi * weeks / 52)
    values = truth.copy()
    for start, end in ((100, 113), (160, 166), (200, 265)):
        values[start:end] = np.nan
    gap, given = np.isnan(values), values.copy()
    found = array_of_filled(fill_by_last_year(given), len(values))
    same = np.array_equal(given, values, equal_nan=True)
    expect(same, "your function changes the array that it is given. Work on a copy.")
    expect(np.array_equal(found[~gap], truth[~gap]), "weeks that were measured have changed.")
    there = np.flatnonzero(~gap)
    first = slice(100, 113)
    for name, other in (
        ("the last value before it", fill_forward(values)),
        ("a straight line across", np.interp(weeks, there, values[there])),
        ("the values of a year before, without the rise since then", np.roll(truth, 52)),
    ):
        expect(not np.allclose(found[first], other[first]), f"you fill a gap with {name}.")
    other = values.copy()
    other[105:] = 700 - other[105:]
    again = np.asarray(fill_by_last_year(other), dtype=float)
    expect(
        np.allclose(again[:105], found[:105]),
        "what you fill in changes with the values after the gap: it looks ahead.",
    )
    for (start, end), hint in {
        (100, 113): "The rise is that of one week only, the last that was measured before the gap.",
        (
            160,
            166,
        ): "Part of what lies 52 weeks before is a gap, too, which you have filled already.",
        (200, 265): "It is longer than 52 weeks: its end looks back at weeks of the gap itself.",
    }.items():
        off = np.abs(found - truth)[start:end].max()
        what = f"on a straight trend with a season your fill of weeks {start} to {end - 1}"
        expect(off < 1e-6, f"{what} is up to {off:.2f} off. {hint}")
    early = truth[:60].copy()
    early[30:34] = np.nan
    begin = array_of_filled(fill_by_last_year(early), 60)[30:34]
    expect(
        np.allclose(begin, truth[29]),
        f"a gap in the first year becomes {show(begin)}; asked for is the last value before it, "
        f"{truth[29]:.0f}.",
    )
    return f"{_hidden_weeks(fill_by_last_year)} And it never looks ahead."


def array_of_filled(found, length: int) -> np.ndarray:
    """What an answer filled, refused where a gap is left or the length is another one."""
    expect(found is not None, "you give None. Is a `return` missing?")
    found = np.asarray(found, dtype=float)
    expect(
        found.shape == (length,),
        f"your answer to {length} values has shape {found.shape}; asked for is {(length,)}.",
    )
    left = int(np.isnan(found).sum())
    expect(left == 0, f"{left} values are still NaN.")
    return found


def _hidden_weeks(fill: Callable) -> str:
    with open(DATA / "co2.csv", encoding="ascii") as file:
        weekly = np.array([float(row["co2"] or "nan") for row in csv.DictReader(file)])
    sizes = []
    for way in (fill_forward, fill):
        squares = []
        for first in range(620, 1690, 60):
            hidden, part = weekly.copy(), slice(first, first + 13)
            hidden[part] = np.nan
            squares.append((way(hidden)[part] - weekly[part]) ** 2)
        sizes.append(np.sqrt(np.nanmean(squares)))
    return (
        "on stretches of 13 weeks, hidden in 1970 to 1990, your fill has an RMSE of "
        f"{sizes[1]:.2f} ppm, and the last value {sizes[0]:.2f}."
    )


@exercise(
    "11b.4",
    """
    def make_co2_forecaster(train):  # monthly means, 1959 to 1990: (384,)
        def forecast(known):  # all months up to an origin, December 1990 or later
            ...  # the next 24: (24,)

        return forecast
    """,
)
def beat_thirteen_weights(make_co2_forecaster) -> str:
    level = _monthly()
    forecast = make_co2_forecaster(level[:384].copy())
    what = "`make_co2_forecaster` should return a function"
    expect(callable(forecast), f"{what}; it returns {show(forecast)}.")
    ends = range(384, len(level))
    rows = [array_of(forecast(level[:n].copy()), "a forecast", (24,)) for n in ends]
    other = np.append(400.0, 760 - level[1:400])  # falling: what is learnt by heart does not help
    again = array_of(make_co2_forecaster(other[:384])(other.copy()), "a second forecast", (24,))
    far = np.abs(again - rows[400 - 384]).max()
    expect(far > 1, "for another series you forecast the same. Are `train` and `known` used?")
    found = _errors(np.array(rows), level)
    best = _errors(np.array([_ar_on_rises(level[:384])(level[:n]) for n in ends]), level)
    mine, theirs = (", ".join(f"{x:.2f}" for x in each) for each in (found, best))
    said = (
        f"1, 6, 12 and 24 months ahead your RMSE is {mine} ppm, that of AR(12) {theirs}. The mean "
        f"of yours is {found.mean():.2f}; asked for is 0.7"
    )
    rivals = {
        "the last value": lambda known: np.repeat(known[-1], 24),
        "the last year once more": lambda known: np.tile(known[-12:], 2),
        "the last year plus drift": _with_drift,
    }
    for name, rival in rivals.items():
        other = _errors(np.array([rival(level[:n]) for n in ends]), level).mean()
        expect(found.mean() < 0.995 * other, f"{said}. Even {name} has {other:.2f}.")
    behind = (
        "You are behind AR(12)" if found.mean() > best.mean() else "You are ahead, but not enough"
    )
    expect(found.mean() <= 0.7, f"{said}. {behind}. {_where_it_loses(found / best)}")
    return f"{said}. Each attempt has looked at the test: count them."


def _where_it_loses(ratios: np.ndarray) -> str:
    """What the horizon tells at which a forecast is worst, beside AR(12)."""
    if ratios.argmax() == 0:
        return (
            "Beside it you do worst one month ahead: does your forecast begin where the last "
            "months stand, above or below season and trend?"
        )
    if ratios.argmax() == 3:
        return (
            "Beside it you do worst two years ahead, where the slope counts most: over how many "
            "years is yours taken? One or two odd years should not bend it."
        )
    return (
        "Beside it you do worst half a year to a year ahead, where the season counts, and the rise "
        "of a year: from how many years is each of them taken?"
    )


def _errors(table: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The four RMSE. `table` holds 24 months from each origin, the first of which is month 383."""
    errors = []
    for horizon in (1, 6, 12, 24):
        truth = level[383 + horizon :]
        errors.append(np.sqrt(np.mean((table[: len(truth), horizon - 1] - truth) ** 2)))
    return np.array(errors)


def _with_drift(known: np.ndarray) -> np.ndarray:
    drift = known[-12:].mean() - known[-24:-12].mean()
    return np.concatenate([known[-12:] + drift, known[-12:] + 2 * drift])


def _ar_on_rises(train: np.ndarray) -> Callable:
    weights = fit_ar((train[12:] - train[:-12])[:, None], 12)

    def forecast(known):
        rises = ar_forecast(weights, (known[-12:] - known[-24:-12])[None, :, None], 24)[0, :, 0]
        first = known[-12:] + rises[:12]
        return np.concatenate([first, first + rises[12:]])

    return forecast


def _monthly() -> np.ndarray:
    """Monthly means of CO2 from 1959 to 2001, gaps filled by the last value."""
    with open(DATA / "co2.csv", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    month = np.array([row["date"][:6] for row in rows])
    filled = fill_forward(np.array([float(row["co2"] or "nan") for row in rows]))
    return np.array([filled[month == each].mean() for each in np.unique(month[month > "1959"])])
