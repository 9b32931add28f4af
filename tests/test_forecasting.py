"""The contest of lesson 12: nothing sees the future, the methods are exact where they can be, and
the verdict is right on series of which it is known."""

from __future__ import annotations

import hashlib
import re
import warnings

import numpy as np
import pytest
import torch

import forecasting
from forecasting import (
    SCALES,
    Future,
    Judgement,
    ahead,
    bands_from,
    calendar_periods,
    compete,
    fill_forward,
    fit_differenced,
    fit_linear_map,
    forecast,
    has_trend,
    last_value,
    make_plan,
    mean_so_far,
    naive_methods,
    origins_between,
    period_before,
    suggest_period,
    widening,
    with_drift,
    without_network,
)
from reading import DATA, Series, Unusable, read_series

DICE = np.random.default_rng(0)
T = np.arange(240.0)
NOISE = DICE.standard_normal(240)
WAVE = np.sin(2 * np.pi * T / 12) + 0.2 * NOISE


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def short(monkeypatch) -> None:
    """Networks that have learned a little, whether or not that made them better."""
    monkeypatch.setattr(forecasting, "LOOKS", (25,))


def series_of(values, step: str = "row") -> Series:
    return Series("x", np.asarray(values, float), np.arange(1, len(values) + 1), step, ())


# ==== The files in notebooks/data


def test_the_data_are_what_their_source_says() -> None:
    said = dict(re.findall(r"`(\S+\.csv)`.*`([0-9a-f]{64})`", (DATA / "SOURCE.md").read_text()))
    found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in DATA.glob("*.csv")}
    assert found == said and len(found) == 2


# ==== A look


@pytest.mark.parametrize(
    ("values", "step", "period", "trend"),
    [
        (WAVE, "row", 12, False),
        (WAVE + 0.05 * T, "month", 12, True),
        (np.sin(2 * np.pi * T / 7) + 0.5 * NOISE, "day", 7, False),
        (NOISE, "month", 1, False),
        (np.tile(NOISE[:17], 14) + 0.5 * NOISE[:238], "row", 17, False),
        (np.sin(2 * np.pi * T / 48), "30 minutes", 48, False),
        (np.cumsum(NOISE), "row", 1, True),
        (0.1 * T, "row", 1, True),
        (np.exp(0.02 * T) * (3 + np.sin(2 * np.pi * T / 12)), "month", 12, True),
    ],
)
def test_look(values, step: str, period: int, trend: bool) -> None:
    assert (suggest_period(values, step), has_trend(values)) == (period, trend)


def test_periods_are_seldom_found_in_noise() -> None:
    for number in (40, 100, 200):
        noises = DICE.standard_normal((50, number))
        found = sum(suggest_period(noise, "month") > 1 for noise in noises)
        assert found <= 8, (number, found)


@pytest.mark.parametrize(
    ("step", "periods"),
    [
        ("hour", (24, 168, 8766)),
        ("30 minutes", (48, 336, 17532)),
        ("day", (7, 365)),
        ("working day", (5, 261)),
        ("week", (52,)),
        ("month", (12,)),
        ("quarter", (4,)),
        ("3 days", (122,)),
        ("year", ()),
        ("row", ()),
    ],
)
def test_calendar(step: str, periods: tuple) -> None:
    assert calendar_periods(step) == periods


def test_a_second_period_is_tried() -> None:
    """Hours with a day and a week: what was a week before is exact."""
    hours = np.arange(2000)
    values = np.sin(2 * np.pi * hours / 24) * (1 + (hours // 24 % 7 < 5))
    trial, entries = without_network(series_of(values, "hour"))
    assert (trial.plan.period, trial.plan.longer) == (24, (168,))
    by_name = {entry.name: entry.errors[1] for entry in entries}
    assert by_name["168 steps before"] < 1e-9 < by_name["one period before"]


def test_gaps_take_the_last_value() -> None:
    filled = fill_forward(np.array([1.0, np.nan, np.nan, 4.0, np.nan]))
    assert filled.tolist() == [1, 1, 1, 4, 4]


def test_plan_refuses_what_it_cannot_do() -> None:
    for steps in (0, 21, 1.5, "3", True):
        with pytest.raises(Unusable, match=r"steps is .*allowed: a whole number from 1 to 20"):
            make_plan(WAVE, steps=steps)
    with pytest.raises(Unusable, match="the first 144 values are all 0"):
        make_plan(np.where(T > 200, WAVE, 0.0))
    assert make_plan(WAVE).steps == 12 and make_plan(WAVE, steps=np.int64(5)).steps == 5
    assert make_plan(NOISE[:60]).steps == 5  # a twelfth


def test_rolling_origins() -> None:
    assert origins_between(4, 8, 3).tolist() == [4, 5]
    assert origins_between(0, 1000, 10, most=3).tolist() == [0, 495, 990]
    assert ahead(np.arange(8), np.array([4, 5]), 3).tolist() == [[4, 5, 6], [5, 6, 7]]


# ==== Methods: exact where they can be


@pytest.mark.parametrize(
    ("name", "method", "values"),
    [
        ("last value", last_value, np.full(240, 3.0)),
        ("mean", mean_so_far, np.full(240, 3.0)),
        ("season", period_before(12), np.sin(2 * np.pi * T / 12)),
        ("drift", with_drift(last_value, 2 * T[:50]), 2 * T),
        ("season, drift", with_drift(period_before(12), (T + T % 12)[:60], 12), T + T % 12),
        ("AR", fit_differenced(np.sin(T)[:100], 2), np.sin(T)),
        ("AR of changes", fit_differenced((T + np.sin(T))[:100], 4, (1,)), T + np.sin(T)),
        ("of a season", fit_differenced((T**2 + T % 12)[:99], 2, (12, 1)), T**2 + T % 12),
        ("map", fit_linear_map(np.sin(T)[:100], 4, 1e-12, 30), np.sin(T)),
    ],
)
def test_method_is_exact(name: str, method, values) -> None:
    origins = np.array([120, 150, 200])
    said = method(values, origins, 30)
    np.testing.assert_allclose(said, ahead(values, origins, 30), atol=2e-4, err_msg=name)


def test_simple_methods_read_what_is_before_the_origin() -> None:
    values = np.where(T < 100, T, np.nan)  # what comes after is not there
    assert mean_so_far(values, np.array([4, 100]), 2).tolist() == [[1.5] * 2, [49.5] * 2]
    assert period_before(3)(values, np.array([100]), 5).tolist() == [[97, 98, 99, 97, 98]]


@pytest.mark.parametrize("scale", SCALES)
def test_scale_and_back(scale: str) -> None:
    there, back = SCALES[scale]
    values = np.array([0.5, 1.0, 7.0, 1e6])
    np.testing.assert_allclose(back(there(values)), values, rtol=1e-12)


# ==== Nothing sees the future


def changes_before(values: np.ndarray, origin: int, **kwargs) -> list[str]:
    """The methods whose forecasts from origins up to `origin` change with the values after it."""
    spoilt = values.copy()
    spoilt[origin:] = 500 - 80 * values[origin:]
    one, other = (compete(series_of(v), 4, seeds=range(2), **kwargs) for v in (values, spoilt))
    early = one.trial.origins[1] <= origin
    assert early.any() and not early.all()
    entries = zip([*one.entries, one.network], [*other.entries, other.network], strict=True)
    return [
        a.name
        for a, b in entries
        if a.name != b.name or not np.array_equal(a.said[1][early], b.said[1][early])
    ]


def gappy(values: np.ndarray) -> np.ndarray:
    with_gaps = values.copy()
    with_gaps[[50, 51, 109, 110, 111, 115]] = np.nan
    return with_gaps


@pytest.mark.slow
@pytest.mark.parametrize("values", [WAVE[:120] + 3, np.exp(0.03 * T[:120] + 0.1 * NOISE[:120])])
def test_no_forecast_changes_with_what_comes_after(values, short) -> None:
    assert changes_before(values, 110) == []
    assert changes_before(gappy(values), 110) == []


def straight(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    return np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])


@pytest.mark.slow
def test_a_leak_is_found(monkeypatch, short) -> None:
    """Gaps filled from both sides, a mean of all values, a network that reads the next value."""
    features = forecasting._features
    leaks = {
        "fill_forward": (straight, "the last value"),
        "mean_so_far": (lambda v, o, n: np.full((len(o), n), v.mean()), "the mean so far"),
        "_features": (lambda v, lags: np.roll(features(v, lags), -1, axis=0), "LSTM"),
    }
    for name, (leaky, caught) in leaks.items():
        with monkeypatch.context() as patch:
            patch.setattr(forecasting, name, leaky)
            values = gappy(WAVE[:120]) if name == "fill_forward" else WAVE[:120]
            assert caught in changes_before(values, 110), name


# ==== Bands


def test_widening_is_students_t() -> None:
    """Against tables of t: 2.262 at 97.5 % with 9 degrees of freedom, 1.372 at 90 % with 10."""
    assert widening(0.975, 9) * 1.95996 == pytest.approx(2.262, abs=0.004)
    assert widening(0.9, 10) * 1.28155 == pytest.approx(1.372, abs=0.002)


def test_bands_hold_what_they_say() -> None:
    dice, held = np.random.default_rng(3), {80: [], 95: []}
    for _ in range(300):
        misses = np.array([1.0, 2.0, 4.0]) * dice.standard_normal((41, 3))
        for level, (low, high) in bands_from(misses[:40], 40).items():
            held[level].append((low <= misses[40]) & (misses[40] <= high))
            assert (low < 0).all() and (high[1:] > high[:-1]).all()
    assert np.mean(held[80]) == pytest.approx(0.8, abs=0.03)
    assert np.mean(held[95]) == pytest.approx(0.95, abs=0.02)


def test_gaps_are_not_judged() -> None:
    misses = np.array([[1.0, np.nan], [-1.0, 2.0], [0.5, -2.0]])
    assert all(np.isfinite(end).all() for band in bands_from(misses, 3).values() for end in band)


# ==== The verdict


def henon(number: int) -> np.ndarray:
    x = [0.1, 0.1]
    for _ in range(number + 50):
        x.append(1 - 1.4 * x[-1] ** 2 + 0.3 * x[-2])
    return np.array(x[-number:])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "steps", "worth"),
    [(henon(600), 1, True), (NOISE, 4, False), (WAVE, 6, False), (np.cumsum(NOISE), 3, False)],
)
def test_verdict(values, steps: int, worth: bool) -> None:
    """A bent rule that no linear method can follow, noise, a wave, a random walk."""
    judgement = compete(series_of(values), steps)
    assert judgement.worth is worth, judgement.verdict
    assert judgement.verdict.startswith("Worth" if worth else "Not worth")
    assert judgement.winner.name == ("LSTM" if worth else judgement.best.name)


@pytest.fixture(scope="module")
def sunspots() -> Judgement:
    return compete(read_series(DATA / "sunspots.csv"))


@pytest.mark.slow
def test_sunspots_need_no_network(sunspots) -> None:
    """What lesson 12 says of them, as stored."""
    assert not sunspots.worth
    by_name = {entry.name: entry.errors[1] for entry in sunspots.entries}
    assert max(by_name["AR(9)"], by_name["direct linear map"]) < by_name["one period before"]


@pytest.mark.slow
def test_future(sunspots, tmp_path) -> None:
    future = forecast(sunspots)
    years = [str(year) for year in range(2009, 2020)]
    assert future.dates.astype(str).tolist() == years
    (low80, high80), (low95, high95) = future.bands[80], future.bands[95]
    assert (low95 >= 0).all() and (low95 <= low80).all() and (high80 <= high95).all()
    assert ((low80 <= future.values) & (future.values <= high80)).all()
    path = tmp_path / "a.csv"
    future.save(path)
    future.save(path)  # its own file again
    back = np.genfromtxt(path, delimiter=",", skip_header=1)
    np.testing.assert_allclose(back[:, 1], future.values, atol=1e-3 * (high95 - low95).mean())
    path.write_text("mine,1\n")
    with pytest.raises(Unusable, match=r"a\.csv is there"):
        future.save(path)
    assert path.read_text() == "mine,1\n"


def test_what_is_fitted_for_validation_has_not_seen_it() -> None:
    trial = forecasting.make_trial(series_of(WAVE), 4)
    for part, first in enumerate((trial.plan.validation, trial.plan.test)):
        assert trial.values_before(part).tolist() == WAVE[:first].tolist()
        assert trial.origins[part].min() == first


def test_each_network_has_batches_of_its_own() -> None:
    pairs = torch.randn(60, 1), torch.randn(60, 4)
    outputs = []
    for seed in (1, 2):
        (model,) = forecasting.models_of([0], hidden_size=2, output_size=4)
        forecasting.teach(model, pairs, 8, seed, 5)
        outputs.append(model.linear.weight.detach())
    assert not torch.equal(*outputs)


def test_a_forecast_is_written_over_itself_and_over_no_other_file(tmp_path) -> None:
    ends, path = (np.zeros(2), np.ones(2)), tmp_path / "a.csv"
    future = Future(np.array([1, 2]), np.ones(2), {80: ends, 95: ends})
    for _ in range(2):
        future.save(path)
        assert len(path.read_text().splitlines()) == 3
    path.write_text("mine,1\n")
    with pytest.raises(Unusable, match=r"a\.csv is there"):
        future.save(path)
    assert path.read_text() == "mine,1\n"


def test_future_has_as_many_rows_as_steps() -> None:
    ends = (np.zeros(2), np.ones(2))
    future = Future(
        np.array(["2020-01", "2020-02"], "datetime64[M]"), np.ones(2), {80: ends, 95: ends}
    )
    assert [len(row) for row in future.rows()] == [6, 6, 6]


# ==== Odd series: a verdict, never a fault of ours


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [
        1e90 * WAVE,
        1e-90 * WAVE,
        np.round(WAVE),
        np.where(T % 40 < 30, 5.0, WAVE),
        np.where(T < 150, WAVE, 2.0),
        np.exp(np.minimum(T, 200)),
        gappy(np.concatenate([WAVE, WAVE])),
        WAVE[:60],
        -np.abs(WAVE) - 5,
        np.where(T == 100, 1e6, WAVE),
        np.where((T > 144) & (T < 170), np.nan, WAVE),  # half of validation is a gap
        np.where((T > 150) & (T % 2 == 0), np.nan, WAVE),
    ],
)
def test_odd_series(values, short) -> None:
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        trial, entries = without_network(series_of(values))
        judgement = compete(trial.series, seeds=range(1))
        future = forecast(judgement)
    assert all(entry.errors[0] >= 0 for entry in entries)
    assert len(entries) == len(naive_methods(trial.scaled[:30], trial.plan)) + 3
    assert np.isfinite(future.values).all()
    assert 0 <= judgement.coverage[80] <= judgement.coverage[95] <= 1
