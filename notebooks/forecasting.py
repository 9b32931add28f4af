"""From an even series to a verdict and a forecast: what lesson 12 does with a reader's own data.

A *method* is a function ``(values, origins, steps) -> (origins, steps)``: from each origin t it
says the next `steps` values, and it may read ``values[:t]`` alone. Whatever is chosen or fitted is
chosen or fitted before the first origin at which it is judged.

Shapes: values (time,), origins (origins,), forecasts (origins, steps).
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from statistics import NormalDist
from time import thread_time

import numpy as np
import torch
from torch import Tensor, nn

from experiments import in_pairs, models_of, progress
from helpers import Forecaster, ar_forecast, fit_ar, train
from reading import Series, Unusable

Method = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
Build = Callable[[np.ndarray], Method]  # from the values that are known to a method fitted on them
LEVELS = (80, 95)  # of the bands, in per cent
DAY, YEAR = 86_400, 365.25 * 86_400  # in seconds
SPANS = {"second": 1, "minute": 60, "hour": 3600, "day": DAY, "week": 7 * DAY}
SPANS |= {"working day": 7 / 5 * DAY, "month": YEAR / 12, "quarter": YEAR / 4}


def fill_forward(values: np.ndarray) -> np.ndarray:
    """Each gap (NaN) takes the last value before it: what one would have known at that time."""
    filled = np.array(values, dtype=float)
    for i in range(1, len(filled)):
        if np.isnan(filled[i]):
            filled[i] = filled[i - 1]
    return filled


# ==== A look: period, trend, scale


def calendar_periods(step: str) -> tuple[int, ...]:
    """A day, a week and a year in steps as `Series.step` says them: (24, 168) for "hour"."""
    count, _, word = step.rpartition(" ") if step[0].isdigit() else ("1", "", step)
    span = SPANS.get(word.removesuffix("s"), 0) * int(count)
    if not span:
        return ()
    found = {whole / span for whole in (DAY, 7 * DAY, YEAR) if whole > 1.5 * span}
    return tuple(sorted(round(p) for p in found if abs(p - round(p)) < 0.01 * p))


def suggest_period(values: np.ndarray, step: str = "row") -> int:
    """The period, in steps, that explains most of the values without gaps; 1 for none.

    Tried are the calendar's periods, and those at the highest peaks of spectrum and
    autocorrelation, which need more evidence: of many peaks one is high by chance.
    """
    calendar = {p for p in calendar_periods(step) if 2 <= p <= len(values) // 3}
    moves, most = np.diff(values), len(values) // 4
    moves = moves - moves.mean()
    power = np.abs(np.fft.rfft(moves, 2 * len(moves))) ** 2
    alike = np.fft.irfft(power)[: most + 2]  # the autocorrelation, times its value at 0
    tops = [k for k in range(2, most + 1) if alike[k - 1] < alike[k] >= alike[k + 1]]
    peaks = set(sorted(tops, key=lambda k: -alike[k])[:3])
    power[:8] = 0  # three periods or fewer show nothing
    if power.any():
        peak = power.argmax() / 2
        ends = round(len(moves) / (peak + 0.75)), round(len(moves) / (peak - 0.75))
        peaks |= set(range(max(ends[0], 2), min(ends[1], most) + 1))
    worth = {p: explained(values, p) for p in sorted(calendar | peaks)}
    worth = {p: share for p, share in worth.items() if share > (0.1 if p in calendar else 0.2)}
    best = max(worth.values(), default=0)
    for p in worth:  # a day before its week; else the calendar's before others, and the shortest
        if p in calendar and worth[p] > best / 2:
            return p
    return next((p for p in worth if worth[p] > best - 0.02), 1)


def explained(values: np.ndarray, period: int) -> float:
    """The share of the variance about a moving mean that the means of the phases foretell.

    Each value by the mean of the others in its phase, so that chance explains nothing.
    """
    wide = period + 1 - period % 2
    smooth = np.convolve(np.pad(values, wide // 2, mode="reflect"), np.ones(wide) / wide, "valid")
    rest = values - smooth
    phase = np.arange(len(rest)) % period
    number = np.bincount(phase)
    missed = (rest - (np.bincount(phase, rest) / number)[phase]) * number[phase]
    missed = missed / np.maximum(number[phase] - 1, 1)
    return 1 - (missed**2).sum() / max(((rest - rest.mean()) ** 2).sum(), 1e-300)


def has_trend(values: np.ndarray) -> bool:
    """The test of Kwiatkowski, Phillips, Schmidt and Shin (1992) at 5 %: no constant level."""
    rest = values - values.mean()
    lags = int(4 * (len(values) / 100) ** 0.25)
    variance = rest @ rest
    for k in range(1, min(lags, len(rest) - 1) + 1):
        variance += 2 * (1 - k / (lags + 1)) * (rest[k:] @ rest[:-k])
    return bool((np.cumsum(rest) ** 2).sum() > 0.463 * len(rest) * max(variance, 1e-300))


# A scale on which to work, and the way back. What was never negative before stays so.
SCALES = {
    "as it is": (lambda x: x, lambda z: z),
    "square root": (lambda x: np.sqrt(np.maximum(x, 0)), lambda z: np.maximum(z, 0) ** 2),
    "logarithm": (lambda x: np.log(np.maximum(x, 1e-300)), np.exp),
}


def scales_for(values: np.ndarray) -> list[str]:
    low, high = float(values.min()), float(values.max())
    return ["as it is"] + ["square root"] * (low >= 0) + ["logarithm"] * (low > 1e-6 * high)


@dataclass(frozen=True)
class Plan:
    """Where the parts of the values begin, how far ahead is forecast, and what a look has found."""

    steps: int
    validation: int  # the first step of this part
    test: int
    period: int  # 1: none
    trend: bool
    longer: tuple[int, ...] = ()  # more periods of the calendar, such as the week of hourly values
    scale: str = "as it is"

    @property
    def periods(self) -> tuple[int, ...]:
        """1, and all periods that there are."""
        return (1, *([self.period] if self.period > 1 else []), *self.longer)


def make_plan(values: np.ndarray, step: str = "row", steps: int | None = None) -> Plan:
    """Sixty per cent to train, twenty to validate, twenty to test; period and trend by the first.

    `steps` is how far ahead to forecast, at most a twelfth of the values; without it one period
    (up to 60 steps), or 12 steps. Raises Unusable.
    """
    most = len(values) // 12
    allowed = f"a whole number from 1 to {most}, a twelfth of the {len(values)} values"
    whole = isinstance(steps, (int, np.integer)) and not isinstance(steps, bool)
    if steps is not None and not (whole and 1 <= steps <= most):
        raise Unusable(f"steps is {steps!r}; allowed: {allowed}, or None")
    validation, test = round(0.6 * len(values)), round(0.8 * len(values))
    training = values[:validation]
    if np.ptp(training) == 0:
        raise Unusable(f"the first {validation} values are all {training[0]:g}; allowed: others")
    period = suggest_period(training, step)
    if steps is None:
        steps = min(period if 1 < period <= 60 else 12, most)
    calendar = calendar_periods(step) if period > 1 else ()
    longer = tuple(p for p in calendar if period < p <= min(validation // 4, 400))
    return Plan(int(steps), validation, test, period, has_trend(training), longer)


def origins_between(start: int, end: int, steps: int, most: int = 200) -> np.ndarray:
    """Origins from `start` on whose `steps` values ahead all lie before `end`, at most `most`."""
    number = end - steps - start + 1
    return start + np.unique(np.linspace(0, number - 1, min(most, number)).round().astype(int))


def ahead(values: np.ndarray, origins: np.ndarray, steps: int) -> np.ndarray:
    """The values at 1 to `steps` steps after each origin's last known one."""
    return values[origins[:, None] + np.arange(steps)]


# ==== Methods without a network


def last_value(values: np.ndarray, origins: np.ndarray, steps: int) -> np.ndarray:
    return np.repeat(values[origins - 1][:, None], steps, axis=1)


def mean_so_far(values: np.ndarray, origins: np.ndarray, steps: int) -> np.ndarray:
    return np.repeat((np.cumsum(values)[origins - 1] / origins)[:, None], steps, axis=1)


def period_before(period: int) -> Method:
    """What was one period before."""

    def method(values, origins, steps):
        return values[origins[:, None] - period + np.arange(steps) % period]

    return method


def with_drift(method: Method, training: np.ndarray, period: int = 1) -> Method:
    """A method plus the mean change over a period, once for each period ahead."""
    change = (training[period:] - training[:-period]).mean()

    def drifting(values, origins, steps):
        return method(values, origins, steps) + change * (1 + np.arange(steps) // period)

    return drifting


def difference(values: np.ndarray, lags: tuple[int, ...]) -> list[np.ndarray]:
    """The values, then their changes over the first lag, then the changes of these, and so on."""
    levels = [values]
    for lag in lags:
        levels.append(levels[-1][..., lag:] - levels[-1][..., :-lag])
    return levels


def fit_differenced(training: np.ndarray, order: int, lags: tuple[int, ...] = ()) -> Method:
    """AR(order) by least squares on the values, or on their changes over `lags`."""
    coefficients = fit_ar(difference(training, lags)[-1][:, None], order)

    def method(values, origins, steps):
        context = values[origins[:, None] + np.arange(-order - sum(lags), 0)]
        levels = difference(context, lags)
        with np.errstate(all="ignore"):  # a forecast that explodes counts as infinitely wrong
            forecast = ar_forecast(coefficients, levels[-1][:, :, None], steps)[:, :, 0]
            for lag, level in zip(reversed(lags), reversed(levels[:-1]), strict=True):
                for k in range(steps):  # a change, added to what was `lag` steps before
                    level = np.column_stack([level, level[:, -lag] + forecast[:, k]])
                forecast = level[:, -steps:]
        return forecast

    return method


def fit_linear_map(training: np.ndarray, window: int, ridge: float, steps: int) -> Method:
    """For each step ahead its own linear map of the last `window` values, less the last of all.

    Least squares with a penalty, `ridge` times the mean square of the inputs, a value trained on.
    """
    ends = np.arange(window, len(training) - steps + 1)
    inputs, targets = training[ends[:, None] + np.arange(-window, 0)], ahead(training, ends, steps)
    last = inputs[:, -1:]
    inputs, targets = np.column_stack([(inputs - last)[:, :-1], np.ones(len(ends))]), targets - last
    square = inputs.T @ inputs
    penalty = ridge * np.trace(square[:-1, :-1]) / max(window - 1, 1)
    weights = np.linalg.lstsq(
        square + np.diag([penalty] * (window - 1) + [0.0]), inputs.T @ targets, rcond=None
    )[0]

    def method(values, origins, steps):
        context = values[origins[:, None] + np.arange(-window, 0)]
        rows = np.column_stack([(context - context[:, -1:])[:, :-1], np.ones(len(context))])
        return (rows @ weights)[:, :steps] + context[:, -1:]

    return method


def averaged(methods: list[Method]) -> Method:
    return lambda *at: np.mean([method(*at) for method in methods], axis=0)


def naive_methods(training: np.ndarray, plan: Plan) -> dict[str, Method]:
    """What costs nothing: the last value, the mean, what was a period ago; with drift if it has."""
    methods = {"the last value": last_value, "the mean so far": mean_so_far}
    if plan.trend:
        methods["the last value plus drift"] = with_drift(last_value, training)
    if plan.period > 1:
        methods["one period before"] = period_before(plan.period)
        if plan.trend:
            drifting = with_drift(period_before(plan.period), training, plan.period)
            methods["one period before plus drift"] = drifting
    for period in plan.longer:
        methods[f"{period} steps before"] = period_before(period)
    return methods


# ==== The network: an LSTM that says, at each step, what the best forecast so far will miss


@dataclass(frozen=True)
class Setup:
    """How the LSTM sees the values: what it reads, and which forecast it corrects."""

    base: Method
    lags: tuple[int, ...]
    window: int
    mean: np.ndarray
    std: np.ndarray
    miss: float  # the root mean square of what the base misses in training

    def inputs(self, values: np.ndarray) -> np.ndarray:
        """(time, features): at each step what is known at this step, in standard scores."""
        return (_features(values, self.lags) - self.mean) / self.std


def _features(values: np.ndarray, lags: tuple[int, ...]) -> np.ndarray:
    """Changes over `lags`, and each value less the mean of the last two periods, at least 24."""
    width = max(24, *(2 * lag for lag in lags[:2]))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - width, 0)
    columns = [values - (sums[ends] - sums[starts]) / (ends - starts)]
    columns += [np.concatenate([np.zeros(lag), values[lag:] - values[:-lag]]) for lag in lags]
    return np.column_stack(columns)


def set_up(
    training: np.ndarray, plan: Plan, base: Method, reach: int
) -> tuple[Setup, tuple[Tensor, Tensor]]:
    """The setup, and what to train on: inputs (time, features), what the base misses (time, steps).

    `reach` is how many values before an origin the base reads.
    """
    features = _features(training, plan.periods)
    first = max(reach, max(plan.periods) + 1)  # the first origin that has all of this past
    origins = np.arange(first, len(training) - plan.steps + 1)
    missed = ahead(training, origins, plan.steps) - base(training, origins, plan.steps)
    window = min(max(2 * plan.period, 32), 128, plan.validation // 3)
    std = features.std(axis=0)
    std = np.where(std > 0, std, 1.0)
    miss = math.sqrt((missed**2).mean()) or 1.0
    setup = Setup(base, plan.periods, window, features.mean(axis=0), std, miss)
    pairs = setup.inputs(training)[origins - 1], missed / miss
    return setup, tuple(torch.tensor(part, dtype=torch.float32) for part in pairs)


def make_networks(seeds, setup: Setup, steps: int) -> list[Forecaster]:
    inputs = len(setup.mean)
    return models_of(seeds, input_size=inputs, hidden_size=16, output_size=steps)


def random_windows(
    inputs: Tensor, targets: Tensor, window: int, number: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of 16 windows of `inputs`, and the `targets` at the last three quarters of each."""
    for _ in range(number):
        starts = torch.randint(0, len(targets) - window + 1, (16, 1), generator=generator)
        places = starts + torch.arange(window)
        yield inputs[places], targets[places[:, window // 4 :]]


LOOKS = tuple(range(0, 401, 25))  # optimiser steps after which the network is looked at


def teach(
    model: Forecaster,
    pairs: tuple[Tensor, Tensor],
    window: int,
    seed: int,
    number: int,
    check: Callable[[], float] | None = None,
) -> tuple[list[float], float]:
    """Train by Adam for `number` steps; what `check()` says after each of LOOKS, and seconds."""
    begin = thread_time()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005, betas=(0.9, 0.95))
    generator = torch.Generator().manual_seed(seed)
    batches = random_windows(*pairs, min(window, len(pairs[1])), number, generator)
    nn.init.zeros_(model.linear.weight)  # before any training it says what the base says
    nn.init.zeros_(model.linear.bias)
    found = [check()] if check and 0 in LOOKS else []
    for step, _ in enumerate(train(model, nn.MSELoss(), optimizer, batches, clip=1.0), start=1):
        if check and step in LOOKS:
            found.append(check())
    return found, thread_time() - begin


def network_method(model: Forecaster, setup: Setup) -> Method:
    """A method of the network: each origin's window is read from a zero state."""

    def method(values, origins, steps):
        length = min(setup.window, origins.min())
        windows = setup.inputs(values)[origins[:, None] + np.arange(-length, 0)]
        model.eval()
        with torch.no_grad():
            said = model(torch.tensor(windows, dtype=torch.float32))[:, -1].numpy()
        return setup.base(values, origins, steps) + said[:, :steps].astype(float) * setup.miss

    return method


# ==== The contest


@dataclass(frozen=True)
class Trial:
    """A series ready for the contest: two parts, each with origins, and what came after them.

    Methods work on `scaled`, which has no gaps; errors are in the file's units and leave out what
    the file does not hold.
    """

    series: Series
    plan: Plan

    @cached_property
    def values(self) -> np.ndarray:
        return fill_forward(self.series.values)

    @cached_property
    def scaled(self) -> np.ndarray:
        return SCALES[self.plan.scale][0](self.values)

    @cached_property
    def starts(self) -> tuple[int, int]:
        """Where validation and test begin: a method for a part is fitted on what is before."""
        return self.plan.validation, self.plan.test

    @cached_property
    def origins(self) -> list[np.ndarray]:
        ends = (self.plan.test, len(self.values))
        return [
            origins_between(a, b, self.plan.steps) for a, b in zip(self.starts, ends, strict=True)
        ]

    @cached_property
    def truths(self) -> list[np.ndarray]:
        return [ahead(self.series.values, origins, self.plan.steps) for origins in self.origins]

    def values_before(self, part: int) -> np.ndarray:
        """All that may be used to fit a method for a part, on the working scale."""
        return self.scaled[: self.starts[part]]

    def in_units(self, forecast: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return SCALES[self.plan.scale][1](forecast)

    def error(self, part: int, forecast: np.ndarray, these=slice(None)) -> float:
        """RMSE in part 0, validation, or 1, test, from `these` origins.

        Infinite if a forecast explodes, or nothing is known to judge it by.
        """
        known = ~np.isnan(self.truths[part][these])
        with np.errstate(all="ignore"):
            squares = (self.in_units(forecast) - self.truths[part][these])[known] ** 2
            size = math.sqrt(squares.mean()) if known.any() else math.inf
        return size if math.isfinite(size) else math.inf

    def said(self, build: Build, part: int) -> np.ndarray:
        """What a method fitted before a part says from the origins in it."""
        method = build(self.values_before(part))
        return method(self.scaled, self.origins[part], self.plan.steps)

    def enter(self, name: str, build: Build, reach: int = 1) -> Entry:
        """Let a method take part that reads the last `reach` values before an origin."""
        start = thread_time()
        said = (self.said(build, 0), self.said(build, 1))
        seconds = (thread_time() - start) / 2
        errors = (self.error(0, said[0]), self.error(1, said[1]))
        return Entry(name, build, said, errors, seconds, reach)


@dataclass(frozen=True)
class Entry:
    """One way to forecast: how to fit it, what it said in validation and test, how far off it was.

    `said` is on the working scale, (origins, steps) or, of the LSTM, the mean of its networks;
    `errors` are RMSE in the file's units; `seconds` are of processor time, for one fit.
    """

    name: str
    build: Build
    said: tuple[np.ndarray, np.ndarray]
    errors: tuple[float, float]
    seconds: float
    reach: int = 1
    by_seed: tuple[np.ndarray, ...] = ()  # what each network said in the test


def make_trial(series: Series, steps: int | None = None) -> Trial:
    """`steps` as in `make_plan`. Raises Unusable."""
    trial = Trial(series, make_plan(fill_forward(series.values), series.step, steps))
    if any(np.isnan(truth).all() for truth in trial.truths):
        raise Unusable("the last two fifths of the series are gaps; allowed: values in both fifths")
    return trial


def choose_ar(trial: Trial) -> tuple[Trial, int, tuple[int, ...]]:
    """The scale, the order and the lags of differencing whose AR does best in validation.

    Best is whose worse half is best, each half against the least error in it: one bad stretch
    shall not decide alone.
    """
    plan, training = trial.plan, trial.values[: trial.plan.validation]
    scales = [replace(trial, plan=replace(plan, scale=scale)) for scale in scales_for(training)]
    periods = [p for p in (plan.period, *plan.longer) if 1 < p <= plan.validation // 4]
    forms = [(), (1,), *((p,) for p in periods), *((p, 1) for p in periods)]
    tried = {1, 2, 3, 4, 6, 9, 12, 16, 24, plan.period, plan.period + 1, 2 * plan.period}
    orders = sorted(order for order in tried if order <= min(plan.validation // 8, 64))
    jobs = list(itertools.product(scales, orders, forms))

    def errors(job):
        one, order, lags = job
        said = one.said(lambda known: fit_differenced(known, order, lags), 0)
        return [one.error(0, said[half], half) for half in halves(len(said))]

    found = np.array(list(progress(map(errors, jobs), len(jobs))))
    with np.errstate(all="ignore"):  # the least may be 0, or infinite
        worse = np.nan_to_num(found / found.min(axis=0), nan=1.0, posinf=math.inf).max(axis=1)
    return jobs[int(worse.argmin())]


def halves(number: int) -> tuple[slice, slice]:
    return slice(number // 2), slice(number // 2, None)


def name_of_ar(order: int, lags: tuple[int, ...]) -> str:
    if not lags:
        return f"AR({order})"
    return f"AR({order}) on changes over " + " and ".join(map(str, lags))


def choose_map(trial: Trial) -> tuple[int, float]:
    """The window and the penalty whose direct linear map errs least in validation."""
    period, most = trial.plan.period, min(trial.plan.validation // 6, 128)
    windows = sorted(w for w in {4, 12, 24, period + 1, 2 * period} if 2 <= w <= most)

    def error(job):
        return trial.error(0, trial.said(lambda known: fit_linear_map(known, *job, steps), 0))

    steps = trial.plan.steps
    return min(itertools.product(windows, (1e-4, 1e-2, 1.0)), key=error)


def without_network(series: Series, steps: int | None = None) -> tuple[Trial, list[Entry]]:
    """The trial, on the scale that suits AR best, and the methods that need no network."""
    trial, order, lags = choose_ar(make_trial(series, steps))
    plan = trial.plan
    builds: dict[str, tuple[Build, int]] = {
        name: (lambda known, name=name: naive_methods(known, plan)[name], max(plan.periods))
        for name in naive_methods(trial.scaled[: plan.validation], plan)
    }
    window, ridge = choose_map(trial)
    ar, both = name_of_ar(order, lags), "mean of AR and map"

    def build_ar(known):
        return fit_differenced(known, order, lags)

    def build_map(known):
        return fit_linear_map(known, window, ridge, plan.steps)

    builds[ar] = build_ar, order + sum(lags)
    builds["direct linear map"] = build_map, window
    builds[both] = (
        lambda known: averaged([build_ar(known), build_map(known)]),
        max(order + sum(lags), window),
    )
    return trial, [trial.enter(name, *build) for name, build in builds.items()]


def with_network(trial: Trial, entries: list[Entry], seeds=range(5)) -> Judgement:
    """Let LSTMs take part, a network a seed.

    They correct what is best without them in validation, and stop where they are best there, at the
    median.
    """
    seeds, plan = list(seeds), trial.plan
    base = min(entries, key=lambda entry: entry.errors[0])
    few = slice(None, None, max(1, len(trial.origins[0]) // 50))

    def learn(known: np.ndarray, number: int, check=None) -> tuple[list[Method], list]:
        setup, pairs = set_up(known, plan, base.build(known), base.reach)
        networks = make_networks(seeds, setup, plan.steps)
        methods = [network_method(network, setup) for network in networks]
        checks = [check and partial(check, method) for method in methods]
        jobs = [
            (network, pairs, setup.window, seed, number, check)
            for network, seed, check in zip(networks, seeds, checks, strict=True)
        ]
        return methods, in_pairs(teach, jobs)

    def check(method: Method) -> float:
        return trial.error(0, method(trial.scaled, trial.origins[0][few], plan.steps), few)

    curves = np.array([errors for errors, _ in learn(trial.values_before(0), LOOKS[-1], check)[1]])
    stop = LOOKS[int(np.median(curves.argmin(axis=1)))]
    said, seconds = [], []
    for part in (0, 1):
        methods, taught = learn(trial.values_before(part), stop)
        said.append([method(trial.scaled, trial.origins[part], plan.steps) for method in methods])
        seconds += [one for _, one in taught]

    def build(known: np.ndarray) -> Method:
        return averaged(learn(known, stop)[0])

    means = tuple(np.mean(part, axis=0) for part in said)
    errors = (trial.error(0, means[0]), trial.error(1, means[1]))
    seconds = float(np.median(seconds))
    network = Entry("LSTM", build, means, errors, seconds, base.reach, tuple(said[1]))
    return Judgement(trial, entries, base, network, curves, stop)


@dataclass(frozen=True)
class Judgement:
    """What the contest says, in words (`verdict`) and numbers."""

    trial: Trial
    entries: list[Entry]  # without a network
    base: Entry  # what the networks correct: the best in validation
    network: Entry
    curves: np.ndarray  # (seeds, looks): the networks' errors in validation while they learn
    stop: int  # the optimiser steps after which they were best there, at the median

    @cached_property
    def best(self) -> Entry:
        """The best without a network, over validation and test together."""
        return min(self.entries, key=lambda entry: math.hypot(*entry.errors))

    @cached_property
    def seed_errors(self) -> np.ndarray:
        """RMSE of each network in the test."""
        return np.array([self.trial.error(1, said) for said in self.network.by_seed])

    @cached_property
    def worth(self) -> bool:
        """In both halves of the test each network errs less than all else, and 3 % in the whole.

        In validation it must not have been worse by more than 5 %.
        """
        best = min(entry.errors[1] for entry in self.entries)
        clear = self.network.errors[0] < 1.05 * self.base.errors[0]
        clear = clear and bool(np.median(self.seed_errors) < 0.97 * best)
        return clear and all(
            max(self.trial.error(1, said[these], these) for said in self.network.by_seed)
            < min(self.trial.error(1, entry.said[1][these], these) for entry in self.entries)
            for these in halves(len(self.trial.origins[1]))
        )

    @property
    def winner(self) -> Entry:
        return self.network if self.worth else self.best

    @cached_property
    def verdict(self) -> str:
        """In a sentence or two, ≈ before what depends on the processor.

        The network is compared with what is best in the test itself: in hindsight, which makes it
        hard for the network.
        """
        rival, middle = min(self.entries, key=lambda e: e.errors[1]), np.median(self.seed_errors)
        name, less = f'"{rival.name}"', 1 - middle / rival.errors[1]
        if self.worth:
            text = (
                f"Worth a network: in both halves of the test each of {len(self.seed_errors)} "
                f"LSTMs errs less than all else; ≈{100 * less:.0f} % less than {name}, the best of "
                "it."
            )
        elif self.stop == 0:
            text = f'an LSTM that learns what "{self.base.name}" misses makes it no better.'
        elif less > 0.03:
            behind = self.network.errors[0] > 1.05 * self.base.errors[0]
            but = "in validation it was behind" if behind else "not in every run and both halves"
            text = f"Undecided: the LSTM errs ≈{100 * less:.0f} % less than {name}, but {but}."
        else:
            more = 1 - rival.errors[1] / middle
            errs = f"errs ≈{100 * more:.0f} % less" if more > 0.03 else "is as good"
            times = self.network.seconds / max(rival.seconds, 1e-6)
            free = rival.seconds < 1e-3
            cost = "costs nothing" if free else f"is fitted ≈{times:.0f} times faster"
            text = f"{name} {errs}, and {cost}."
        if not text[0].isupper():
            text = f"Not worth a network here: {text}"
        if rival is not self.best and not self.worth:
            text += f' The forecast is by "{self.best.name}", best over validation and test.'
        if self.stretches(1) < 5:
            text += f" With {self.stretches(1)} forecasts side by side, that is little evidence."
        return text

    def misses(self, part: int) -> np.ndarray:
        """Truth less the winner's forecast, on the working scale; NaN where the file has a gap."""
        truth = SCALES[self.trial.plan.scale][0](self.trial.truths[part])
        return truth - self.winner.said[part]

    @cached_property
    def coverage(self) -> dict[int, float]:
        """Of the test's values, the share within the winner's bands, which validation has made."""
        missed, found = self.misses(1), {}
        for level, (low, high) in bands_from(self.misses(0), self.stretches(0)).items():
            found[level] = float(((low <= missed) & (missed <= high))[~np.isnan(missed)].mean())
        return found

    def stretches(self, *parts: int) -> int:
        """How many forecasts that do not overlap the parts hold."""
        ends = (*self.trial.starts, len(self.trial.values))
        return sum((ends[part + 1] - ends[part]) // self.trial.plan.steps for part in parts)


def compete(series: Series, steps: int | None = None, seeds=range(5)) -> Judgement:
    """The contest of the methods without a network and of an LSTM a seed. Raises Unusable."""
    return with_network(*without_network(series, steps), seeds)


# ==== Bands, and the future


def bands_from(misses: np.ndarray, stretches: int) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """What to add to a forecast, (steps,) below and above, for each of LEVELS.

    `misses` (origins, steps), truth less forecast, from origins after all training. Divided by
    their size at each step ahead they are pooled, and their quantiles taken; these are widened as
    Student's t is against the normal, for errors of neighbouring origins are nearly the same, and
    only `stretches` of them stand for themselves.
    """
    known = ~np.isnan(misses)
    squares = np.where(known, misses, 0.0) ** 2
    size = np.sqrt(squares.sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    size = np.where(size > 0, size, size.max() or 1e-12)  # a step at which nothing is known
    pooled = (misses / size)[known]
    bands = {}
    for level in LEVELS:
        outside = (1 - level / 100) / 2
        low, high = np.quantile(pooled, [outside, 1 - outside], method="weibull")
        wider = size * widening(1 - outside, max(stretches, 1))
        bands[level] = (wider * min(low, 0.0), wider * max(high, 0.0))
    return bands


def widening(quantile: float, freedom: int) -> float:
    """Student's t over the normal at a quantile, by the series of Fisher and Cornish (1960)."""
    z = NormalDist().inv_cdf(quantile)
    return 1 + (z**2 + 1) / (4 * freedom) + (5 * z**4 + 16 * z**2 + 3) / (96 * freedom**2)


@dataclass(frozen=True)
class Future:
    """The forecast past the last value, in the file's units, all (steps,)."""

    dates: np.ndarray
    values: np.ndarray
    bands: dict[int, tuple[np.ndarray, np.ndarray]]  # low and high, for each of LEVELS

    def rows(self) -> list[list]:
        """A header, then a row for each step, in no more digits than the band has sense for."""
        header = ["date", "forecast", *(f"{end} {level} %" for level in LEVELS for end in ENDS)]
        low, high = self.bands[LEVELS[-1]]
        digits = 3 - math.floor(math.log10(np.mean(high - low) or 1))  # a thousandth of the band
        numbers = [self.values, *itertools.chain(*self.bands.values())]
        columns = [self.dates.astype(str), *(np.round(column, digits) for column in numbers)]
        return [header, *(list(row) for row in zip(*columns, strict=True))]

    def save(self, path: str | Path) -> None:
        """Write a new CSV file, or write over a forecast saved before; never over another file."""
        path = Path(path)
        header = ",".join(self.rows()[0])
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(
            header
        ):
            raise Unusable(f"{path.name} is there and no forecast of ours; allowed: another name")
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.rows())
        path.write_text(text.getvalue(), encoding="utf-8")


ENDS = ("low", "high")


def forecast(judgement: Judgement) -> Future:
    """The winner, fitted on every value, past the last one; the bands by all its errors so far."""
    trial = judgement.trial
    method = judgement.winner.build(trial.scaled)
    said = method(trial.scaled, np.array([len(trial.values)]), trial.plan.steps)[0]
    misses = np.concatenate([judgement.misses(0), judgement.misses(1)])
    bands = {
        level: tuple(trial.in_units(said + end) for end in ends)
        for level, ends in bands_from(misses, judgement.stretches(0, 1)).items()
    }
    return Future(trial.series.dates_after(trial.plan.steps), trial.in_units(said), bands)
