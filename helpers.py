"""The code that the lessons share, in their order: data, network, training, evaluation.

What a lesson teaches is written out there first, then imported from here; a test compares both.
It needs NumPy and PyTorch alone, so a program of your own may take it along.

Shapes: a series is ``(time, features)``, windows are ``(batch, seq_len, features)``, a forecast is
``(batch, steps, features)``. A series or context may be anything that NumPy reads: a list, a
DataFrame, a tensor. Every function raises ValueError for an argument that it cannot use.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, wraps

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

CELLS = ("RNN", "GRU", "LSTM")
Pair = tuple[Tensor, Tensor]  # inputs (batch, seq_len, features), targets (batch, k, features)

# ==== Argument checks: each message names the argument, what came, and what is allowed

LARGEST = 1e100  # of a series' values: their squares, and the sums of these, stay finite


def _check(ok: bool, name: str, value, allowed: str) -> None:
    if not ok:
        raise ValueError(f"{name} is {value!r}; allowed: {allowed}")


def _number(name: str, value, least: float = 1, kind: str = "a whole number"):
    """A plain number of Python's: PyTorch refuses some of NumPy's."""
    kinds = (int, np.integer) if "whole" in kind else (int, float, np.integer, np.floating)
    ok = isinstance(value, kinds) and not isinstance(value, bool) and value >= least
    ok = ok and (value < math.inf or "infinity" in kind)
    _check(ok, name, value, f"{kind}, at least {least}")
    return int(value) if "whole" in kind else float(value)


def _array(name: str, value, shape: str, ndims: tuple, dtype=None) -> np.ndarray:
    """An array without masked values, NaN or infinities, as NumPy and PyTorch both take it."""
    _check(not np.ma.is_masked(value), name, "masked", "no masked values")
    try:
        array = np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} is no array ({error}); allowed: {shape}, numbers") from error
    ok = array.ndim in ndims and array.size > 0
    _check(ok, f"the shape of {name}", array.shape, f"{shape}, not empty")
    _check(array.dtype.kind in "iuf", f"the dtype of {name}", str(array.dtype), "real numbers")
    wrong = int((~np.isfinite(array)).sum())
    _check(wrong == 0, f"the number of NaN or infinite values in {name}", wrong, "none")
    _check_size(name, array, LARGEST)
    # In native byte order, without negative strides, at most 64 bits: as PyTorch asks.
    dtype = dtype or (float if array.dtype.itemsize > 8 else array.dtype.newbyteorder("="))
    return np.ascontiguousarray(array, dtype=dtype)


def _check_size(name: str, array: np.ndarray, most: float) -> None:
    largest = max(float(array.max()), -float(array.min()))
    _check(largest <= most, f"the largest absolute value in {name}", largest, f"at most {most:.2g}")


LAST = "a tensor (batch, k, features)"
SIZES = ("input_size", "hidden_size", "num_layers", "output_size")
COUNT, FROM_0 = _number, partial(_number, least=0)
REAL = partial(_number, least=0, kind="a finite number")
ABOVE_0 = partial(REAL, least=1e-12)
CLIP = partial(ABOVE_0, kind="a number, infinity for none")
SERIES = partial(_array, shape="(time,) or (time, features)", ndims=(1, 2))
COLUMNS = partial(_array, shape="(time, features)", ndims=(2,), dtype=float)
PERIODS = partial(_array, shape="(periods,), or one number", ndims=(0, 1), dtype=float)
WEIGHTS = partial(_array, shape="(order + 1,)", ndims=(1,), dtype=float)
WINDOWS = partial(_array, shape="(batch, seq_len, features)", ndims=(3,))


def _checked(**kinds: Callable) -> Callable:
    """A decorator: the arguments of these names come as the kind says, or are refused."""

    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(function)

        @wraps(function)
        def call(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            for name, value in bound.arguments.items():
                bound.arguments[name] = kinds[name](name, value) if name in kinds else value
            return function(*bound.args, **bound.kwargs)

        return call

    return decorate


def _check_fits(name: str, length: int, series) -> None:
    _check(length < len(series), name, length, f"less than the series' length, {len(series)}")


# ==== 01 Data


@_checked(num_points=COUNT, points_per_period=PERIODS, noise=REAL)
def make_wave(
    num_points: int, points_per_period: float | Sequence[float], noise: float = 0.0, generator=None
) -> np.ndarray:
    """A sine wave of amplitude 1, as a series of shape (num_points, 1).

    `points_per_period` is the period in samples; several give the sum of their sines. `noise` is
    the standard deviation of normal noise, drawn from `generator`, which must then be given.
    """
    _check(np.min(points_per_period) >= 1e-6, "points_per_period", points_per_period, "over 1e-6")
    _check(noise == 0 or hasattr(generator, "bit_generator"), "generator", generator, "a Generator")
    t = np.arange(num_points)
    wave = sum(np.sin(2 * np.pi * t / period) for period in np.atleast_1d(points_per_period))
    if noise > 0:
        wave = wave + noise * generator.standard_normal(num_points)
    return wave[:, None]


@_checked(series=SERIES, window=COUNT)
def create_sequences(series: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Every window of a series, and the one value that follows it.

    A series (n,) or (n, features) gives inputs (n - window, window[, features]) and targets
    (n - window, 1[, features]).
    """
    _check_fits("window", window, series)
    inputs = np.stack([series[i : i + window] for i in range(len(series) - window)])
    return inputs, series[window:, None]


@_checked(truth=partial(_array, shape="at least (time,)", ndims=(1, 2, 3), dtype=float))
def rmse(forecast: np.ndarray, truth: np.ndarray) -> float:
    """Root mean squared error, in the units of the series, of a forecast in the truth's shape."""
    forecast = _check_forecast(forecast, truth.shape)
    return np.sqrt(np.mean((forecast - truth) ** 2))


def _check_forecast(value, shape: tuple[int, ...]) -> np.ndarray:
    given = value.detach().cpu() if isinstance(value, Tensor) else value
    _check(not np.ma.is_masked(given), "forecast", "masked", "no masked values")
    _check(np.shape(given) == shape, "the shape of forecast", np.shape(given), f"{shape}")
    return np.asarray(given, dtype=float)


@_checked(series=SERIES, validation=REAL, test=REAL)
def split_in_time(
    series: np.ndarray, validation: float = 0.15, test: float = 0.15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a series into a training, a validation and a test part, in this order in time.

    `validation` and `test` are shares. Split first and window afterwards: so no window leaks.
    """
    test_start = round(len(series) * (1 - test))
    validation_start = round(len(series) * (1 - test - validation))
    _check_parts(len(series), validation_start, test_start)
    return series[:validation_start], series[validation_start:test_start], series[test_start:]


def _check_parts(length: int, validation_start: int, test_start: int) -> None:
    parts = (validation_start, test_start - validation_start, length - test_start)
    _check(min(parts) > 0, "the length of training, validation and test", parts, "at least 1 each")


@dataclass(frozen=True)
class Scaler:
    """Standard scores, (value - mean) / std, by `fit_scaler`; several features have tuples of both.

    Arrays come back in float64, tensors in their own floating dtype, on their device. It may be
    stored by `torch.save` and loaded with ``weights_only=True``.
    """

    mean: float | tuple[float, ...]
    std: float | tuple[float, ...]

    def scale(self, values):
        return self._apply(values, lambda values, mean, std: (values - mean) / std)

    def unscale(self, values):
        return self._apply(values, lambda values, mean, std: values * std + mean)

    def _apply(self, values, formula: Callable):
        _check(not np.ma.is_masked(values), "values", "masked", "no masked values")
        shape, one = np.shape(values), np.ndim(self.mean) == 0
        _check(one or shape[-1:] == np.shape(self.mean), "values' shape", shape, "as in training")
        if not isinstance(values, Tensor):
            return formula(np.asarray(values, float), np.asarray(self.mean), np.asarray(self.std))
        mean, std = (values.new_tensor(x, dtype=torch.float64) for x in (self.mean, self.std))
        result = formula(values.double(), mean, std)
        return result.to(values.dtype) if values.is_floating_point() else result


torch.serialization.add_safe_globals([Scaler])


@_checked(train=SERIES)
def fit_scaler(train: np.ndarray) -> Scaler:
    """Mean and standard deviation of each feature of the training part, computed in float64.

    `train` is (time,) or (time, features). A feature that is constant up to rounding is refused.
    """
    rounding = np.finfo(train.dtype).eps if train.dtype.kind == "f" else 0.0
    columns = train.reshape(len(train), -1).T.astype(float)
    for number, column in enumerate(columns):
        name = "train" if len(columns) == 1 else f"feature {number} of train"
        moves = np.ptp(column) > 4 * rounding * np.abs(column).max() and column.std() > 0
        _check(moves, f"the spread of {name}", float(np.ptp(column)), "more than rounding makes")
    mean, std = (tuple(float(f(column)) for column in columns) for f in (np.mean, np.std))
    return Scaler(mean, std) if len(columns) > 1 else Scaler(*mean, *std)


# ==== 02 Inside


@_checked(bias=partial(REAL, least=-LARGEST))
def set_forget_bias(lstm: nn.LSTM, bias: float) -> None:
    """Start the forget gates of each layer at `bias`, as Jozefowicz and others, 2015, advise."""
    _check(isinstance(lstm, nn.LSTM), "lstm", type(lstm).__name__, "an nn.LSTM")
    n = lstm.hidden_size
    for k in range(lstm.num_layers):
        getattr(lstm, f"bias_ih_l{k}").data[n : 2 * n] = bias
        getattr(lstm, f"bias_hh_l{k}").data[n : 2 * n] = 0.0


# ==== 03 Model


class Forecaster(nn.Module):
    """One or more recurrent layers, then a linear layer: a prediction after every input.

    `forward` takes windows (batch, seq_len, input_size) and gives (batch, seq_len, output_size).
    """

    @_checked(dropout=REAL, **dict.fromkeys(SIZES, COUNT))
    def __init__(
        self, cell="LSTM", input_size=1, hidden_size=32, num_layers=1, dropout=0.0, output_size=1
    ) -> None:
        _check(cell in CELLS, "cell", cell, ", ".join(CELLS))
        _check(
            dropout == 0 or dropout < 1 < num_layers, "dropout", dropout, "0; below 1 in 2 layers"
        )
        super().__init__()
        layer = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}[cell]
        self.rnn = layer(input_size, hidden_size, num_layers, dropout=dropout, batch_first=True)
        self.linear = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        _check_input(x, self.rnn.input_size, self.linear.weight.dtype)
        output, _ = self.rnn(x)
        return self.linear(output)


def _check_input(x: Tensor, input_size: int, dtype: torch.dtype) -> None:
    shape = f"(batch, seq_len, {input_size}), none of them 0"
    _check(isinstance(x, Tensor), "x", type(x).__name__, f"a tensor {shape}")
    # A 2-D tensor would pass through nn.LSTM as one unbatched sequence, without a word.
    ok = x.ndim == 3 and x.shape[2] == input_size and 0 not in x.shape
    _check(ok, "the shape of x", tuple(x.shape), shape)
    _check(x.dtype == dtype, "the dtype of x", x.dtype, f"{dtype}, that of the weights")


# ==== 04 Training


@_checked(batch_size=COUNT, steps=COUNT)
def random_batches(
    inputs: Tensor, targets: Tensor, batch_size: int, steps: int, generator: torch.Generator
) -> Iterator[Pair]:
    """`steps` batches of `batch_size` windows drawn at random, with replacement."""
    _check_pairs(inputs, targets)
    for _ in range(steps):
        chosen = torch.randint(len(inputs), (batch_size,), generator=generator)
        yield inputs[chosen], targets[chosen]


def _check_pairs(inputs: Tensor, targets: Tensor) -> None:
    for name, value in (("inputs", inputs), ("targets", targets)):
        _check(isinstance(value, Tensor), name, type(value).__name__, "a tensor")
        if value.device.type != "meta":  # which has shapes, but no numbers
            WINDOWS(name, value)
    ok = len(inputs) == len(targets) and targets.shape[1] <= inputs.shape[1]
    allowed = f"{len(inputs)} windows as in inputs, each at most {inputs.shape[1]} long"
    _check(ok, "the shape of targets", tuple(targets.shape), allowed)


@_checked(clip=CLIP)
def train(
    model: nn.Module, loss_fn, optimizer: Optimizer, batches: Iterable[Pair], clip: float = math.inf
) -> Iterator[tuple[float, float]]:
    """One optimiser step a batch; yields (loss, gradient norm before clipping) after each.

    The k targets of a window, (batch, k, features), are compared with its last k outputs. Between
    two steps the caller may change the learning rate, step a schedule, evaluate or stop; a new
    generator over the same `batches` goes on where this one stopped, or was interrupted.
    """
    for inputs, targets in batches:
        _check(isinstance(targets, Tensor) and targets.ndim > 1, "targets", np.shape(targets), LAST)
        model.train()
        predictions = model(inputs)[:, -targets.shape[1] :]
        _check_same_shape(targets, predictions)
        loss = loss_fn(predictions, targets)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        yield loss.item(), norm.item()


def _check_same_shape(targets: Tensor, predictions: Tensor) -> None:
    if targets.shape != predictions.shape:  # the message costs more than the comparison
        allowed = f"{tuple(predictions.shape)}, that of the model's last outputs"
        _check(False, "the shape of targets", tuple(targets.shape), allowed)


def evaluate(model: nn.Module, loss_fn, inputs: Tensor, targets: Tensor) -> float:
    """The loss over all windows at once, on the model's device, with dropout off."""
    _check_pairs(inputs, targets)
    device = next(model.parameters()).device
    model.eval()
    with torch.no_grad():
        predictions = model(inputs.to(device))[:, -targets.shape[1] :]
        _check_same_shape(targets, predictions)
        return loss_fn(predictions, targets.to(device)).item()


@_checked(steps=COUNT, learning_rate=ABOVE_0)
def follow_recipe(
    model: nn.Module, batches: Iterable[Pair], steps: int, learning_rate: float = 0.03
) -> list[float]:
    """Train by the series' recipe on `batches`, of which there are `steps`; the loss at each step.

    Adam with a short memory, a one-cycle schedule up to `learning_rate` (Smith and Topin, 2017),
    gradients clipped at 1. Interrupted, the model keeps its weights; called again, this trains on
    from them with a new schedule.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    losses = []
    for loss, _ in train(model, nn.MSELoss(), optimizer, batches, clip=1.0):
        _check(math.isfinite(loss), f"the loss at step {len(losses) + 1}", loss, "a finite number")
        schedule.step()
        losses.append(loss)
    return losses


@_checked(series=COLUMNS, warmup=FROM_0, window=COUNT, steps=COUNT, seed=FROM_0)
def fit(
    model: Forecaster,
    series: np.ndarray,
    window: int = 100,
    steps: int = 400,
    batch_size: int = 16,
    learning_rate: float = 0.03,
    warmup: int = 5,
    seed: int = 0,
) -> list[float]:
    """Train on a scaled series (time, features) by `follow_recipe`; the loss at each step.

    The loss is on every output after `warmup` steps. `seed` is that of the batches. Works in the
    model's dtype and on its device.
    """
    _check(window > warmup, "window", window, f"a whole number, at least {warmup + 1}, for warmup")
    _check_model(model)
    _check_size("series", series, torch.finfo(model.linear.weight.dtype).max ** 0.5)
    pairs = create_sequences(series, window)
    inputs, targets = (torch.tensor(part).to(model.linear.weight) for part in pairs)
    targets = torch.cat([inputs[:, 1:], targets], dim=1)[:, warmup:]
    generator = torch.Generator().manual_seed(seed)
    batches = random_batches(inputs, targets, batch_size, steps, generator)
    return follow_recipe(model, batches, steps, learning_rate)


def _check_model(model) -> None:
    ok = isinstance(getattr(model, "rnn", None), nn.Module) and hasattr(model, "linear")
    _check(ok, "model", type(model).__name__, "a network with .rnn and .linear, as a Forecaster")


# ==== 06 Evaluation. A forecaster is a function: (context, steps) -> (batch, steps, features)


@_checked(context=WINDOWS, steps=COUNT)
def closed_loop(model: Forecaster, context: np.ndarray, steps: int) -> np.ndarray:
    """Read each context window, then forecast `steps` values, each fed back as the next input."""
    _check_can_loop(model, context)
    value = torch.tensor(context).to(model.linear.weight)
    state, forecast = None, []
    model.eval()
    with torch.no_grad():
        for _ in range(steps):
            output, state = model.rnn(value, state)
            value = model.linear(output[:, -1:])
            forecast.append(value)
    return torch.cat(forecast, dim=1).cpu().numpy()


def _check_can_loop(model, context: np.ndarray) -> None:
    _check_model(model)
    sizes = (model.rnn.input_size, model.linear.out_features)
    _check(sizes[0] == sizes[1], "the model's inputs and outputs", sizes, "as many of each")
    _check(context.shape[2] == sizes[0], "the features of context", context.shape[2], f"{sizes[0]}")
    _check_size("context", context, torch.finfo(model.linear.weight.dtype).max)


def in_units(model: Forecaster, scaler: Scaler) -> Callable[[np.ndarray, int], np.ndarray]:
    """A forecaster in the units of the series: the model's closed loop, scaled and back."""
    return lambda context, steps: scaler.unscale(closed_loop(model, scaler.scale(context), steps))


@_checked(context=WINDOWS, steps=COUNT)
def persistence(context: np.ndarray, steps: int) -> np.ndarray:
    """The forecast "it stays as it is": each window's last value, `steps` times."""
    return np.repeat(context[:, -1:], steps, axis=1)


@_checked(series=COLUMNS, order=COUNT)
def fit_ar(series: np.ndarray, order: int) -> np.ndarray:
    """Least-squares coefficients of an AR(order) model (Box and Jenkins, 1970), (order + 1,).

    The first `order` weigh the last `order` values, oldest first; the last is a constant.
    """
    _check_one_feature("series", series)
    _check_fits("order", order, series)
    inputs, targets = create_sequences(series[:, 0], order)
    design = np.column_stack([inputs, np.ones(len(inputs))])
    return np.linalg.lstsq(design, targets[:, 0], rcond=None)[0]


def _check_one_feature(name: str, value, order: int = 1) -> None:
    _check(value.shape[-1] == 1, f"the shape of {name}", value.shape, "one feature")
    allowed = f"1 to {value.shape[-2]}, the length of {name}"
    _check(1 <= order <= value.shape[-2], "the order of coefficients", order, allowed)


@_checked(coefficients=WEIGHTS, context=WINDOWS, steps=COUNT)
def ar_forecast(coefficients: np.ndarray, context: np.ndarray, steps: int) -> np.ndarray:
    """Forecast with `fit_ar`'s coefficients, each forecast value fed back. One feature only."""
    _check_one_feature("context", context, len(coefficients) - 1)
    order = len(coefficients) - 1
    values = context[:, :, 0]
    for _ in range(steps):
        following = values[:, -order:] @ coefficients[:-1] + coefficients[-1]
        values = np.column_stack([values, following])
    return values[:, -steps:, None]


@_checked(series=COLUMNS, window=COUNT, steps=COUNT)
def rmse_by_horizon(
    forecast: Callable[[np.ndarray, int], np.ndarray], series: np.ndarray, window: int, steps: int
) -> np.ndarray:
    """Root mean squared error at 1, 2, ... `steps` steps ahead, shape (steps,).

    Over every start at which `series` has a window before and `steps` values after, in its units.
    """
    _check_fits("window + steps - 1", window + steps - 1, series)
    starts = range(len(series) - window - steps + 1)
    context = np.stack([series[i : i + window] for i in starts])
    truth = np.stack([series[i + window : i + window + steps] for i in starts])
    predicted = forecast(context, steps)
    predicted = _check_forecast(predicted, truth.shape)
    return np.sqrt(((predicted - truth) ** 2).mean(axis=(0, 2)))
