"""Every public helper against a reference in float64: right, or a ValueError of the house.

What hypothesis hands over are arrays of any number type and a few shapes, as lists, DataFrames or
tensors too, with NaN, huge and tiny values now and then, and counts that are plain, NumPy's or no
counts at all.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import helpers as h

torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore:.*non-writable:UserWarning")
quick = settings(max_examples=200, deadline=None, derandomize=True, database=None)

DTYPES = ("f8", "f4", "f2", "i8", "i2", "u1", ">f8")
HUGE = (math.nan, math.inf, 1e39, 1e200, 1e-320)


def usually(good, bad, times: int = 7):
    """A strategy that gives a good value so many times as often as a bad one."""
    return st.integers(0, times).flatmap(lambda k: good if k else bad)


@st.composite
def arrays(draw, shapes) -> object:
    shape = draw(shapes)
    rng = np.random.default_rng(draw(st.integers(0, 50)))
    array = 50 + 40 * rng.standard_normal(shape)
    if draw(st.integers(0, 9)) == 0 and array.size:
        array.flat[rng.integers(array.size)] = draw(st.sampled_from(HUGE))
    if draw(st.integers(0, 9)) == 0:
        array = np.full(shape, 0.1)
    with np.errstate(all="ignore"):
        array = array.astype(draw(st.sampled_from(DTYPES)))
    kinds = ("array",) * 4 + ("list", "list", "frame", "frame", "tensor", "tensor", "masked")
    kind = draw(st.sampled_from(kinds))
    if kind == "list":
        return array.tolist()
    if kind == "frame" and array.ndim in (1, 2):
        return pd.DataFrame(array) if array.ndim == 2 else pd.Series(array)
    if kind == "tensor":
        return torch.tensor(array.astype(array.dtype.newbyteorder("=")))
    return np.ma.masked_greater(array, 90) if kind == "masked" else array


def shapes(*ndims: int):
    def of(least: int):
        return st.sampled_from(ndims).flatmap(
            lambda n: st.tuples(*[st.integers(least, (12, 2, 2)[k]) for k in range(n)])
        )

    return usually(of(1), of(0))


SERIES = arrays(shapes(1, 2, 2, 2, 2))
WINDOWS = arrays(
    usually(
        st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 2)),
        st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 2)),
    )
)
COUNTS = usually(
    st.one_of(st.integers(1, 4), st.integers(1, 4).map(np.int64), st.just(np.uint8(2))),
    st.sampled_from([0, -1, 1.5, 2.0, True, None, "2", math.nan]),
)
# Pairs of windows: usually the last steps of the inputs, which may be of another shape as well.
PAIRS = usually(
    st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 2)).flatmap(
        lambda s: st.tuples(arrays(st.just(s)), arrays(st.just((s[0], 1 + s[1] // 3, s[2]))))
    ),
    st.tuples(WINDOWS, WINDOWS),
    times=4,
)


def exact(value) -> np.ndarray:
    """The reference's reading of what was handed over."""
    value = value.numpy() if isinstance(value, torch.Tensor) else value
    return np.asarray(value, dtype=np.float64)


def in_house(call):
    """The result, or None for a ValueError in the style of the house. Anything else fails."""
    try:
        with np.errstate(all="ignore"):
            return call()
    except ValueError as error:
        assert "; allowed: " in str(error), error
        return None


@given(SERIES, COUNTS)
@quick
def test_create_sequences(series, window) -> None:
    if (pairs := in_house(lambda: h.create_sequences(series, window))) is None:
        return
    values = exact(series)
    for k, (inputs, target) in enumerate(zip(*pairs, strict=True)):
        np.testing.assert_array_equal(inputs, values[k : k + window])
        np.testing.assert_array_equal(target, values[k + window : k + window + 1])
    assert len(pairs[0]) == len(values) - window
    torch.tensor(pairs[0]), torch.tensor(pairs[1])


@given(
    SERIES,
    usually(
        st.sampled_from([0.1, 0.3, np.float32(0.25)]), st.sampled_from([0, -1, None, math.nan, 0.9])
    ),
)
@quick
def test_split_in_time(series, share) -> None:
    if (parts := in_house(lambda: h.split_in_time(series, share, share))) is not None:
        np.testing.assert_array_equal(np.concatenate(parts), exact(series))
        assert all(map(len, parts))


@given(SERIES)
@quick
def test_scaler(series) -> None:
    if (scaler := in_house(lambda: h.fit_scaler(series))) is None:
        return
    values = exact(series)
    scaled = np.asarray(scaler.scale(values))
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-6)
    np.testing.assert_allclose(scaler.unscale(scaled), values, 1e-9, 1e-9 * abs(values).max())


@given(WINDOWS, COUNTS)
@quick
def test_persistence(context, steps) -> None:
    if (forecast := in_house(lambda: h.persistence(context, steps))) is not None:
        assert forecast.shape[1] == steps
        for k in range(steps):
            np.testing.assert_array_equal(forecast[:, k], exact(context)[:, -1])


@given(SERIES, COUNTS, COUNTS)
@quick
def test_rmse_by_horizon(series, window, steps) -> None:
    errors = in_house(lambda: h.rmse_by_horizon(h.persistence, series, window, steps))
    if errors is None:
        return
    values, window, steps = exact(series), int(window), int(steps)
    last = len(values) - window - steps + 1
    for k in range(steps):
        squares = [(values[i + window + k] - values[i + window - 1]) ** 2 for i in range(last)]
        np.testing.assert_allclose(errors[k], np.sqrt(np.mean(squares)), rtol=1e-12)


@given(SERIES, SERIES)
@quick
def test_rmse(forecast, truth) -> None:
    if (error := in_house(lambda: h.rmse(forecast, truth))) is not None:
        assert exact(forecast).shape == exact(truth).shape
        with np.errstate(all="ignore"):
            wanted = math.sqrt(np.mean((exact(forecast) - exact(truth)) ** 2))
        assert error == pytest.approx(wanted, rel=1e-12, nan_ok=True)


@given(SERIES, WINDOWS, COUNTS, COUNTS)
@quick
def test_autoregression(series, context, order, steps) -> None:
    if (weights := in_house(lambda: h.fit_ar(series, order))) is None:
        return
    order, values = int(order), exact(series)[:, 0]
    rows = [[*values[i : i + order], 1.0] for i in range(len(values) - order)]
    wanted = np.linalg.lstsq(np.array(rows), values[order:], rcond=None)[0]
    np.testing.assert_allclose(weights, wanted, rtol=1e-6, atol=1e-9)
    if (forecast := in_house(lambda: h.ar_forecast(weights, context, steps))) is not None:
        for row, window in zip(forecast, exact(context), strict=True):
            past = list(window[:, 0])
            for _ in range(int(steps)):
                past.append(float(np.dot(past[-order:], weights[:-1]) + weights[-1]))
            np.testing.assert_allclose(row[:, 0], past[-int(steps) :], rtol=1e-9, atol=1e-9)


PERIODS = usually(
    st.one_of(
        st.floats(0.5, 90),
        st.lists(st.floats(0.5, 90), min_size=1, max_size=3),
        st.sampled_from([np.float32(7), np.arange(4, 6)]),
    ),
    st.sampled_from([0, -3, math.nan, 1e-320, 2j, "5", None, [[5]], []]),
)
NOISE = usually(st.sampled_from([0, 0.5]), st.sampled_from([-1, math.nan, None]))


@given(COUNTS, PERIODS, NOISE, usually(st.just(True), st.just(False)))
@quick
def test_make_wave(number, periods, noise, drawn) -> None:
    generator = np.random.default_rng(1) if drawn else None
    if (wave := in_house(lambda: h.make_wave(number, periods, noise, generator))) is None:
        return
    clean = sum(np.sin(2 * np.pi * np.arange(number) / p) for p in np.atleast_1d(periods))
    draws = np.random.default_rng(1).standard_normal(number) if noise else 0
    np.testing.assert_allclose(wave[:, 0], clean + noise * draws, atol=1e-9)


MODELS = usually(
    st.sampled_from([("LSTM", 1, 1), ("LSTM", 1, 1), ("GRU", 2, 2)]),
    st.sampled_from([("RNN", 1, 2), ("LSTM", 2, 1)]),
)


@given(MODELS, WINDOWS, COUNTS, st.booleans())
@quick
def test_closed_loop(sizes, context, steps, double) -> None:
    cell, inputs, outputs = sizes
    torch.manual_seed(0)
    model = h.Forecaster(cell, inputs, hidden_size=3, output_size=outputs)
    model = model.double() if double else model
    if (forecast := in_house(lambda: h.closed_loop(model, context, steps))) is None:
        return
    values = torch.tensor(exact(context))
    reference = model.double()
    with torch.no_grad():
        for _ in range(steps):
            values = torch.cat([values, reference(values)[:, -1:]], dim=1)
    wanted = values[:, -int(steps) :]
    np.testing.assert_allclose(forecast, wanted, atol=1e-9 if double else 1e-4)


@given(MODELS, PAIRS, usually(st.just(True), st.just(False)))
@quick
def test_evaluate_and_train(sizes, pairs, tensors) -> None:
    (cell, features, outputs), (inputs, targets) = sizes, pairs
    torch.manual_seed(0)
    model = h.Forecaster(cell, features, hidden_size=3, output_size=outputs).double()
    if tensors:
        inputs, targets = (torch.tensor(exact(part)) for part in (inputs, targets))
    loss = in_house(lambda: h.evaluate(model, nn.MSELoss(), inputs, targets))
    if loss is not None:
        with torch.no_grad():
            outputs = model(inputs)[:, -targets.shape[1] :]
        assert outputs.shape == targets.shape
        assert loss == pytest.approx(float(np.mean((outputs - targets).numpy() ** 2)), rel=1e-9)
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    steps = in_house(lambda: list(h.train(model, nn.MSELoss(), optimizer, [(inputs, targets)])))
    if steps is None:  # refused before anything has changed
        assert all(map(torch.equal, before, model.parameters()))
    elif loss is not None:
        assert steps[0][0] == pytest.approx(loss, rel=1e-9)


@given(MODELS, SERIES, COUNTS, COUNTS)
@settings(quick, max_examples=150)
def test_fit(sizes, series, steps, seed) -> None:
    cell, features, outputs = sizes
    torch.manual_seed(0)
    model = h.Forecaster(cell, features, hidden_size=2, output_size=outputs)
    chosen = {"window": 4, "warmup": 1, "batch_size": 2}
    losses = in_house(lambda: h.fit(model, series, steps=steps, seed=seed, **chosen))
    if losses is not None:
        assert features == outputs == exact(series).shape[1]
        assert len(losses) == steps
        assert all(map(math.isfinite, losses))


SIZES = {"hidden_size": COUNTS, "num_layers": COUNTS, "input_size": COUNTS, "output_size": COUNTS}
CELLS = usually(st.sampled_from(["LSTM", "GRU"]), st.sampled_from(["ltsm", ["RNN"], 3]))
DROPOUT = usually(st.sampled_from([0, 0.5]), st.sampled_from([1.0, None, -1]))


@given(st.fixed_dictionaries({}, optional={**SIZES, "cell": CELLS, "dropout": DROPOUT}))
@quick
def test_forecaster(chosen) -> None:
    if (model := in_house(lambda: h.Forecaster(**chosen))) is not None:
        for name, value in chosen.items():
            if name not in ("cell", "output_size"):
                assert getattr(model.rnn, name) == value
        x = torch.zeros(2, 3, model.rnn.input_size)
        assert model(x).shape == (2, 3, chosen.get("output_size", 1))


@given(PAIRS, COUNTS, COUNTS, usually(st.just(True), st.just(False)))
@quick
def test_random_batches(pairs, size, steps, tensors) -> None:
    inputs, targets = (torch.tensor(exact(p)) for p in pairs) if tensors else pairs

    def batches():
        return list(h.random_batches(inputs, targets, size, steps, torch.Generator()))

    if (drawn := in_house(batches)) is not None:
        assert len(drawn) == steps
        for x, y in drawn:
            known = [
                torch.cat([a.flatten(), b.flatten()]) for a, b in zip(inputs, targets, strict=True)
            ]
            for a, b in zip(x, y, strict=True):
                pair = torch.cat([a.flatten(), b.flatten()])
                assert any(torch.equal(pair, one) for one in known)
            assert len(x) == size


@given(st.sampled_from([nn.LSTM(1, 2), nn.GRU(1, 2), None]), COUNTS)
@quick
def test_set_forget_bias(lstm, bias) -> None:
    if in_house(lambda: h.set_forget_bias(lstm, bias) or True):
        assert (lstm.bias_ih_l0 + lstm.bias_hh_l0)[2:4].tolist() == [bias, bias]
