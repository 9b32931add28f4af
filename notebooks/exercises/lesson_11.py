"""The exercises of lesson 11, Real series."""

from __future__ import annotations

import numpy as np

from checks import RUN_ABOVE, array_of, exercise, expect, numbers, show
from helpers import ar_forecast, fit_ar
from reading import DATA


@exercise(
    "11.1",
    """
    share_left = ...  # of the mean of `lead`: 1 if nothing changes, below 0 if it turns
    flips_more = ...  # does the resampled sign flip more often without 1958? True or False


    def without(year):  # of 1956-79 without it: the mean of `lead`, and how often the sign flips
        ...
    """,
)
def without_a_year(share_left, flips_more, without, lead, late, years, flips) -> str:
    (share,) = numbers(share_left, 1, "share_left")
    ok = isinstance(flips_more, (bool, np.bool_))
    expect(ok, f"`flips_more` should be True or False; it is {show(flips_more)}.")
    for year in (1958, 1966):
        mean, flipped = array_of(without(year), f"`without({year})`", (2,))
        rest = lead[(years != year) & late]
        said = f"`without({year})`: the mean"
        expect(not np.isclose(mean, lead[late].mean()), f"{said} is still that of all 24 years.")
        everything = lead[(years != year) & ~np.isnan(lead)].mean()
        expect(not np.isclose(mean, everything), f"{said} is of all years of the series.")
        expect(
            not np.isclose(mean, rest.sum() / 24),
            f"{said} is a sum divided by 24; how many years are left?",
        )
        expect(
            not np.isclose(mean, rest.mean() / lead[late].mean()),
            f"{said} is {mean:.3f}, and that of all 24 years is {lead[late].mean():.3f}: you give "
            "the share; asked for is the mean itself.",
        )
        expect(
            np.isclose(mean, rest.mean()),
            f"{said} is {mean:.3f}, and that of all 24 years is {lead[late].mean():.3f}. Which "
            "years have you taken, and what of them?",
        )
        expect(
            abs(flipped - flips(rest, 1)) < 0.02,
            f"`without({year})`: the share of flips is another one. Draw single years, from those "
            "that are left.",
        )
    whole, rest = lead[late], lead[late & (years != 1958)]
    left, one = rest.mean() / whole.mean(), whole.max() / whole.sum()
    said = f"the function is right, `share_left` is not {show(share)}"
    expect(share < 0.9, f"{said}. One year of many is little, if the years are alike. Are they?")
    expect(
        abs(share - left) < 0.1 or abs(share - one) > 0.1,
        f"{said}. That is what 1958 makes of the whole; what do the others make?",
    )
    expect(share > 0, f"{said}. Without its tallest bar, on which side is the sum of the others?")
    expect(
        abs(share - left) < 0.1,
        f"{said}; it is {'less' if share > left else 'more'}. The lesson prints what 1958 makes of "
        "the difference.",
    )
    flipped = [flips(part, 1) for part in (whole, rest)]
    expect(
        flips_more == (flipped[1] > flipped[0]),
        "the share is right. For the sign: a mean that is nearer to 0, and years that still "
        "scatter.",
    )
    return (
        f"≈{left:.2f} of the lead is left, and the sign flips in ≈{flipped[1]:.2f} of the draws "
        f"in place of ≈{flipped[0]:.2f}. A verdict that hangs on one year is a story about it."
    )


@exercise(
    "11.2",
    """
    never_worse = ...  # can it never be worse than the mean of the scores? True or False
    spans_reached = ...  # on how many of the two late spans it reaches AR(9) after the root


    def score_of_mean(forecasts):  # (5, years); the scores of one forecast, their mean
        ...
    """,
)
def mean_of_five(never_worse, spans_reached, score_of_mean, said, scores, score_spans) -> str:
    ok = isinstance(never_worse, (bool, np.bool_))
    expect(ok, f"`never_worse` should be True or False; it is {show(never_worse)}.")
    (reached,) = numbers(spans_reached, 1, "spans_reached")
    expect(
        reached in (0, 1, 2),
        f"`spans_reached` counts spans, of which there are two; it is {show(reached)}.",
    )
    _after_the_contest(said)
    dice = np.random.default_rng(0)
    five = said["LSTM"] + 20 * dice.standard_normal((5, 1)) ** 2
    given = score_of_mean(five.copy())
    apart = np.array([score_spans(one) for one in five])
    found = array_of(given, "what `score_of_mean` gives for five forecasts", apart[0].shape)
    for name, other in (
        ("the mean of the five scores", apart.mean(axis=0)),
        ("the median of the five scores", np.median(apart, axis=0)),
        ("the score of the first forecast", apart[0]),
        ("the score of the median forecast", score_spans(np.median(five, axis=0))),
    ):
        expect(not np.allclose(found, other), f"your function gives {name}.")
    truth = score_spans(np.add.reduce(five) / len(five))
    expect(
        np.allclose(found, truth),
        "your function gives another number than the score of the mean of the five.",
    )
    mine = score_of_mean(said["LSTM"])
    expect(
        never_worse,
        f"the function is right, `never_worse` is not {never_worse}. Can it be worse? Five numbers "
        "miss by 1, 2, 3, 4 and 5: compare the square of their mean with the mean of their "
        "squares. And with signs?",
    )
    best = int((np.asarray(mine)[2:] <= scores["AR(9), root"][2:]).sum())
    expect(
        reached == best,
        f"the function is right, `spans_reached` is not {show(reached)}. The mean takes away "
        "what the five do not share. Do they share the peak that none of them has seen?",
    )
    means = scores["LSTM"].mean(axis=0)
    rows = [f"≈{a:.3f} and ≈{b:.3f}" for a, b in zip(mine[2:], means[2:], strict=True)]
    return f"mean of five and mean of scores: {rows[0]} on 1956-79, {rows[1]} on 1980-2008."


def _after_the_contest(said: dict) -> None:
    there = {"LSTM", "AR(9), root"} <= {*said}
    expect(
        there,
        f"`said` has no LSTMs yet: the cell of the contest has not been run. Please {RUN_ABOVE}",
    )


@exercise(
    "11.3",
    """
    def blend(share):  # a forecast for all years: this share of the mean of the five LSTMs
        ...
    """,
)
def blended(blend, said, score_spans) -> str:
    _after_the_contest(said)
    network, linear = np.add.reduce(said["LSTM"]) / 5, said["AR(9), root"]
    known = ~np.isnan(network + linear)
    found = {}
    for share in (0, 1, 0.5, 0.25):
        given = blend(share)
        what = f"`blend({share})`"
        expect(given is not None, f"{what} is None. Is a `return` missing?")
        values = np.asarray(given, dtype=float)
        expect(
            values.shape == linear.shape,
            f"{what} has shape {values.shape}; asked for is a value a year, {linear.shape}.",
        )
        array_of(values[known], f"{what} from 1709 on")
        found[share] = values[known]
    linear, network = linear[known], network[known]
    expect(
        not np.allclose(found[0], network),
        "`blend(0)` is the mean of the LSTMs: the shares are the wrong way round.",
    )
    expect(not np.allclose(found[0], found[1]), "`blend(0)` and `blend(1)` are the same.")
    expect(np.allclose(found[0], linear), "`blend(0)` should be AR(9) after the root alone.")
    one = [np.allclose(found[1], values[known]) for values in said["LSTM"]]
    expect(not any(one), "`blend(1)` is one of the five LSTMs, not their mean.")
    expect(np.allclose(found[1], network), "`blend(1)` should be the mean of the five LSTMs alone.")
    for share in (0.5, 0.25):
        line = linear + share * (network - linear)
        expect(
            np.allclose(found[share], line),
            f"the ends are right, but `blend({share})` is not on the straight way between them.",
        )
    rows = np.array([score_spans(blend(share))[1:] for share in (0, 0.5, 1)])
    texts = [", ".join(f"≈{x:.3f}" for x in row) for row in rows]
    return (
        f"on the three test spans AR scores {texts[0]}, half and half {texts[1]}, the LSTMs "
        f"{texts[2]}. On no span is the middle row the worst; that was certain before."
    )


@exercise(
    "11.4",
    """
    def make_cycle_forecaster(train):  # the values of 1700 to 1920
        def forecast(known):  # all values up to an origin, 1920 or later
            ...  # the next eleven: (11,)

        return forecast
    """,
)
def a_cycle_ahead(make_cycle_forecaster) -> str:
    series = np.genfromtxt(DATA / "sunspots.csv", delimiter=",", names=True)["SUNACTIVITY"]
    train, ends = series[:221], range(221, 299)
    truth = np.array([series[end : end + 11] for end in ends])
    forecast = make_cycle_forecaster(train.copy())
    what = "`make_cycle_forecaster` should return a function"
    expect(callable(forecast), f"{what}; it returns {show(forecast)}.")
    found = []
    for end in ends:
        what = f"the forecast from {1699 + end} on"
        found.append(array_of(forecast(series[:end].copy()), what, (11,)))
    other = 0.6 * series + 30  # another sun: what is learnt by heart does not help there
    again = array_of(
        make_cycle_forecaster(other[:221])(other[:260].copy()), "a second forecast", (11,)
    )
    expect(
        not np.allclose(again, found[260 - 221]),
        "for another series you forecast the same values. Are `train` and `known` used?",
    )
    nine = fit_ar(train[:, None], 9)
    ar = np.array([ar_forecast(nine, series[None, :end, None], 11)[0, :, 0] for end in ends])
    rivals = {
        "always the mean of the years to 1920": np.full(truth.shape, train.mean()),
        "the value 11 years ago": np.array([series[end - 11 : end] for end in ends]),
        "AR(9)": ar,
    }
    error = _from_4_to_9(np.array(found), truth)
    said = f"from 4 to 9 years ahead you are {error:.1f} off; asked for is 33"
    for name, values in rivals.items():
        rival = _from_4_to_9(values, truth)
        expect(error < 0.995 * rival, f"{said}. Even {name} is only {rival:.1f} off.")
    expect(error <= 33, f"{said}. Which of the two, AR(9) or the last cycle, fails where?")
    return (
        f"{said}. AR(9) is {rival:.1f} off. How many ways have you tried? Each look at these years "
        "is paid for: they do not judge your method as they would have done the first time."
    )


def _from_4_to_9(forecasts: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(((forecasts - truth)[:, 3:9] ** 2).mean()))
