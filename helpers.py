"""The code that the lessons share, in the order of the notebooks: numbers, and the figures' style.

What a lesson teaches is written out there first, then imported from here; a test compares both.

Shapes: a series is ``(time, features)``, windows are ``(batch, seq_len, features)``, a forecast is
``(batch, steps, features)``. A series or context may be anything that NumPy reads: a list, a
DataFrame, a tensor. Every function raises ValueError for an argument that it cannot use.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial, wraps

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython import get_ipython
from IPython.display import display
from matplotlib.ticker import LogLocator
from torch import Tensor, nn
from torch.optim import Optimizer

CELLS = ("RNN", "GRU", "LSTM")
Pair = tuple[Tensor, Tensor]  # inputs (batch, seq_len, features), targets (batch, k, features)

# ==== One visual language: Okabe and Ito's colours, apart for colour-blind readers too

COLORS = {"truth": "#1A1A1A", "LSTM": "#0072B2", "RNN": "#D55E00", "GRU": "#009E73"}
COLORS |= {"forget": "#E69F00", "input": "#56B4E9", "output": "#CC79A7", "candidate": "#F0E442"}
COLORS |= {"baseline": "#7F7F7F", "shade": "#EFEFEF"}


def use_style() -> None:
    """Opaque white figures that read at 100 %, in cells even where MPLBACKEND=Agg hides them.

    From here on a NameError in a cell says what to do, too.
    """
    if hasattr(get_ipython(), "kernel"):
        if plt.get_backend().lower() == "agg":
            get_ipython().run_line_magic("matplotlib", "inline")
        get_ipython().set_custom_exc((NameError,), _show_name_error)
    plt.rc("figure", figsize=(8.4, 3.2), dpi=110, facecolor="white")
    plt.rc("figure.constrained_layout", use=True)
    plt.rc("savefig", facecolor="white")
    plt.rc("font", size=10.5)
    plt.rc("axes", titlesize=11.5, titlelocation="left", titleweight="bold")
    plt.rc("axes", edgecolor="#555555", labelcolor="#333333")
    plt.rc("axes.spines", top=False, right=False)
    plt.rc(("xtick", "ytick"), color="#555555")
    plt.rc("lines", linewidth=1.8, solid_capstyle="round")
    plt.rc("legend", frameon=False)


def _show_name_error(shell, kind, error, traceback, tb_offset=None) -> None:
    """As ever, with a hint: mostly a cell above has not run."""
    advice = "If a cell above defines it, choose Run > Run All Above Selected Cell."
    error.args = (f"{error}. {advice}",)
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)


def label(ax, x: float, y: float, text: str, color: str, **kwargs) -> None:
    """Write `text` in the colour of its line at data coordinates (x, y), haloed in white."""
    halo = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    ax.text(x, y, text, color=color, bbox=halo, **{"va": "center", "fontsize": 10, **kwargs})


def shade_future(ax, start: float, end: float) -> None:
    """Shade the future, from the forecast origin `start` to `end`, behind everything else."""
    ax.axvspan(start, end, color=COLORS["shade"], linewidth=0, zorder=0)
    ax.axvline(start, color="#999999", linewidth=0.8, zorder=0)


def dots(ax, results: dict, colors: dict | None = None) -> None:
    """A row for each of `results`, {name: values}: a dot a seed, and a bar at their median."""
    for row, (name, values) in enumerate(results.items()):
        color = colors[name] if colors else COLORS["LSTM"]
        ax.plot(values, [row] * len(values), "o", color=color, alpha=0.5, markersize=6)
        ax.plot(np.median(values), row, "|", color=COLORS["truth"], markersize=15)
    ax.set_yticks(range(len(results)), results)
    ax.set_ylim(len(results) - 0.4, -0.6)
    ax.grid(axis="x", color="#EEEEEE")


def compare(ax, results: dict, xlabel: str) -> None:
    """`dots` beside the medians and each row's `verdict` against the first, whose range is shaded.

    Errors on a log axis, {name: values}, a value a seed.
    """
    dots(ax, results)
    first = next(iter(results.values()))
    ax.axvspan(np.min(first), np.max(first), color=COLORS["shade"], linewidth=0, zorder=0)
    for row, values in enumerate(results.values()):
        text = f"{np.median(values):.3g}  " + (verdict(values, first) if row else "the yardstick")
        ax.text(1.02, row, text, transform=ax.get_yaxis_transform(), va="center")
    ends = [end(values) for end in (np.min, np.max) for values in results.values()]
    ax.set(xscale="log", xlabel=xlabel, xlim=(min(ends) / 1.1, max(ends) * 1.1))
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()


def spread(values, form: str = ".3f") -> str:
    """Median and range of a run's results over its seeds, as the lessons print them.

    The sign ≈ says that the digits depend on the processor; tests pass over such numbers.
    """
    middle, low, high = np.median(values), np.min(values), np.max(values)
    return f"≈{middle:{form}} (≈{low:{form}} to ≈{high:{form}})"


def progress(items: Iterable, total: int) -> Iterator:
    """Hand on `items`, of which there are `total`; a bar under the cell shows how many have come.

    It is there only while it moves, and leaves nothing in a stored notebook.
    """
    if not hasattr(get_ipython(), "kernel"):
        yield from items
        return
    bar = widgets.IntProgress(max=total, layout=widgets.Layout(width="300px"))
    view = {"model_id": bar.model_id, "version_major": 2, "version_minor": 0}
    shown = display({"application/vnd.jupyter.widget-view+json": view}, raw=True, display_id=True)
    try:
        for item in items:
            bar.value += 1
            yield item
    finally:
        shown.update({}, raw=True)
        bar.close()


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


def models_of(seeds: Iterable[int], forget_bias=None, **settings) -> list[Forecaster]:
    """A Forecaster a seed, with `settings` (see there) and, if given, this forget bias."""
    models = []
    for seed in seeds:
        torch.manual_seed(seed)
        models.append(Forecaster(**settings))
        if forget_bias is not None:
            set_forget_bias(models[-1].rnn, forget_bias)
    return models


@_checked(seed=FROM_0, window=COUNT)
def noisy_sine(seed: int, window: int = 25) -> tuple[Pair, Pair, Scaler]:
    """Scaled windows of a sine of 50 points with noise 0.1, in the draw of the noise `seed`.

    Pairs of the training part (700 values) and of the validation part (1000), and the scaler.
    """
    series = make_wave(2000, 50, noise=0.1, generator=np.random.default_rng(seed))
    train_part, validation_part, _ = split_in_time(series, validation=0.5, test=0.15)
    scaler = fit_scaler(train_part)
    pairs, checks = (
        tuple(torch.tensor(array).float() for array in create_sequences(scaler.scale(part), window))
        for part in (train_part, validation_part)
    )
    return pairs, checks, scaler


def score(model: nn.Module, pairs: Pair, scaler: Scaler) -> float:
    """RMSE one step ahead over all `pairs` of scaled windows, in the units of the series."""
    return math.sqrt(evaluate(model, nn.MSELoss(), *pairs)) * scaler.std


def run(
    model: nn.Module,
    seed: int,
    lr: float = 0.01,
    steps: int = 300,
    batch_size: int = 16,
    first=None,
) -> tuple[np.ndarray, np.ndarray]:
    """Train on `noisy_sine(seed)`, or on the `first` of its windows, by Adam at a constant rate.

    Gives the loss at each step, and the validation RMSE at every 20th. `seed` draws the noise and
    the batches.
    """
    pairs, checks, scaler = noisy_sine(seed)
    pairs = [part[:first] for part in pairs]
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    batches = random_batches(*pairs, batch_size, steps, torch.Generator().manual_seed(seed))
    losses, scores = [], []
    for step, (loss, _) in enumerate(train(model, nn.MSELoss(), optimizer, batches), start=1):
        losses.append(loss)
        if step % 20 == 0:
            scores.append(score(model, checks, scaler))
    return np.array(losses), np.array(scores)


def in_pairs(function: Callable, jobs: Iterable[tuple]) -> list:
    """``function(*job)`` for each job, in order; two at a time, one processor each."""
    jobs = list(jobs)
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=[1]) as pool:
        return list(progress(pool.map(lambda job: function(*job), jobs), len(jobs)))


def verdict(a, b) -> str:
    """Whether the errors `a` are clearly below `b`: each of the ones below each of the others.

    NaN, the error of a run that exploded, counts as the largest.
    """
    a, b = (np.nan_to_num(errors, nan=math.inf) for errors in (a, b))
    if a.max() < b.min():
        return "clearly better"
    return "clearly worse" if a.min() > b.max() else "not clear"


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


# ==== 09 Memory


@_checked(size=COUNT, delay=COUNT, noise=REAL)
def recall(
    size: int, delay: int, generator: torch.Generator, noise: float = 0.3
) -> tuple[Tensor, Tensor]:
    """Sequences (size, delay + 1, 1) that begin with a bit, +1 or -1, and the bits (size, 1, 1).

    After the bit comes noise of this standard deviation.
    """
    x = noise * torch.randn(size, delay + 1, 1, generator=generator)
    bits = torch.randint(0, 2, (size, 1, 1), generator=generator) * 2.0 - 1
    x[:, :1] = bits
    return x, bits


def accuracy(model: nn.Module, x: Tensor, bits: Tensor) -> float:
    """The share of sequences after which the model's last output has the sign of the bit."""
    with torch.no_grad():
        return (model(x)[:, -1:] * bits > 0).float().mean().item()


@_checked(delay=COUNT, lr=ABOVE_0, seed=FROM_0, steps=COUNT)
def learn_recall(
    model: nn.Module, delay: int, lr: float, seed: int, steps: int = 300
) -> tuple[nn.Module, list[float]]:
    """Train on fresh sequences of `recall`; the model, and its accuracy at every 10th step.

    Ends early at 99 % of 200 sequences that are the same for every run.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    generator = torch.Generator().manual_seed(seed)
    check = recall(200, delay, torch.Generator().manual_seed(1000))
    batches = (recall(64, delay, generator) for _ in range(steps))
    history = []
    for number, _ in enumerate(train(model, nn.MSELoss(), optimizer, batches, clip=1.0), start=1):
        if number % 10 == 0:
            history.append(accuracy(model, *check))
            if history[-1] >= 0.99:
                break
    return model, history


@_checked(size=COUNT, length=partial(COUNT, least=2))
def adding(size: int, length: int, generator: torch.Generator) -> Pair:
    """Sequences (size, length, 2) of values from 0 to 1 and marks, and the sums (size, 1, 1).

    Two values are marked, one in each half; their sum is the target (Hochreiter and Schmidhuber).
    """
    values, marks = torch.rand(size, length, generator=generator), torch.zeros(size, length)
    half = length // 2  # one mark in each half
    for start, end in [(0, half), (half, length)]:
        marks.scatter_(1, torch.randint(start, end, (size, 1), generator=generator), 1.0)
    return torch.stack([values, marks], dim=-1), (values * marks).sum(dim=1)[:, None, None]


@_checked(lr=ABOVE_0, seed=FROM_0, length=partial(COUNT, least=2), steps=COUNT)
def learn_adding(
    model: nn.Module, lr: float, seed: int, length: int = 30, steps: int = 600
) -> tuple[nn.Module, list[float]]:
    """Train on fresh sequences of `adding`; the model, and its RMSE at every 20th optimiser step.

    Ends early at an RMSE below 0.1, on 300 sequences that are the same for every run.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    generator = torch.Generator().manual_seed(seed)
    check = adding(300, length, torch.Generator().manual_seed(1000))
    batches = (adding(64, length, generator) for _ in range(steps))
    errors = []
    for number, _ in enumerate(train(model, nn.MSELoss(), optimizer, batches, clip=1.0), start=1):
        if number % 20 == 0:
            errors.append(evaluate(model, nn.MSELoss(), *check) ** 0.5)
            if errors[-1] < 0.1:
                break
    return model, errors
