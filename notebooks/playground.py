"""The playground of lesson 05: a network that trains while its settings are changed.

A file of its own, since helpers.py is to stay small. From the bottom to the top:

- `CONTROLS`, `to_text`, `from_text`: the settings, and the one line that holds them all;
- `Run`: one network and its data, trained step by step. No widgets, no drawing;
- `Screen`: draws a run into one picture;
- `CHALLENGES`: questions with a goal that code checks;
- `Playground`: the widgets on top. Their callbacks only leave a message in a mailbox; one asyncio
  task on the kernel's main loop empties it, trains in short slices, and draws.

Shapes as in helpers: a series is (time, 1), windows are (batch, seq_len, 1).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import ipywidgets as widgets
import matplotlib
import numpy as np
import torch
from IPython.display import Image as Picture
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from helpers import (
    CELLS,
    COLORS,
    Forecaster,
    closed_loop,
    create_sequences,
    evaluate,
    train,
)

# ==== Settings


@dataclass(frozen=True)
class Control:
    """A setting: its label, its group, what it may be, where it starts, and what it does.

    A *live* setting takes effect at once and keeps the weights; any other restarts the run. When
    a run has ended, a live setting restarts it too, but for a larger budget.
    """

    label: str
    group: str
    options: tuple
    default: object
    live: bool = False


SIGNALS = ("sine", "two sines", "drifting frequency", "square with a long gap", "family of waves")
CONTROLS = {
    "signal": Control("signal", "Signal", SIGNALS, "sine"),
    "noise": Control("noise", "Signal", (0.0, 0.05, 0.1, 0.2, 0.3, 0.5), 0.1),
    "points": Control("points per period", "Signal", (8, 12, 16, 20, 25, 30, 40, 50, 60), 25),
    "window": Control("window length", "Signal", (2, 5, 10, 15, 20, 30, 40, 50, 75, 100), 50),
    "cell": Control("cell type", "Network", CELLS, "LSTM"),
    "hidden": Control("hidden size", "Network", (1, 2, 4, 8, 16, 32, 64), 16),
    "layers": Control("layers", "Network", (1, 2, 3), 1),
    "dropout": Control("dropout", "Network", (0.0, 0.1, 0.2, 0.3, 0.5), 0.0, live=True),
    "bias": Control("forget bias", "Network", ("as drawn", -2.0, 0.0, 1.0, 3.0), "as drawn"),
    "optimizer": Control("optimiser", "Optimiser", ("SGD", "Adam"), "Adam"),
    "lr": Control(
        "learning rate",
        "Optimiser",
        (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
        0.01,
        live=True,
    ),
    "batch": Control("batch size", "Optimiser", (1, 2, 4, 8, 16, 32), 16, live=True),
    "clip": Control("clipping", "Optimiser", ("off", 10.0, 1.0, 0.1, 0.01), "off", live=True),
    "loss": Control("loss on", "Optimiser", ("last output", "every output"), "every output"),
    "steps": Control("steps budget", "Optimiser", (100, 200, 300, 500, 1000, 2000), 300, live=True),
    "seed": Control("seed", "Optimiser", tuple(range(10)), 0),
}
DEFAULTS = {name: control.default for name, control in CONTROLS.items()}
OF_DATA = ("signal", "noise", "points", "window", "loss", "seed")  # what `make_data` reads
LIVE = [name for name, control in CONTROLS.items() if control.live]
Settings = dict[str, object]
Changes = tuple[tuple[int, str, object], ...]  # (after this many steps, live setting, value)


def _word(value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).replace(" ", "-")


def to_text(settings: Settings, changes: Changes = ()) -> str:
    """All settings in one line: ``signal=sine noise=0.1 ... seed=0``.

    Live changes follow with their step: ``@120 lr=0.1`` came after 120 steps.
    """
    words = [f"{name}={_word(settings[name])}" for name in CONTROLS]
    return " ".join(words + [f"@{step} {name}={_word(value)}" for step, name, value in changes])


def from_text(text: str) -> tuple[Settings, Changes]:
    """The settings and live changes of a line by `to_text`; what is left out is as by default.

    Raises ValueError, naming the word that is wrong and what is allowed.
    """
    settings, changes, step, named = dict(DEFAULTS), [], None, set()
    if not isinstance(text, str) or "\n" in text.strip():
        raise ValueError(f"{text!r} is no text of one line")
    for word in text.split():
        if word.startswith("@"):
            if not word[1:].isdecimal() or (changes and int(word[1:]) < changes[-1][0]):
                raise ValueError(f"{word!r}: allowed are @ and a step, in rising order")
            step = int(word[1:])
            continue
        name, value = _parse(word)
        if step is None:
            if name in named:
                raise ValueError(f"{word!r}: {name} is given twice")
            named.add(name)
            settings[name] = value
        elif name in LIVE:
            changes.append((step, name, value))
        else:
            raise ValueError(f"{word!r} after a step: allowed are live settings, {', '.join(LIVE)}")
    return settings, tuple(changes)


def _parse(word: str) -> tuple[str, object]:
    name, equals, value = word.partition("=")
    if name not in CONTROLS or not equals:
        allowed = ", ".join(CONTROLS)
        raise ValueError(f"{word!r}: allowed are name=value, with a name of {allowed}")
    words = {_word(option): option for option in CONTROLS[name].options}
    if value not in words:
        raise ValueError(f"{word!r}: allowed for {name} are {', '.join(words)}")
    return name, words[value]


def differences(settings: Settings, other: Settings) -> str:
    """What is different in `settings`: "hidden size 32, learning rate 0.1"."""
    changed = [name for name in CONTROLS if settings[name] != other[name]]
    return ", ".join(f"{CONTROLS[name].label} {settings[name]}" for name in changed)


# ==== The data of a run

PAST, AHEAD = 50, 80  # what the forecast's picture shows before and after its origin
TRAIN, VALIDATION = 800, 400  # points of a single series
FAMILY = 400, 64  # series of a family for training, for validation


def clean_signal(signal: str, points: float, length: int, phase: float = 0.0) -> np.ndarray:
    """A signal without noise, shape (length, 1), of `points` samples a period, within -1.4 to 1.4.

    The square wave is a pulse up, a pulse down, and a gap of two and a half periods.
    """
    t = np.arange(length) + phase * points
    turn = 2 * np.pi * t / points
    if signal == "two sines":
        wave = 0.7 * (np.sin(turn) + np.sin(2.9 * turn))
    elif signal == "drifting frequency":
        wave = np.sin(turn - 3.2 * np.cos(turn / 8))  # 0.6 to 1.4 times the frequency
    elif signal == "square with a long gap":
        place = t / points % 3
        wave = np.where(place < 0.25, 1.0, np.where(place < 0.5, -1.0, 0.0))
    else:
        wave = np.sin(turn)
    return wave[:, None]


@dataclass(frozen=True)
class Data:
    """Pairs for training and validation, a stretch to forecast, and what simple rivals score."""

    inputs: torch.Tensor  # (N, window, 1)
    targets: torch.Tensor  # (N, k, 1), the values that the last k outputs should be
    val_inputs: torch.Tensor
    val_targets: torch.Tensor  # (M, 1, 1)
    stretch: np.ndarray  # (lead + AHEAD, 1); the forecast starts after `lead` values
    lead: int
    rivals: dict[str, float]  # mean squared errors on the validation pairs


def make_data(settings: Settings) -> Data:
    window, lead = settings["window"], max(settings["window"], PAST)
    rng = np.random.default_rng(settings["seed"])
    series, clean = _series(settings, rng, lead + AHEAD)
    windows = [_windows(part, window) for part in series]
    (inputs, after), (val_inputs, val_after) = windows
    # At random: an even spacing could always meet a periodic signal at the same place.
    chosen = rng.permutation(len(val_inputs))[:64]
    val_inputs, val_after = val_inputs[chosen], val_after[chosen]
    rivals = {"persistence": np.mean((val_after - val_inputs[:, -1:]) ** 2)}
    if window > 1:
        rivals["AR"] = np.mean((val_after - _autoregression(inputs, after, val_inputs)) ** 2)
    if settings["noise"]:
        _, clean_after = _windows(clean, window)
        rivals["noise floor"] = np.mean((val_after - clean_after[chosen]) ** 2)
    targets = after
    if settings["loss"] == "every output":
        warmup = min(5, window - 1)
        targets = np.concatenate([inputs[:, 1:], after], axis=1)[:, warmup:]
    tensors = [torch.tensor(a, dtype=torch.float32) for a in (inputs, targets, val_inputs)]
    val_targets = torch.tensor(val_after, dtype=torch.float32)
    rivals = {name: float(score) for name, score in rivals.items()}
    return Data(*tensors, val_targets, series[1][0][: lead + AHEAD], lead, rivals)


def _series(settings: Settings, rng, least: int) -> tuple[list, list]:
    """Training and validation series, each a list of (time, 1), and the validation ones clean."""
    signal, points, noise = settings["signal"], settings["points"], settings["noise"]
    if signal == "family of waves":
        lengths = [[settings["window"] + 1] * number for number in FAMILY]
        lengths[1][0] = least  # the one that is shown goes on
        factors = [rng.uniform(0.6, 1.4, number) for number in FAMILY]
        parts = [
            [clean_signal("sine", points * f, n, rng.uniform()) for f, n in zip(*both, strict=True)]
            for both in zip(factors, lengths, strict=True)
        ]
    else:
        whole = clean_signal(signal, points, TRAIN + VALIDATION)
        parts = [[whole[:TRAIN]], [whole[TRAIN:]]]
    noisy = [[s + noise * rng.standard_normal(s.shape) for s in part] for part in parts]
    return noisy, parts[1]


def _windows(series: list[np.ndarray], window: int) -> tuple[np.ndarray, np.ndarray]:
    pairs = [create_sequences(one, window) for one in series]
    if len(pairs) == 1:
        return pairs[0]
    firsts = [(inputs[:1], after[:1]) for inputs, after in pairs]
    return tuple(np.concatenate(part) for part in zip(*firsts, strict=True))


def _autoregression(inputs: np.ndarray, after: np.ndarray, val_inputs: np.ndarray) -> np.ndarray:
    """Least squares on the last values of a window, at most 32, with a constant; (M, 1, 1)."""
    order = min(32, inputs.shape[1])

    def design(windows):
        return np.column_stack([windows[:, -order:, 0], np.ones(len(windows))])

    weights = np.linalg.lstsq(design(inputs), after[:, 0], rcond=None)[0]
    return (design(val_inputs) @ weights)[:, None]


# ==== One run

CHECK_EVERY = 25  # steps between two looks at the validation loss
DIVERGED = 1e6  # a loss this large, or NaN, does not come back; the signals are within 1.4


class Run:
    """A network, its data and its training, one optimiser step at a time.

    The same settings and live changes give the same losses, bit by bit, on one machine and
    version of PyTorch. For this it sets PyTorch to one thread, which is also faster here. (Start
    runs one after the other: the first weights come from PyTorch's one generator.)
    """

    def __init__(self, settings: Settings, changes: Changes = (), data: Data | None = None) -> None:
        torch.set_num_threads(1)
        self.settings = dict(settings)
        self.started_with = dict(settings)
        self.changes: list[tuple[int, str, object]] = []
        self._due = deque(changes)  # live changes of a shared text that are still to come
        self.data = data or make_data(settings)
        self.losses: list[float] = []
        self.checks: list[tuple[int, float]] = []  # (step, validation loss)
        self.diverged = False
        self.kept = False  # among the earlier runs
        self._begin()

    def _begin(self) -> None:
        s = self.settings
        outside = torch.get_rng_state()
        torch.manual_seed(s["seed"])
        dropout = s["dropout"] if s["layers"] > 1 else 0.0
        self.model = Forecaster(s["cell"], 1, s["hidden"], s["layers"], dropout)
        self._rng = torch.get_rng_state()
        torch.set_rng_state(outside)
        if s["cell"] == "LSTM" and s["bias"] != "as drawn":
            set_forget_bias(self.model, s["bias"])
        kind = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}[s["optimizer"]]
        self.optimizer = kind(self.model.parameters(), lr=s["lr"])
        self._pairs = self._draw_batches()
        self._training = self._train()
        self.parameters = sum(p.numel() for p in self.model.parameters())
        self._check()

    def _draw_batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        generator = torch.Generator().manual_seed(self.settings["seed"])
        while True:
            size = (self.settings["batch"],)
            chosen = torch.randint(len(self.data.inputs), size, generator=generator)
            yield self.data.inputs[chosen], self.data.targets[chosen]

    def _train(self) -> Iterator[tuple[float, float]]:
        clip = self.settings["clip"]
        clip = math.inf if clip == "off" else clip
        return train(self.model, nn.MSELoss(), self.optimizer, self._pairs, clip)

    @property
    def step_count(self) -> int:
        return len(self.losses)

    @property
    def ended(self) -> bool:
        return self.diverged or self.step_count >= self.settings["steps"]

    def set_live(self, name: str, value) -> None:
        """Change a live setting from the next step on, and remember when. Weights are kept."""
        if self.settings[name] == value:
            return
        self.settings[name] = value
        if self.step_count == 0:
            self.started_with[name] = value
        else:
            self.changes.append((self.step_count, name, value))
        if name == "lr":
            self.optimizer.param_groups[0]["lr"] = value
        elif name == "clip":
            self._training = self._train()  # it goes on with the same batches
        elif name == "dropout" and self.settings["layers"] > 1:
            self.model.rnn.dropout = value

    def step(self) -> None:
        """One optimiser step, with the live changes that are due before it."""
        while self._due and self._due[0][0] <= self.step_count:
            _, name, value = self._due.popleft()
            self.set_live(name, value)
        if self.settings["dropout"] and self.settings["layers"] > 1:
            with torch.random.fork_rng(devices=[]):  # the rest of the notebook may draw as well
                torch.set_rng_state(self._rng)
                loss, _ = next(self._training)
                self._rng = torch.get_rng_state()
        else:
            loss, _ = next(self._training)
        self.losses.append(loss)
        self.diverged = not loss < DIVERGED
        if not self.diverged and (self.step_count % CHECK_EVERY == 0 or self.ended):
            self._check()

    def _check(self) -> None:
        loss = evaluate(self.model, nn.MSELoss(), self.data.val_inputs, self.data.val_targets)
        self.checks.append((self.step_count, loss))
        self.diverged = not loss < DIVERGED

    def run(self, steps: int) -> None:
        """Up to `steps` optimiser steps: fewer if the run ends before."""
        for _ in range(steps):
            if self.ended:
                return
            self.step()

    def scores(self) -> dict[str, float]:
        """Mean squared errors: "validation", one step ahead, beside the rivals'; and "loop".

        "loop" is in closed loop over the `AHEAD` steps that are shown.
        """
        if self.diverged:
            return {**self.data.rivals, "validation": math.inf, "loop": math.inf}
        error = self.forecast() - self.data.stretch[self.data.lead :]
        loop = float(np.mean(error**2))
        return {**self.data.rivals, "validation": self.checks[-1][1], "loop": loop}

    def forecast(self) -> np.ndarray:
        """In closed loop from the stretch's origin, (AHEAD, 1)."""
        lead, window = self.data.lead, self.settings["window"]
        return closed_loop(self.model, self.data.stretch[None, lead - window : lead], AHEAD)[0]

    def one_step(self) -> np.ndarray:
        """One step ahead all along the stretch, from true values; (lead + AHEAD - 1, 1)."""
        self.model.eval()
        with torch.no_grad():
            return self.model(torch.tensor(self.data.stretch[None, :-1]).float())[0].numpy()

    def inside(self, layer: int, what: str) -> tuple[str, np.ndarray]:
        """A title, and gates or states of a layer along the stretch: (lead + AHEAD, hidden).

        `what` is one of `INSIDE`. Equations as in PyTorch's documentation of LSTM and GRU.
        """
        s, x = self.settings, torch.tensor(self.data.stretch[None]).float()
        with torch.no_grad():
            for k in range(min(layer, s["layers"])):
                below, (x, _) = x, _layer(self.model.rnn, k)(x)
            weights = [getattr(self.model.rnn, f"{name}_l{k}") for name in PARTS]
            w_in, w_state, b_in, b_state = weights
            before = torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)
            from_input = (below @ w_in.T + b_in)[0]
            from_state = (before @ w_state.T + b_state)[0]
        states, size = x[0].numpy(), s["hidden"]
        if s["cell"] == "LSTM":
            i, f, g, o = (from_input + from_state).split(size, dim=1)
            i, f, o = (gate.sigmoid().numpy() for gate in (i, f, o))
            cells = _cell_states(f, i * g.tanh().numpy())
            return what, dict(zip(INSIDE, (f, i, o, cells, states), strict=True))[what]
        if s["cell"] == "GRU" and what in ("forget gate", "input gate"):
            k = slice(size, 2 * size)  # order: reset, update, new
            keep = (from_input[:, k] + from_state[:, k]).sigmoid().numpy()
            return "update gate (1: keep)", keep if what == "forget gate" else 1 - keep
        name = "a GRU" if s["cell"] == "GRU" else "an RNN"
        return f"hidden state ({name} has no {what})", states


INSIDE = ("forget gate", "input gate", "output gate", "cell state", "hidden state")
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _layer(rnn: nn.RNNBase, k: int) -> nn.RNNBase:
    """One layer of a network as a network of its own, with the same weights."""
    size = rnn.input_size if k == 0 else rnn.hidden_size
    layer = type(rnn)(size, rnn.hidden_size, batch_first=True)
    for name in PARTS:
        setattr(layer, f"{name}_l0", getattr(rnn, f"{name}_l{k}"))
    return layer


def _cell_states(forget: np.ndarray, new: np.ndarray) -> np.ndarray:
    cells, cell = np.zeros_like(forget), 0.0
    for t, (f, n) in enumerate(zip(forget, new, strict=True)):
        cell = f * cell + n
        cells[t] = cell
    return cells


def set_forget_bias(model: Forecaster, bias: float) -> None:
    """Set the sum of an LSTM's two forget-gate biases, in every layer."""
    size = model.rnn.hidden_size
    for k in range(model.rnn.num_layers):
        nn.init.constant_(getattr(model.rnn, f"bias_ih_l{k}").data[size : 2 * size], bias)
        nn.init.zeros_(getattr(model.rnn, f"bias_hh_l{k}").data[size : 2 * size])


HISTORY = 8  # earlier runs that are kept


@dataclass(frozen=True)
class Record:
    """What is kept of an earlier run."""

    number: int
    name: str  # its settings, as far as they differ from the run before
    text: str  # the line that brings it back
    settings: Settings
    checks: list[tuple[int, float]]
    scores: dict[str, float]
    parameters: int
    diverged: bool
    steps: int


# ==== The picture

LEAST, MOST = 1e-5, 10.0  # of the loss axis


class Screen:
    """One persistent figure. Only what changes is drawn anew, over a copy of what does not."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(8.0, 5.2), dpi=100, facecolor="white", layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self._settled: list = []  # labels, truth, rivals, earlier runs: new with the settings
        self._slow: list = []  # forecast and heat map: new every second or two
        self._fast: list = []  # losses: new in every picture
        self._loss_axes()
        self._forecast_axes()
        self._heat_map()
        self._state = ""  # written by Pillow, which is ten times as fast as matplotlib there
        file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
        self._font = ImageFont.truetype(file, 12.5)
        self._palette = _palette()
        self._caption = self._text(self._settled, 0.988, 0.965, "", fontsize=9, ha="right")
        self.canvas.draw()
        self._base = self.canvas.copy_from_bbox(self.figure.bbox)
        self._with_settled = self._with_slow = self._base
        self._settled_for: tuple = ()

    def _axes(self, place: list[float], title: str) -> object:
        ax = self.figure.add_axes(place)
        ax.set_title(title, loc="left", fontsize=10, color="#333333")
        ax.tick_params(labelsize=8.5, colors="#555555")
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def _line(self, group: list, ax, color: str, style: str = "-", width: float = 1.6, **kwargs):
        (line,) = ax.plot([], [], style, color=color, lw=width, animated=True, **kwargs)
        group.append(line)
        return line

    def _text(self, group: list, x: float, y: float, text: str, ax=None, **kwargs):
        owner = ax or self.figure
        kwargs = {"fontsize": 8.5, "va": "center", "animated": True, **kwargs}
        group.append(owner.text(x, y, text, **kwargs))
        return group[-1]

    def _loss_axes(self) -> None:
        ax = self._axes([0.07, 0.56, 0.36, 0.34], "Loss (MSE)")
        ax.set(yscale="log", xlim=(0, 1.28), ylim=(LEAST, MOST))
        ax.set_xticks([0, 0.5, 1], ["", "", ""])
        ax.set_xlabel("optimiser step", fontsize=9, color="#333333", labelpad=14)
        ax.minorticks_off()
        self._ticks = [
            self._text(self._settled, x, 3.2e-6, "", ax, ha="center", color="#555555")
            for x in (0, 0.5, 1)
        ]
        self._earlier = [self._line(self._settled, ax, "#BBBBBB", width=1) for _ in range(HISTORY)]
        dashes = {"persistence": "--", "AR": "-", "noise floor": ":"}
        self._samples = {"persistence": "- -", "AR": "—", "noise floor": "···"}
        self._rivals = {
            name: self._line(self._settled, ax, COLORS["baseline"], dash, 1.2)
            for name, dash in dashes.items()
        }
        self._rival_names = {
            name: self._text(self._settled, 1.02, 1, "", ax, color=COLORS["baseline"])
            for name in dashes
        }
        self._training = self._line(self._fast, ax, "k", width=0.7)
        self._validation = self._line(self._fast, ax, COLORS["truth"], "-o", 1.6, markersize=2.5)
        ax.text(0.3, 5, "validation", fontsize=8.5, color=COLORS["truth"], va="center")
        self._training_name = self._text(self._settled, 0.03, 5, "training", ax)
        self._message = self._text(
            self._fast, 0.5, 0.9, "", ax, ha="center", weight="bold", color=COLORS["RNN"]
        )

    def _forecast_axes(self) -> None:
        ax = self._axes([0.52, 0.56, 0.465, 0.34], "Forecast")
        ax.set(xlim=(-PAST, AHEAD), ylim=(-2, 2))
        ax.set_xlabel("steps from the forecast origin", fontsize=9, color="#333333")
        ax.axvspan(0, AHEAD, color=COLORS["shade"], lw=0, zorder=0)
        ax.text(-48, 1.78, "truth", fontsize=8.5, va="center", color=COLORS["truth"])
        self._truth = self._line(self._settled, ax, COLORS["truth"], width=1)
        self._one_step = self._line(self._slow, ax, "k", "--", 1.2)
        self._loop = self._line(self._slow, ax, "k", width=2)
        self._names = [
            self._text(self._settled, -22, 1.78, "dashed: one step ahead", ax),
            self._text(self._settled, 33, 1.78, "solid: closed loop", ax),
        ]

    def _heat_map(self) -> None:
        ax = self._axes([0.07, 0.075, 0.855, 0.33], "")
        ax.set(xlim=(-PAST, AHEAD), ylim=(0, 1), yticks=[])
        ax.set_ylabel("units", fontsize=9, color="#333333")
        extent = (-PAST, AHEAD, 0, 1)
        self._inside = ax.imshow(
            np.zeros((2, 2)),
            extent=extent,
            aspect="auto",
            cmap="cividis",
            interpolation="nearest",
            animated=True,
        )
        self._slow.append(self._inside)
        self._line(self._slow, ax, "white", ":", 1.2).set_data([0, 0], [0, 1])
        self._inside_name = self._text(
            self._settled, -PAST, 1.055, "", ax, fontsize=10, color="#333333"
        )
        bar = self.figure.add_axes([0.94, 0.075, 0.014, 0.33])
        bar.imshow(np.linspace(1, 0, 64)[:, None], aspect="auto", cmap="cividis")
        bar.set(xticks=[], yticks=[])
        self._ends = [self._text(self._settled, 0.959, y, "", fontsize=8.5) for y in (0.085, 0.395)]

    def show_slow(
        self, run: Run, earlier: list[Record], what: str, layer: int, caption: str = ""
    ) -> None:
        """Draw anew what costs a pass through the network, and after a change what settings say."""
        past = slice(run.data.lead - PAST, None)
        x = np.arange(-PAST, AHEAD)
        self._one_step.set_data(x[1:], np.clip(run.one_step()[past, 0], -9, 9)[-len(x) + 1 :])
        self._loop.set_data(x[PAST:], np.clip(run.forecast()[:, 0], -9, 9))
        title, values = run.inside(layer, what)
        low = 0 if title.endswith(("gate", "keep)")) else -1
        self._inside.set_data(np.nan_to_num(values[past]).T)
        self._inside.set_clim(low, 1)
        numbers = tuple(record.number for record in earlier)
        settled_for = (run, run.settings["steps"], numbers, title, layer, caption)
        if settled_for != self._settled_for:
            self._settled_for = settled_for
            self._show_yardsticks(run, earlier)
            self._caption.set_text(caption)
            self._truth.set_data(x, run.data.stretch[past, 0])
            cell, number = run.settings["cell"], min(layer, run.settings["layers"])
            for artist in (self._one_step, self._loop, *self._names):
                artist.set_color(COLORS[cell])
            self._inside_name.set_text(f"{cell}, layer {number}: {title} of each unit, over time")
            for text, end in zip(self._ends, (low, 1), strict=True):
                text.set_text(f"{end}")
            self._paint(self._base, self._settled)
            self._with_settled = self.canvas.copy_from_bbox(self.figure.bbox)
        self._paint(self._with_settled, self._slow)
        self._with_slow = self.canvas.copy_from_bbox(self.figure.bbox)

    def show_fast(self, run: Run, state: str = "finished") -> None:
        """Draw the loss curves anew, over what `show_slow` drew last."""
        budget = run.settings["steps"]
        color = COLORS[run.settings["cell"]]
        stride = max(1, run.step_count // 300)
        losses = np.clip(run.losses[::stride], LEAST, MOST)
        self._training.set_data(np.arange(1, run.step_count + 1, stride) / budget, losses)
        self._training.set_color(color)
        checks = np.array(run.checks)
        self._validation.set_data(checks[:, 0] / budget, np.clip(checks[:, 1], LEAST, MOST))
        at = run.step_count
        self._message.set_text(f"diverged at step {at}: press Reset" if run.diverged else "")
        self._state = f"{run.parameters:,} parameters, step {at} of {budget}, {state}"
        self._paint(self._with_slow, self._fast)

    def _show_yardsticks(self, run: Run, earlier: list[Record]) -> None:
        budget = run.settings["steps"]
        for k, line in enumerate(self._earlier):
            checks = np.array(earlier[k].checks if k < len(earlier) else np.zeros((0, 2)))
            line.set_data(checks[:, 0] / budget, np.clip(checks[:, 1], LEAST, MOST))
        for text, share in zip(self._ticks, (0, 0.5, 1), strict=True):
            text.set_text(f"{budget * share:g}")
        self._training_name.set_color(COLORS[run.settings["cell"]])
        self._show_rivals(run.data.rivals)

    def _show_rivals(self, rivals: dict[str, float]) -> None:
        below = math.inf  # the names, from the top, at least 0.45 decades apart
        names = sorted(self._rivals, key=lambda name: -rivals.get(name, 0))
        for name in names:
            text, line = self._rival_names[name], self._rivals[name]
            seen = name in rivals and rivals[name] > LEAST
            text.set_text(f"{self._samples[name]} {name}" if seen else "")
            line.set_data([0, 1] if seen else [], [rivals[name]] * 2 if seen else [])
            if seen:
                below = min(rivals[name], below / 10**0.45)
                text.set_y(below)

    def _paint(self, background, artists: list) -> None:
        self.canvas.restore_region(background)
        renderer = self.canvas.get_renderer()
        for artist in artists:
            artist.draw(renderer)  # an empty text or line costs next to nothing

    def picture(self) -> bytes:
        """The picture as PNG, in the colours of `_palette`: half the time and size of all."""
        image = Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB")
        ImageDraw.Draw(image).text((10, 11), self._state, "black", self._font)
        buffer = io.BytesIO()
        few = image.quantize(palette=self._palette, dither=Image.Dither.NONE)
        few.save(buffer, "png", compress_level=1)
        return buffer.getvalue()


def _palette() -> Image.Image:
    """256 colours: cividis, greys, and each cell's colour fading into white or shade.

    Pillow looks colours up in steps of 8, so no grey comes near white or shade.
    """
    parts = [matplotlib.colormaps["cividis"](np.linspace(0, 1, 136))[:, :3]]
    parts.append(np.linspace(0, 0.86, 48)[:, None] * np.ones(3))
    for color, ground in itertools.product(CELLS, ("white", COLORS["shade"])):
        ends = [matplotlib.colors.to_rgb(c) for c in (COLORS[color], ground)]
        parts.append(np.linspace(*ends, 12))
    image = Image.new("P", (1, 1))
    image.putpalette((255 * np.concatenate(parts)).round().astype(np.uint8).tobytes())
    return image


# ==== Challenges


@dataclass(frozen=True)
class Challenge:
    """A question to answer before running, a start, a goal that code checks, and what follows.

    `reached(run, earlier)` sees the run that has just ended and the records since the challenge
    began, with the latest last.
    """

    name: str
    question: str
    start: Settings
    reached: Callable[[Run, list[Record]], bool]
    goal: str
    hint: str
    explanation: str


def _changed(run: Run, start: Settings) -> list[str]:
    """The settings in which a run differs from a challenge's start, live changes included."""
    return [n for n in CONTROLS if run.settings[n] != start[n] or run.started_with[n] != start[n]]


def _ratio(run: Run, rival: str) -> float:
    """The validation loss over a rival's; infinite where there is no such rival."""
    scores = run.scores()
    return scores["validation"] / scores.get(rival, 0) if scores.get(rival) else math.inf


def _same_data(run: Run, name: str) -> bool:
    return not {"signal", "noise", "points"} & set(_changed(run, CHALLENGES[name].start))


def _start(**settings) -> Settings:
    return {**DEFAULTS, **settings}


def _rescued(run: Run, earlier: list[Record]) -> bool:
    changed = _changed(run, CHALLENGES["rescue"].start)
    return len(changed) == 1 and _ratio(run, "persistence") < 0.5


def _raised_live(run: Run, earlier: list[Record]) -> bool:
    changed = {name for _, name, _ in run.changes}
    as_asked = run.started_with == CHALLENGES["live"].start and changed == {"lr"}
    return as_asked and _ratio(run, "persistence") < 0.5


def _both_cells(run: Run, earlier: list[Record]) -> bool:
    """An RNN that failed and an LSTM that did not, all else as at the start of the challenge."""
    runs = [(r.settings, r.scores) for r in earlier] + [(run.settings, run.scores())]
    ratios = {"RNN": 0.0, "LSTM": math.inf}
    for settings, scores in runs:
        if settings == {**CHALLENGES["gap"].start, "cell": settings["cell"]}:
            ratios[settings["cell"]] = scores["validation"] / scores["persistence"]
    return ratios["RNN"] > 0.12 and ratios["LSTM"] < 0.06


def _standing(run: Run) -> str:
    """How far a run has come, in the terms of the goals."""
    scores = run.scores()
    rivals = {name: score for name, score in run.data.rivals.items() if score > LEAST}
    ratios = [f"{scores['validation'] / score:.3g} times {name}" for name, score in rivals.items()]
    return f"This run: {', '.join(ratios)}; closed loop {scores['loop']:.2g}."


_SQUARE = _start(signal="square with a long gap", noise=0.0, points=12, bias=1.0)
_SQUARE |= {"window": 75, "hidden": 32, "steps": 1000, "lr": 0.003}

CHALLENGES = {
    "floor": Challenge(
        "1 · To the floor",
        "How many steps does the network need to come within 20 % of the noise floor: "
        "about 100, 300 or 1000? Guess, then press Play.",
        _start(steps=100, lr=0.001),
        lambda run, _: _same_data(run, "floor") and _ratio(run, "noise floor") < 1.2,
        "the same signal and noise, validation loss less than 1.2 times the noise floor",
        "The curve is still falling when the budget ends. Give it more steps, or larger ones.",
        "With 16 units and this seed, at a learning rate of 0.001 a hundred steps are too few and "
        "three hundred are enough; at 0.003 a hundred are. Other seeds need more or fewer. No "
        "setting gets far below the floor: noise cannot be forecast.",
    ),
    "rescue": Challenge(
        "2 · Save it with one control",
        "This run will not survive. Which single control can save it? There is more than one.",
        _start(optimizer="SGD", lr=3.0, cell="RNN", steps=300),
        _rescued,
        "one control changed, no divergence, and less than half of persistence's error",
        "Either the steps are too long, or the gradient that sets their length is.",
        "Gradient descent steps as far as learning rate times gradient. Rates from 0.01 to 0.3 "
        "help (smaller ones survive, but get nowhere in 300 steps), and so does clipping at 0.01. "
        "Clipping at 0.1 or 1 is not enough, and Adam at 3 does not help: it sets the length "
        "itself.",
    ),
    "live": Challenge(
        "3 · Live, without losing the weights",
        "The learning rate is far too low. What happens to the curve if you raise it while the "
        "network trains? Press Play, then move the slider before the budget ends.",
        _start(signal="two sines", lr=0.0001, steps=2000, hidden=4, batch=4),
        _raised_live,
        "this very run, with nothing changed but the learning rate, live, and below half of "
        "persistence's error at the end",
        "The learning rate is marked live. Press Reset, Play, and move it during the run; a lower "
        "speed gives you time.",
        "The weights stay, only the steps get longer, so the curve bends at once. The line under "
        "Share has the change and its step, and reproduces the run.",
    ),
    "small": Challenge(
        "4 · As small as possible",
        "How few parameters reach the noise floor? Guess a hidden size.",
        _start(hidden=64, noise=0.2, steps=1000),
        lambda run, _: _same_data(run, "small")
        and run.parameters <= 100
        and _ratio(run, "noise floor") < 1.25,
        "the same signal and noise, at most 100 parameters, validation loss less than 1.25 times "
        "the noise floor",
        "Four units of an LSTM have 117 parameters with the linear layer. A GRU has three blocks "
        "where an LSTM has four, a plain RNN has one, and there are sizes below four.",
        "Two units do it in four of the seeds 0 to 4, in an LSTM (43 parameters) and in a plain "
        "RNN (13): a sine is a rotation, and a rotation needs two numbers. One LSTM unit has two "
        "as well, c and h, but at a rate of 0.03 only one of these seeds finds the way. Remember "
        "AR: 33 weights and no training.",
    ),
    "illusion": Challenge(
        "5 · One step perfect, closed loop wrong",
        "Can a network that is nearly perfect one step ahead fail in closed loop? Predict, then "
        "build it.",
        _start(noise=0.0),
        lambda run, _: _ratio(run, "persistence") < 0.05 and run.scores()["loop"] > 0.2,
        "less than 5 % of persistence's error one step ahead, but a mean squared error above 0.2 "
        "in closed loop",
        "In closed loop the state lives for 80 steps. Which control decides how old a state gets "
        "in training?",
        "At the end of a short window the last few values nearly give the next one, and so the "
        "validation loss is tiny. In closed loop the network runs on its own output for 80 steps, "
        "on a state that is older than any in training. (AR with five values has no such "
        "trouble: a clean sine is linear.)",
    ),
    "gap": Challenge(
        "6 · Where an RNN fails and an LSTM does not",
        "After each pair of pulses comes a gap of 40 zeros. Who can count to 40? Train an RNN, "
        "then an LSTM, with the same settings.",
        {**_SQUARE, "cell": "RNN", "points": 16, "seed": 1},
        _both_cells,
        "two runs with the settings of the start, but for the cell type: the RNN above 12 % of "
        "persistence's error, the LSTM below 6 %",
        "Let the RNN finish its run, then change only the cell type and let the LSTM finish. "
        "Look at the forecast: who knows when the gap ends?",
        "To know when the gap ends, a number has to survive 40 steps without a trace of it in the "
        "input. The cell state carries it from step to step; the state of a plain RNN is rewritten "
        "at every step. (One run proves little, and the seed is 1 because the RNN of seed 0 gets "
        "there. Of the seeds 0 to 4, four RNNs end above 12 %, and one LSTM; but the LSTM is ahead "
        "in all five.)",
    ),
    "forget": Challenge(
        "7 · Forget on purpose",
        "This LSTM learns to count through a gap of 30 zeros. Make it forget, with one control "
        "under Network that leaves its cells and sizes as they are.",
        _SQUARE,
        lambda run, _: _changed(run, _SQUARE) == ["bias"] and _ratio(run, "persistence") > 0.12,
        "this LSTM, with one control under Network changed, not its type or sizes, and an end "
        "above 12 % of persistence's error",
        "The forget gate decides how much of the cell state survives a step. Its bias can be set.",
        "A bias of -2 starts the forget gates near 0.12: after two steps a hundredth is left, and "
        "so it is with the gradient. Look at the forget gate's heat map: training must raise it. "
        "(In one of the seeds 0 to 4 it does: the LSTM ends at 1 %.)",
    ),
    "family": Challenge(
        "8 · One network for all",
        "In the family every series has a period of its own. Can a network beat one AR that was "
        "fitted to all of them? How, if the weights are fixed?",
        _start(signal="family of waves", window=5, points=25, steps=2000, lr=0.01),
        lambda run, _: _same_data(run, "family") and _ratio(run, "AR") < 0.8,
        "the same family and noise, less than 80 % of AR's validation loss",
        "To find out a period through the noise, the network must see more of the wave than five "
        "values.",
        "The weights are fixed, the state is not: from the context the network learns which wave "
        "this is. AR has one set of weights, and with noise they are a compromise between all "
        "periods. (See the closed loop as well: a window of 10 wins here, and forecasts badly.)",
    ),
    "budget": Challenge(
        "9 · Fast and good",
        "Two sines at once, 200 steps. Which settings get below 1.5 times the noise floor? "
        "Name those that matter before you try.",
        _start(signal="two sines", steps=200, lr=0.003, hidden=8, batch=4, window=20),
        lambda run, _: (
            _same_data(run, "budget") and run.step_count <= 200 and _ratio(run, "noise floor") < 1.5
        ),
        "the same signal and noise, at most 200 steps, less than 1.5 times the noise floor",
        "Learning rate first. Then what a step sees: batch size and window length. Then the "
        "hidden size.",
        "None of the four does it alone. A window of 20 sees less than a period, a batch of 4 "
        "gives a noisy gradient, 8 units are few, and at a rate of 0.003 two hundred steps do not "
        "lead far. Several together do it, and there is more than one such set.",
    ),
}


# ==== The widgets

SLICE = 0.02  # seconds of training between two looks into the mailbox
PICTURES = 10  # a second, while training
SLOW_EVERY = 1.5  # seconds between two passes through the network for the picture
SPEEDS = {"full speed": math.inf, "100 steps/s": 100.0, "20 steps/s": 20.0, "5 steps/s": 5.0}
# ipywidgets reserves 80 px for a slider's value, and leaves 60 to the slider.
STYLE = """<style>
.lstm-playground .widget-readout { min-width: 46px; width: 46px }
.lstm-playground .widget-html-content { line-height: 1.4 }
</style>"""
VIEW = ("what", "layer", "speed")  # of the picture; not part of a run's settings
PARTS_TO_HIDE = (*CONTROLS, *VIEW, "challenges", "history", "share")


class Playground(widgets.VBox):
    """All settings of a small recurrent network on controls, beside its training and forecast.

    hide: names of controls (as in `CONTROLS`), of "what", "layer", "speed", or of the parts
    "challenges", "history", "share" that are not shown.
    challenge: the name of one of `CHALLENGES` to begin with.
    config: a line of settings, as under Share, to begin with.

    Needs a front end that updates widgets in the background. Elsewhere, `set` and `run` do the
    same in a cell. Made again, it stops the playground that was there before.
    Raises ValueError for a name or a text that it does not know.
    """

    _alive: ClassVar[Playground | None] = None
    _task: asyncio.Task | None = None

    def __init__(self, hide: tuple | list = (), challenge: str = "", config: str = "") -> None:
        for name in hide:
            if name not in PARTS_TO_HIDE:
                raise ValueError(f"hide has {name!r}; allowed: {', '.join(PARTS_TO_HIDE)}")
        if challenge and challenge not in CHALLENGES:
            raise ValueError(f"challenge is {challenge!r}; allowed: {', '.join(CHALLENGES)}")
        settings, changes = from_text(config)
        self.mailbox: deque[tuple[str, object]] = deque()
        self.history: list[Record] = []
        self.faults: deque[str] = deque(maxlen=20)  # what the task has shown and survived
        self._undo: list[tuple[Settings, list[Record], Challenge | None, int]] = []
        self._started = 0  # runs, by their number
        self._number = 0
        self._last_settings = dict(DEFAULTS)
        self.challenge: Challenge | None = None
        self._since = 0  # the number of the last run before the challenge began
        self.view = {"what": INSIDE[0], "layer": 1, "speed": "full speed"}
        self.playing = True
        self._rate, self._clock, self._owed = 0.0, time.perf_counter(), 0.0
        self._drawn = self._drawn_slow = -math.inf
        self._stale = False
        self._left: list[Run] = []  # runs that a restart broke off, still to be recorded
        self._controls_stale = True  # they do not show the run's settings yet
        self._moved, self._moved_at = "", -math.inf  # the last control, for undo
        self.screen = Screen()
        self.session = Run(settings, changes)
        self._make_widgets(set(hide))
        if challenge:
            self._begin_challenge(CHALLENGES[challenge].name)
        self._sync()
        self._draw(slow=True)
        if Playground._alive:
            Playground._alive.close()
        Playground._alive = self
        with contextlib.suppress(RuntimeError):  # no loop, as in a plain script: use run()
            self._task = asyncio.get_running_loop().create_task(self._live())

    # ---- building

    def _make_widgets(self, hide: set[str]) -> None:
        self.controls = {name: self._control(name, c) for name, c in CONTROLS.items()}
        self.views = {
            "what": widgets.Dropdown(options=INSIDE, description="look at"),
            "layer": widgets.Dropdown(options=(1, 2, 3), description="layer"),
            "speed": widgets.Dropdown(options=tuple(SPEEDS), description="speed"),
        }
        self.buttons = {
            name: widgets.Button(description=name, layout={"width": "64px", "flex": "0 0 auto"})
            for name in ("Play", "Pause", "Step", "Reset", "Undo", "Clear", "Hint")
        }
        self.picker = widgets.Dropdown(
            options=["choose ...", *(c.name for c in CHALLENGES.values())],
            layout={"flex": "1 1 0", "min_width": "0"},
        )
        self.runs = widgets.Select(rows=3, layout={"width": "100%", "height": "64px"})
        self.share = widgets.Text(continuous_update=False, layout={"width": "100%"})
        self.status, self.task = widgets.HTML(), widgets.HTML()  # answers; the challenge's question
        self.image = widgets.Image(format="png", layout={"max_width": "100%"})
        named = [*self.controls.items(), *self.views.items()]
        named += [("challenge", self.picker), ("history", self.runs), ("share", self.share)]
        for name, widget in named:
            widget.observe(lambda change, name=name: self._post(name, change), names="value")
        for name, button in self.buttons.items():
            button.on_click(lambda _, name=name: self._press(name))
        self._lay_out(hide)

    def _control(self, name: str, control: Control) -> widgets.ValueWidget:
        options = dict(zip(map(_word, control.options), control.options, strict=True))
        few = len(control.options) <= 5 and not all(
            isinstance(o, (int, float)) for o in control.options
        )
        kind = widgets.Dropdown if few else widgets.SelectionSlider
        return kind(
            options=[(key.replace("-", " ") if few else key, v) for key, v in options.items()],
            value=control.default,
            description=control.label,
            tooltip=f"{control.label}: {_mark(control)}",
            style={"description_width": "116px"},
            layout={"width": "272px", "margin": "0"},
        )

    def _lay_out(self, hide: set[str]) -> None:
        def shown(named: dict) -> list:
            return [widget for name, widget in named.items() if name not in hide]

        def marked(name: str, widget: widgets.Widget) -> widgets.HBox:
            color = COLORS["GRU"] if CONTROLS[name].live else COLORS["baseline"]
            text = f"<span style='color:{color};font-size:11px'>{_mark(CONTROLS[name])}</span>"
            mark = widgets.HTML(text, layout={"margin": "0 0 0 4px"})
            return widgets.HBox([widget, mark], layout={"align_items": "center"})

        left, heading = [], {"margin": "5px 0 1px 0"}
        for group in dict.fromkeys(control.group for control in CONTROLS.values()):
            members = {n: c for n, c in self.controls.items() if CONTROLS[n].group == group}
            rows = shown({name: marked(name, control) for name, control in members.items()})
            if rows:
                left += [widgets.HTML(f"<b>{group}</b>", layout=heading), *rows]
        for view, width in (("what", "190px"), ("layer", "100px"), ("speed", "160px")):
            self.views[view].layout.width = width
            self.views[view].style.description_width = "initial"
        main = {k: self.buttons[k] for k in ("Play", "Pause", "Step", "Reset")}
        row = widgets.HBox([*main.values(), *shown(self.views)], layout={"flex_flow": "row wrap"})
        row.children = (*row.children, widgets.HTML(STYLE, layout={"display": "none"}))
        right = [row, self.status, self.image]
        if "challenges" not in hide:
            left.append(widgets.HTML("<b>Challenge</b>", layout=heading))
            row = [self.picker, self.buttons["Hint"]]
            left.append(widgets.HBox(row, layout={"width": "312px"}))
            right.insert(1, self.task)
        if "history" not in hide:
            buttons = widgets.VBox([self.buttons["Undo"], self.buttons["Clear"]])
            right.append(widgets.HBox([self.runs, buttons]))
        if "share" not in hide:
            row = [widgets.HTML("<b>Share</b>"), self.share]
            right.append(widgets.HBox(row, layout={"align_items": "center"}))
        column = widgets.VBox(left, layout={"flex": "0 0 326px", "overflow": "hidden"})
        body = widgets.VBox(right, layout={"flex": "1 1 0", "min_width": "0", "max_width": "780px"})
        super().__init__([widgets.HBox([column, body])], _dom_classes=["lstm-playground"])

    # ---- callbacks: they may run on any thread, so they only leave a message

    def _post(self, name: str, change) -> None:
        self.mailbox.append((name, change["new"]))

    def _press(self, name: str) -> None:
        self.mailbox.append((name, None))

    # ---- the task on the main loop

    async def _live(self) -> None:
        while True:
            if self._training:  # a message takes the loop a few rounds, not a millisecond's rest
                for _ in range(5):
                    await asyncio.sleep(0)
            else:
                await asyncio.sleep(0.008)
            try:
                self._turn()
            except Exception as error:  # shown, and the controls go on working
                self.faults.append(repr(error))
                self.playing = False
                self.status.value = f"{type(error).__name__}: {error}"

    @property
    def _training(self) -> bool:
        return self.playing and not self.session.ended

    def _turn(self) -> None:
        """Empty the mailbox, train for one slice, and draw if there is something new."""
        if self.drain():  # the reader first: a picture before the next slice
            self._draw(slow=False)
            self._record_left()
            self._sync()
            return
        if not self._training:
            if self._stale:
                self._draw(slow=True)
            return
        self._train_slice()
        now = time.perf_counter()
        if not self._training:
            self._finish()
            self._draw(slow=True)
        elif now - self._drawn >= 1 / PICTURES:
            self._draw(slow=now - self._drawn_slow >= SLOW_EVERY)

    def _train_slice(self) -> None:
        now, speed = time.perf_counter(), SPEEDS[self.view["speed"]]
        self._owed = min(self._owed + (now - self._clock) * speed, 1.0) if speed < math.inf else 1.0
        self._clock, end, before = now, now + SLICE, self.session.step_count
        changes = len(self.session.changes)
        while self._owed >= 1 and not self.session.ended and time.perf_counter() < end:
            self.session.step()
            self._owed -= speed < math.inf
            if self.mailbox:  # left by a subshell's thread; without one it is empty here
                break
        self._stale = True
        if len(self.session.changes) > changes:  # those of a shared text
            self._controls_stale = True
            self._sync()
        taken = time.perf_counter() - now
        steps = self.session.step_count - before
        if steps:
            rate = steps / taken if speed == math.inf else min(speed, steps / taken)
            self._rate = 0.9 * self._rate + 0.1 * rate if self._rate else rate

    def drain(self) -> bool:
        """Act on all messages that have come in since the last call. True if there were any."""
        changed, restart = False, None
        while self.mailbox:
            name, value = self.mailbox.popleft()
            if name in CONTROLS:
                settings = restart or self.session.settings
                if settings[name] == value:
                    continue  # the echo of a control that was moved from here
                changed = True
                self._remember_before(name)
                if restart is None and self._acts_live(name):
                    self._set_live(name, value)
                else:
                    restart = {**settings, name: value}
                continue
            if restart is not None:
                self._restart(restart)
                restart = None
            changed = self._act(name, value) or changed
        if restart is not None:
            self._restart(restart)
        self._stale = self._stale or changed
        return changed

    def _act(self, name: str, value) -> bool:
        if name in VIEW:
            if self.view[name] == value:
                return False
            self.view[name] = value
            self._clock, self._stale = time.perf_counter(), True
            return True
        if name in ("challenge", "history", "share"):
            return getattr(self, f"_on_{name}")(value)
        getattr(self, f"_on_{name.lower()}")()
        return True

    def _acts_live(self, name: str) -> bool:
        return name == "steps" or (name in LIVE and not self.session.ended)

    def _set_live(self, name: str, value) -> None:
        finished = self.session.ended
        self.session.set_live(name, value)
        self.session.kept = self.session.kept and self.session.ended
        if finished and not self.session.ended:
            self._clock = time.perf_counter()  # a larger budget: it goes on

    def _restart(self, settings: Settings, changes: Changes = ()) -> None:
        self._started += 1
        self._left.append(self.session)  # recorded after the next picture, which comes first
        same = all(settings[name] == self.session.settings[name] for name in OF_DATA)
        self.session = Run(settings, changes, self.session.data if same else None)
        self._owed, self._rate = 0.0, 0.0
        self._clock, self._stale = time.perf_counter(), True
        self._drawn_slow = self._clock - SLOW_EVERY + 0.25  # the first picture must come fast

    def _remember_before(self, name: str) -> None:
        """One undo takes back a whole drag of a slider, not its last notch."""
        now = time.perf_counter()
        if name != self._moved or now - self._moved_at > 2:
            self._remember()
        self._moved, self._moved_at = name, now

    def _remember(self) -> None:
        now = (dict(self.session.settings), list(self.history), self.challenge, self._started)
        self._undo.append(now)
        del self._undo[:-50]

    # ---- buttons, history, share, challenges

    def _on_play(self) -> None:
        if self.session.ended:
            self._restart(self.session.settings)
        self.playing, self._clock = True, time.perf_counter()

    def _on_pause(self) -> None:
        self.playing = False

    def _on_step(self) -> None:
        self.playing = False
        if not self.session.ended:
            self.session.step()
            self._stale = True
            if self.session.ended:
                self._finish()

    def _on_reset(self) -> None:
        self._restart(self.session.settings)
        self.playing = False

    def _on_undo(self) -> None:
        if not self._undo:
            self._say("Nothing to undo.")
            return
        settings, self.history, self.challenge, run = self._undo.pop()
        self._stale = self._controls_stale = True
        changed = [name for name in CONTROLS if settings[name] != self.session.settings[name]]
        if run == self._started and all(map(self._acts_live, changed)):
            for name in changed:
                self._set_live(name, settings[name])
        elif changed:
            self.session.kept = True  # an undone run is none to keep
            self._restart(settings)

    def _on_clear(self) -> None:
        self._remember()
        self.history = []
        self._stale = True

    def _on_hint(self) -> None:
        self._say(f"Hint: {self.challenge.hint}" if self.challenge else "Choose a challenge first.")

    def _on_history(self, number) -> bool:
        record = next((r for r in self.history if r.number == number), None)
        if record is None:
            return False
        self._remember()
        self._restart(*from_text(record.text))
        self._controls_stale = True
        return True

    def _on_share(self, text: str) -> bool:
        if text == _text_of(self.session):
            return False
        try:
            settings, changes = from_text(text)
        except ValueError as error:
            self._say(f"Nothing was changed. {error}")
            return True
        self._remember()
        self._restart(settings, changes)
        self._controls_stale = True
        return True

    def _on_challenge(self, name: str) -> bool:
        if name == (self.challenge.name if self.challenge else "choose ..."):
            return False
        self._remember()
        self._begin_challenge(name)
        return True

    def _begin_challenge(self, name: str) -> None:
        self.challenge = next((c for c in CHALLENGES.values() if c.name == name), None)
        if self.challenge:
            self._restart(self.challenge.start)
            self._controls_stale = True
            self._record_left()
            self._since, self.playing = self._number, False
            self._say(f"Goal: {self.challenge.goal}.")

    def _finish(self) -> None:
        """At the end of a run: keep it, and look whether it reaches the challenge's goal."""
        self._record(self.session)
        if not self.challenge:
            return
        earlier = [r for r in self.history[:-1] if r.number > self._since]
        if self.challenge.reached(self.session, earlier):
            self._say(f"<b>Reached.</b> {self.challenge.explanation}")
        else:
            standing = _standing(self.session)
            self._say(f"Not yet: {self.challenge.goal}. {standing} Hint: {self.challenge.hint}")

    def _record_left(self) -> None:
        while self._left:
            self._record(self._left.pop(0))

    def _record(self, run: Run) -> None:
        if run.kept or (run.step_count < 20 and not run.diverged):
            return
        run.kept, self._number = True, self._number + 1
        same = "as before" if self._number > 1 else "default settings"
        name = differences(run.settings, self._last_settings) or same
        self._last_settings = dict(run.settings)
        self.history.append(
            Record(
                self._number,
                name,
                _text_of(run),
                dict(run.settings),
                list(run.checks),
                run.scores(),
                run.parameters,
                run.diverged,
                run.step_count,
            )
        )
        del self.history[:-HISTORY]

    # ---- what is seen

    def _say(self, text: str) -> None:
        self.status.value = text

    def _sync(self) -> None:
        """Bring the widgets to what is true. (Their messages come back, and are known.)

        Not the controls that a reader moves: one may be on its way to the next notch already.
        """
        if self._controls_stale:
            self._controls_stale = False
            for name, widget in self.controls.items():
                widget.value = self.session.settings[name]
        self.share.value = _text_of(self.session)
        self.picker.value = self.challenge.name if self.challenge else "choose ..."
        self.task.value = self.challenge.question if self.challenge else ""
        options = [(_summary(record), record.number) for record in reversed(self.history)]
        options.insert(0, ("Earlier runs: choose one to bring its settings back", None))
        if list(self.runs.options) != options:
            self.runs.options = options  # which selects the first

    def _draw(self, slow: bool) -> None:
        run, live = self.session, self.session.settings
        if slow:
            earlier = self.history[:-1] if run.kept else self.history
            caption = ", ".join(f"{CONTROLS[name].label} {_word(live[name])}" for name in LIVE[:4])
            self.screen.show_slow(run, earlier, self.view["what"], self.view["layer"], caption)
            self._drawn_slow, self._stale = time.perf_counter(), False
        state = "diverged" if run.diverged else "finished" if run.ended else "paused"
        self.screen.show_fast(run, f"{self._rate:,.0f} steps/s" if self._training else state)
        self.image.value = self.screen.picture()
        self._drawn = time.perf_counter()
        if not self._training:
            self._sync()

    # ---- without background updates

    def set(self, **settings) -> None:
        """Change settings by name, as the controls do: ``set(hidden=32, lr=0.03)``."""
        text = " ".join(f"{name}={_word(value)}" for name, value in settings.items())
        from_text(text)  # raises for a name or value that is not allowed
        for word in text.split():
            self.mailbox.append(_parse(word))
        self._controls_stale = True
        if self.drain():
            self._record_left()
            self._draw(slow=True)
            self._sync()

    def run(self, steps: int) -> Picture:
        """Train up to `steps` steps at once, in the cell that calls it; the picture then.

        A run that has ended begins anew.
        """
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise ValueError(f"steps is {steps!r}; allowed: a whole number, at least 1")
        self.drain()
        if self.session.ended:
            self._restart(self.session.settings)
        self._record_left()
        self.playing = False
        self.session.run(steps)
        if self.session.ended:
            self._finish()
        self._draw(slow=True)
        return Picture(self.image.value)

    def close(self) -> None:
        """End the task and remove the widgets from the page."""
        if self._task:
            self._task.cancel()
        for widget in _all_widgets(self):
            widget.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs) -> dict:
        """With a kernel, the widgets. Without one, the picture of a finished run."""
        bundle = super()._repr_mimebundle_(**kwargs)
        finished = Run(self.session.started_with)
        finished.run(finished.settings["steps"])
        screen = Screen()
        screen.show_slow(finished, [], self.view["what"], 1)
        screen.show_fast(finished)
        bundle["text/plain"] = "The playground: run the notebook to use it"
        bundle["image/png"] = base64.b64encode(screen.picture()).decode()
        return bundle


def _mark(control: Control) -> str:
    return "live" if control.live else "restarts"


def _text_of(run: Run) -> str:
    """The line that reproduces a run, its live changes included."""
    return to_text(run.started_with, (*run.changes, *run._due))


def _summary(record: Record) -> str:
    scores = record.scores
    end = f"validation {scores['validation']:.3g}, closed loop {scores['loop']:.2g}"
    end = f"diverged at step {record.steps}" if record.diverged else end
    return f"{record.number}: {record.name}; {end}"


def _all_widgets(box: widgets.Box) -> list[widgets.Widget]:
    found = []
    for child in box.children:
        found += [*_all_widgets(child), child] if isinstance(child, widgets.Box) else [child]
    return found
