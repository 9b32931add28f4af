"""The code that the lessons share, in the order of the notebooks.

Whatever a lesson teaches is written out in that lesson first; from then on it is imported from
here. A test compares the two, so that they stay the same code.

Shapes: a series is ``(time, features)``; windows are ``(batch, seq_len, features)``; a forecast
is ``(batch, steps, features)``. "Scaled" says that the network's own units are meant.
"""

from __future__ import annotations

import asyncio
import base64
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

CELLS = ("RNN", "GRU", "LSTM")

# ==== One visual language

# Okabe and Ito's colours, which stay apart for colour-blind readers. One thing, one colour.
COLORS = {
    "truth": "#1A1A1A",
    "LSTM": "#0072B2",
    "RNN": "#D55E00",
    "GRU": "#009E73",
    "baseline": "#7F7F7F",
    "forget": "#E69F00",
    "input": "#56B4E9",
    "output": "#CC79A7",
    "candidate": "#F0E442",
    "shade": "#EFEFEF",
}


def use_style() -> None:
    """Set the series' matplotlib style: opaque white figures that read at 100 %, light or dark."""
    plt.rcParams.update(
        {
            "figure.figsize": (8.4, 3.2),
            "figure.dpi": 110,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.size": 10.5,
            "axes.titlesize": 11.5,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": "#555555",
            "axes.labelcolor": "#333333",
            "xtick.color": "#555555",
            "ytick.color": "#555555",
            "lines.linewidth": 1.8,
            "lines.solid_capstyle": "round",
            "legend.frameon": False,
        }
    )


def label(ax, x: float, y: float, text: str, color: str, **kwargs) -> None:
    """Write `text` in the colour of its line at data coordinates (x, y), haloed in white."""
    halo = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    ax.text(x, y, text, color=color, bbox=halo, **{"va": "center", "fontsize": 10, **kwargs})


def shade_future(ax, start: float, end: float) -> None:
    """Shade the future, from the forecast origin `start` to `end`, behind everything else."""
    ax.axvspan(start, end, color=COLORS["shade"], linewidth=0, zorder=0)
    ax.axvline(start, color="#999999", linewidth=0.8, zorder=0)


# ==== Argument checks: each message names the argument, what came, and what is allowed


def _check(ok: bool, name: str, value, allowed: str) -> None:
    if not ok:
        raise ValueError(f"{name} is {value!r}; allowed: {allowed}")


def _check_number(name: str, value, least: float, whole: bool = True) -> None:
    kinds = (int, np.integer) if whole else (int, float, np.number)
    kind = "a whole number" if whole else "a finite number"
    ok = isinstance(value, kinds) and not isinstance(value, bool) and least <= value < math.inf
    _check(ok, name, value, f"{kind}, at least {least}")


def _check_array(name: str, value, shape: str, ndims: tuple[int, ...], least: int = 1) -> None:
    array = np.asarray(value)
    length = array.shape[1 if array.ndim == 3 else 0] if array.ndim in ndims else 0
    ok = array.size > 0 and length >= least
    _check(ok, f"the shape of {name}", array.shape, f"{shape}, not empty, time at least {least}")
    _check(np.issubdtype(array.dtype, np.number), f"the dtype of {name}", array.dtype, "numbers")
    wrong = int((~np.isfinite(array)).sum())
    _check(wrong == 0, f"the number of NaN or infinite values in {name}", wrong, "none")


def _check_series(name: str, value, ndims: tuple[int, ...] = (2,)) -> None:
    shape = "(time, features)" if ndims == (2,) else "(time,) or (time, features)"
    _check_array(name, value, shape, ndims)


def _check_windows(name: str, value, least: int = 1) -> None:
    _check_array(name, value, "(batch, seq_len, features)", (3,), least)


def _check_fits(name: str, length: int, series) -> None:
    _check(length < len(series), name, length, f"less than the series' length, {len(series)}")


# ==== 01 Data


def make_wave(
    num_points: int,
    points_per_period: float | Sequence[float],
    noise: float = 0.0,
    generator: np.random.Generator | None = None,
) -> np.ndarray:
    """A sine wave of amplitude 1, or a sum of several, as a series of shape (num_points, 1).

    `points_per_period` is the period in samples; a sequence of periods gives the sum of their
    sines. `noise` is the standard deviation of normal noise drawn from `generator`, which must
    then be given, so that nothing random is hidden. Raises ValueError for other values.
    """
    _check_number("num_points", num_points, 1)
    _check_array("points_per_period", np.atleast_1d(points_per_period), "(periods,)", (1,))
    _check(np.min(points_per_period) > 0, "points_per_period", points_per_period, "above 0")
    _check_number("noise", noise, 0, whole=False)
    _check_generator(noise, generator)
    t = np.arange(num_points)
    wave = sum(np.sin(2 * np.pi * t / period) for period in np.atleast_1d(points_per_period))
    if noise > 0:
        wave = wave + noise * generator.standard_normal(num_points)
    return wave[:, None]


def _check_generator(noise: float, generator) -> None:
    ok = noise == 0 or isinstance(generator, np.random.Generator)
    _check(ok, "generator", generator, "a numpy Generator, as noise is above 0")


def create_sequences(series: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Every window of a series, and the one value that follows it.

    A series of n values, shape (n,) or (n, features), gives n - window pairs: inputs of shape
    (n - window, window[, features]) and targets of shape (n - window, 1[, features]).
    Raises ValueError if the series is no longer than the window, or holds NaN.
    """
    _check_number("window", window, 1)
    _check_series("series", series, ndims=(1, 2))
    _check_fits("window", window, series)
    inputs = np.stack([series[i : i + window] for i in range(len(series) - window)])
    return inputs, series[window:, None]


def split_in_time(
    series: np.ndarray, validation: float = 0.15, test: float = 0.15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a series into a training, a validation and a test part, in this order in time.

    `validation` and `test` are shares of the length. Split first and window afterwards: then no
    window reaches across a border. Raises ValueError if a part would be empty.
    """
    _check_series("series", series, ndims=(1, 2))
    _check_number("validation", validation, 0, whole=False)
    _check_number("test", test, 0, whole=False)
    test_start = round(len(series) * (1 - test))
    validation_start = round(len(series) * (1 - test - validation))
    _check_parts(len(series), validation_start, test_start)
    return series[:validation_start], series[validation_start:test_start], series[test_start:]


def _check_parts(length: int, validation_start: int, test_start: int) -> None:
    parts = (validation_start, test_start - validation_start, length - test_start)
    allowed = "at least 1 each: choose other shares for validation and test"
    _check(min(parts) > 0, "the length of training, validation and test part", parts, allowed)


@dataclass(frozen=True)
class Scaler:
    """Standard scores: (value - mean) / std, with figures taken from the training part only."""

    mean: float
    std: float

    def scale(self, values):
        return (values - self.mean) / self.std

    def unscale(self, values):
        return values * self.std + self.mean


def fit_scaler(train: np.ndarray) -> Scaler:
    """Mean and standard deviation of the training part. ValueError if it is constant or NaN."""
    _check_series("train", train, ndims=(1, 2))
    _check(np.std(train) > 0, "the spread of train", 0.0, "a series that is not constant")
    return Scaler(mean=float(np.mean(train)), std=float(np.std(train)))


# ==== 02 Model


class Forecaster(nn.Module):
    """One or more recurrent layers, then a linear layer: a prediction after every input.

    `cell` is "RNN", "GRU" or "LSTM". `forward` takes windows (batch, seq_len, input_size) and
    gives predictions (batch, seq_len, output_size). Raises ValueError for a bad size or name.
    """

    def __init__(
        self,
        cell: str = "LSTM",
        input_size: int = 1,
        hidden_size: int = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
        output_size: int = 1,
    ) -> None:
        _check_forecaster(cell, dropout, input_size, hidden_size, num_layers, output_size)
        super().__init__()
        layer = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}[cell]
        self.rnn = layer(input_size, hidden_size, num_layers, dropout=dropout, batch_first=True)
        self.linear = nn.Linear(hidden_size, output_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _check_input(x, self.rnn.input_size)
        output, _ = self.rnn(x)
        return self.linear(output)


def _check_forecaster(cell, dropout, input_size, hidden_size, num_layers, output_size) -> None:
    _check(cell in CELLS, "cell", cell, ", ".join(CELLS))
    _check_number("input_size", input_size, 1)
    _check_number("hidden_size", hidden_size, 1)
    _check_number("num_layers", num_layers, 1)
    _check_number("output_size", output_size, 1)
    ok = dropout == 0 or (0 < dropout < 1 and num_layers > 1)
    _check(ok, "dropout", dropout, "0 up to below 1, and only between layers: 0 for one layer")


def _check_input(x: torch.Tensor, input_size: int) -> None:
    # A 2-D tensor would pass through nn.LSTM as one unbatched sequence, without a word.
    ok = x.ndim == 3 and x.shape[2] == input_size and 0 not in x.shape
    _check(ok, "the shape of x", tuple(x.shape), f"(batch, seq_len, {input_size}), none of them 0")


# ==== 03 Training


def random_batches(
    inputs: torch.Tensor,
    targets: torch.Tensor,
    batch_size: int,
    steps: int,
    generator: torch.Generator,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """`steps` batches of `batch_size` windows drawn at random, with replacement.

    inputs (N, seq_len, features), targets (N, k, features). Raises ValueError for other shapes.
    """
    _check_pairs(inputs, targets)
    _check_number("batch_size", batch_size, 1)
    _check_number("steps", steps, 1)
    for _ in range(steps):
        chosen = torch.randint(len(inputs), (batch_size,), generator=generator)
        yield inputs[chosen], targets[chosen]


def _check_pairs(inputs: torch.Tensor, targets: torch.Tensor) -> None:
    _check_windows("inputs", inputs)
    _check_windows("targets", targets)
    ok = len(inputs) == len(targets) and targets.shape[1] <= inputs.shape[1]
    allowed = f"{len(inputs)} windows as in inputs, each at most {inputs.shape[1]} long"
    _check(ok, "the shape of targets", tuple(targets.shape), allowed)


def train(
    model: nn.Module,
    loss_fn: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    clip: float = math.inf,
) -> Iterator[tuple[float, float]]:
    """One optimiser step a batch; yields (loss, gradient norm before clipping) after each.

    The k targets of a window, (batch, k, features), are compared with its last k outputs. Between
    two steps the caller may change the learning rate, step a schedule, evaluate or stop; a new
    generator over the same `batches` goes on where this one stopped.
    """
    _check(clip > 0, "clip", clip, "above 0; infinity leaves the gradient as it is")
    for inputs, targets in batches:
        model.train()
        predictions = model(inputs)[:, -targets.shape[1] :]
        loss = loss_fn(predictions, targets)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        yield loss.item(), norm.item()


def evaluate(model: nn.Module, loss_fn, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """The loss over all windows at once, without gradients and with dropout off."""
    _check_pairs(inputs, targets)
    model.eval()
    with torch.no_grad():
        return loss_fn(model(inputs)[:, -targets.shape[1] :], targets).item()


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
    """Train a Forecaster on a scaled series (time, features) by the series' recipe.

    Loss on every output after `warmup` steps, Adam with a short memory, one-cycle schedule,
    gradients clipped at 1. `seed` is that of the batches. Works in the model's dtype; returns the
    loss at each step.
    """
    _check_number("warmup", warmup, 0)
    _check_number("window", window, warmup + 1)
    _check_number("steps", steps, 1)
    _check_series("series", series)
    tensors = (torch.tensor(part) for part in create_sequences(series, window))
    inputs, targets = (part.to(model.linear.weight.dtype) for part in tensors)
    targets = torch.cat([inputs[:, 1:], targets], dim=1)[:, warmup:]
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    generator = torch.Generator().manual_seed(seed)
    batches = random_batches(inputs, targets, batch_size, steps, generator)
    losses = []
    for loss, _ in train(model, nn.MSELoss(), optimizer, batches, clip=1.0):
        schedule.step()
        losses.append(loss)
    return losses


# ==== 04 Evaluation. A forecast is a function of (context, steps): from windows of shape
# (batch, seq_len, features) to the values that follow, (batch, steps, features).


def closed_loop(model: Forecaster, context: np.ndarray, steps: int) -> np.ndarray:
    """Read each context window, then forecast `steps` values, each fed back as the next input."""
    _check_windows("context", context)
    _check_number("steps", steps, 1)
    value = torch.as_tensor(context, dtype=model.linear.weight.dtype)
    state, forecast = None, []
    model.eval()
    with torch.no_grad():
        for _ in range(steps):
            output, state = model.rnn(value, state)
            value = model.linear(output[:, -1:])
            forecast.append(value)
    return torch.cat(forecast, dim=1).numpy()


def persistence(context: np.ndarray, steps: int) -> np.ndarray:
    """The forecast "it stays as it is": each window's last value, `steps` times."""
    _check_windows("context", context)
    _check_number("steps", steps, 1)
    return np.repeat(context[:, -1:], steps, axis=1)


def fit_ar(series: np.ndarray, order: int) -> np.ndarray:
    """Least-squares coefficients of an AR(order) model with a constant, shape (order + 1,).

    The first `order` weigh the last `order` values, oldest first; the last is the constant.
    See Box and Jenkins, Time Series Analysis, 1970. Raises ValueError for more than one feature.
    """
    _check_series("series", series)
    _check_one_feature("series", series)
    _check_number("order", order, 1)
    _check_fits("order", order, series)
    inputs, targets = create_sequences(series[:, 0], order)
    design = np.column_stack([inputs, np.ones(len(inputs))])
    return np.linalg.lstsq(design, targets[:, 0], rcond=None)[0]


def _check_one_feature(name: str, value) -> None:
    _check(np.shape(value)[-1:] == (1,), f"the shape of {name}", np.shape(value), "one feature")


def ar_forecast(coefficients: np.ndarray, context: np.ndarray, steps: int) -> np.ndarray:
    """Forecast with `fit_ar`'s coefficients, each forecast value fed back. One feature only."""
    _check_array("coefficients", coefficients, "(order + 1,)", (1,), least=2)
    _check_windows("context", context, least=len(coefficients) - 1)
    _check_one_feature("context", context)
    _check_number("steps", steps, 1)
    order = len(coefficients) - 1
    values = context[:, :, 0]
    for _ in range(steps):
        following = values[:, -order:] @ coefficients[:-1] + coefficients[-1]
        values = np.column_stack([values, following])
    return values[:, -steps:, None]


def rmse_by_horizon(
    forecast: Callable[[np.ndarray, int], np.ndarray], series: np.ndarray, window: int, steps: int
) -> np.ndarray:
    """Root mean squared error at 1, 2, ... `steps` steps ahead, shape (steps,).

    Taken over every start at which `series` has a window before and `steps` values after.
    In the units of `series`, over all its features.
    """
    _check_number("window", window, 1)
    _check_number("steps", steps, 1)
    _check_series("series", series)
    _check_fits("window + steps - 1", window + steps - 1, series)
    starts = range(len(series) - window - steps + 1)
    context = np.stack([series[i : i + window] for i in starts])
    truth = np.stack([series[i + window : i + window + steps] for i in starts])
    errors = forecast(context, steps) - truth
    return np.sqrt((errors**2).mean(axis=(0, 2)))


# ==== Sliders beside one picture


class Explorer(widgets.HBox):
    """Controls beside one picture that follows them.

    ``draw(figure)`` is called once. It draws the picture on a `matplotlib.figure.Figure` and
    returns ``update(**values)``, which changes it to the controls' values; the keywords are the
    controls' names. Without a kernel, the stored picture and `note` stand in for the widget.

    Front ends may deliver a control's message on a thread of its own, where drawing is not safe:
    a callback only leaves the new value in a mailbox, and one task on the kernel's main loop
    empties it and draws. Run again, a cell closes the explorer that it made before.
    """

    _open: ClassVar[dict[str, Explorer]] = {}

    def __init__(
        self,
        draw: Callable[[Figure], Callable[..., None]],
        figsize: tuple[float, float] = (6.6, 3.6),
        **controls: widgets.ValueWidget,
    ) -> None:
        self.figure = Figure(figsize=figsize, dpi=plt.rcParams["figure.dpi"], layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self.controls = controls
        self.mailbox: dict[str, object] = {}
        self.values = {name: control.value for name, control in controls.items()}
        self._update = draw(self.figure)
        layout = {"max_width": "100%", "margin": "0 0 0 16px"}
        self._image = widgets.Image(format="png", layout=layout)
        self._redraw()
        for name, control in controls.items():
            control.style = {"description_width": "112px"}
            control.observe(lambda change, name=name: self._post(name, change), names="value")
        self._note = widgets.HTML()
        column = widgets.VBox([*controls.values(), self._note], layout={"flex": "0 0 310px"})
        super().__init__([column, self._image], layout={"align_items": "center"})
        if earlier := Explorer._open.pop(draw.__name__, None):
            earlier.close()
        Explorer._open[draw.__name__] = self
        try:
            self._task = asyncio.get_running_loop().create_task(self._watch())
        except RuntimeError:  # no loop, as in a plain script: drain() is then called by hand
            self._task = None

    def _post(self, name: str, change) -> None:
        self.mailbox[name] = change["new"]

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            try:
                self.drain()
                self._note.value = ""
            except Exception as error:  # shown, and the sliders go on working
                self._note.value = f"{type(error).__name__}: {error}"

    def drain(self) -> None:
        """Draw once for all the changes that have come in since the last call."""
        if self.mailbox:
            while self.mailbox:
                name, value = self.mailbox.popitem()
                self.values[name] = value
            self._redraw()

    def _redraw(self) -> None:
        self._update(**self.values)
        self.canvas.draw()
        buffer = io.BytesIO()
        picture = Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB")
        picture.save(buffer, "PNG", compress_level=1)
        self._image.value = buffer.getvalue()

    def close(self) -> None:
        """Stop following the controls and remove the widgets from the page."""
        if self._task:
            self._task.cancel()
        for widget in (*self.controls.values(), *self.children):
            widget.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        names = ", ".join(control.description for control in self.controls.values())
        bundle["text/plain"] = f"Sliders ({names}) beside a picture: run the notebook to move them"
        bundle["image/png"] = base64.b64encode(self._image.value).decode()
        return bundle
