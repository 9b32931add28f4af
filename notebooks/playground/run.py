"""One network and its data, trained one optimiser step at a time. No widgets, no drawing."""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from helpers import Forecaster, closed_loop, evaluate, rmse_by_horizon, set_forget_bias, train

from .data import AHEAD, Data, make_data
from .settings import (
    CONTROLS,
    Changes,
    Settings,
    arguments,
    check_is_live,
    checked,
    checked_changes,
    checked_value,
    idle,
    to_text,
)

CHECK_EVERY = 25  # steps between two looks at the validation loss
DIVERGED = 1e6  # a loss this large, or NaN, does not come back; the signals are within 1.4
INSIDE = ("forget gate", "input gate", "output gate", "cell state", "hidden state")
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@dataclass(frozen=True)
class Record:
    """What is kept of a run that has ended, or was broken off."""

    number: int
    name: str  # its settings, as far as they differ from the run before
    text: str  # the line that brings it back
    settings: Settings  # at the end
    start: Settings
    changes: Changes
    checks: tuple[tuple[int, float], ...]  # (step, validation loss)
    scores: dict[str, float]
    parameters: int
    diverged: bool
    steps: int
    model: nn.Module  # as it was at the end


class Run:
    """A network, its data and its training, one optimiser step at a time.

    The same settings and live changes give the same losses, bit by bit, on one machine and
    version of PyTorch. For this it sets PyTorch to one thread, which is also faster here. (Start
    runs one after the other: the first weights come from PyTorch's one generator.)

    `settings` may leave out what is as by default, and may use the words of a shared line; `data`
    may be any `Data`. Raises ValueError for a wrong name or value.
    """

    def __init__(self, settings: Settings, changes: Changes = (), data: Data | None = None) -> None:
        torch.set_num_threads(1)
        self.settings = checked(settings)
        self.started_with = dict(self.settings)
        self.changes: list[tuple[int, str, object]] = []
        self._due = deque(
            checked_changes(changes, self.settings)
        )  # of a shared line, still to come
        self.data = data or make_data(self.settings)
        self.losses: list[float] = []
        self.checks: list[tuple[int, float]] = []  # (step, validation loss)
        self.diverged = False
        self._forecast: tuple[int, np.ndarray] | None = None  # the step that it belongs to
        self._begin()

    def _begin(self) -> None:
        s = self.settings
        outside = torch.get_rng_state()
        torch.manual_seed(s["seed"])
        dropout = s["dropout"] if s["layers"] > 1 else 0.0
        self.model = Forecaster(**arguments(s, "network"), dropout=dropout)
        self._rng = torch.get_rng_state()
        torch.set_rng_state(outside)
        if s["cell"] == "LSTM" and s["bias"] != "as drawn":
            set_forget_bias(self.model.rnn, s["bias"])
        kind = getattr(torch.optim, s["optimizer"])
        self.optimizer = kind(self.model.parameters(), **arguments(s, "training"), **memory(s))
        self._schedule = None
        if s["schedule"] == "one-cycle":
            cycle = torch.optim.lr_scheduler.OneCycleLR
            self._schedule = cycle(self.optimizer, s["lr"], total_steps=s["steps"])
        self._generator = torch.Generator().manual_seed(s["seed"])
        self._training = self._train()
        self.parameters = sum(p.numel() for p in self.model.parameters())
        self._check()
        self._change_what_is_due()

    def _draw_batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while True:
            size, chosen = self.settings["batch"], slice(None)
            if size != "all":
                total = len(self.data.inputs)
                chosen = torch.randint(total, (size,), generator=self._generator)
            yield self.data.inputs[chosen], self.data.targets[chosen]

    def _train(self) -> Iterator[tuple[float, float]]:
        clip = self.settings["clip"]
        clip = math.inf if clip == "off" else clip
        return train(self.model, nn.MSELoss(), self.optimizer, self._draw_batches(), clip)

    @property
    def step_count(self) -> int:
        return len(self.losses)

    @property
    def ended(self) -> bool:
        return self.diverged or self.step_count >= self.settings["steps"]

    @property
    def all_changes(self) -> Changes:
        """The live changes so far, and those of a shared line that are still to come."""
        return (*self.changes, *self._due)

    @property
    def text(self) -> str:
        """The line that reproduces the run, its live changes included."""
        return to_text(self.started_with, self.all_changes)

    def set_live(self, name: str, value) -> None:
        """Change a live setting from the next step on, and remember when. Weights are kept."""
        check_is_live(name, self.settings)
        value = checked_value(name, value)
        if self.settings[name] == value:
            return
        self.settings[name] = value
        if self.step_count == 0:
            self.started_with[name] = value
        else:
            self.changes.append((self.step_count, name, value))
        if idle(name, self.settings):
            return
        group = self.optimizer.param_groups[0]
        if name == "clip":
            self._training = self._train()  # it goes on with the next batch
        elif name == "dropout":
            self.model.rnn.dropout = value
        elif name == "momentum":
            group.update(memory(self.settings))
        elif name == "beta2":
            group["betas"] = (group["betas"][0], value)
        elif argument := CONTROLS[name].argument:
            group[argument] = value

    def step(self) -> None:
        """One optimiser step. Interrupted in it, the run goes on with the same batch."""
        before = self._generator.get_state()
        try:
            if self.settings["dropout"] and self.settings["layers"] > 1:
                with torch.random.fork_rng(devices=[]):  # the rest of the notebook may draw too
                    torch.set_rng_state(self._rng)
                    loss, _ = next(self._training)
                    self._rng = torch.get_rng_state()
            else:
                loss, _ = next(self._training)
        except BaseException:  # a generator that has raised is at its end
            self._generator.set_state(before)
            self._training = self._train()
            raise
        if self._schedule:
            self._schedule.step()
        self.losses.append(loss)
        self.diverged = not loss < DIVERGED
        if not self.diverged and (self.step_count % CHECK_EVERY == 0 or self.ended):
            self._check()
        self._change_what_is_due()

    def _change_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= self.step_count:
            _, name, value = self._due.popleft()
            self.set_live(name, value)

    def _check(self) -> None:
        loss = evaluate(self.model, nn.MSELoss(), self.data.val_inputs, self.data.val_targets)
        self.checks.append((self.step_count, loss))
        self.diverged = not loss < DIVERGED

    def run(self, steps: int | None = None) -> Run:
        """Up to `steps` optimiser steps, by default to the end of the budget; gives itself."""
        while not self.ended and steps != 0:
            self.step()
            steps = None if steps is None else steps - 1
        return self

    def scores(self) -> dict[str, float]:
        """Mean squared errors: "validation", one step ahead, beside the rivals'; and "loop".

        "loop" is in closed loop over the `AHEAD` steps that are shown.
        """
        if self.diverged:
            return {**self.data.rivals, "validation": math.inf, "loop": math.inf}
        window = self.settings["window"]
        stretch = self.data.stretch[self.data.lead - window :]
        errors = rmse_by_horizon(lambda *_: self.forecast()[None], stretch, window, AHEAD)
        loop = float(np.mean(errors**2))
        return {**self.data.rivals, "validation": self.checks[-1][1], "loop": loop}

    def record(self, number: int = 1, name: str = "") -> Record:
        """What is kept of the run as it is now."""
        return Record(
            number,
            name,
            self.text,
            dict(self.settings),
            dict(self.started_with),
            tuple(self.changes),
            tuple(self.checks),
            self.scores(),
            self.parameters,
            self.diverged,
            self.step_count,
            copy.deepcopy(self.model),
        )

    def forecast(self) -> np.ndarray:
        """In closed loop from the stretch's origin, (AHEAD, 1); computed once a step."""
        if self._forecast is None or self._forecast[0] != self.step_count:
            lead, window = self.data.lead, self.settings["window"]
            context = self.data.stretch[None, lead - window : lead]
            self._forecast = self.step_count, closed_loop(self.model, context, AHEAD)[0]
        return self._forecast[1]

    def one_step(self) -> np.ndarray:
        """One step ahead all along the stretch, from true values; (lead + AHEAD - 1, 1)."""
        self.model.eval()
        with torch.no_grad():
            return self.model(torch.tensor(self.data.stretch[None, :-1]).float())[0].numpy()

    def forecast_by(self, reference: Record) -> np.ndarray:
        """The same stretch in closed loop by another run's network, after its own window."""
        lead = self.data.lead
        first = max(0, lead - reference.settings["window"])
        return closed_loop(reference.model, self.data.stretch[None, first:lead], AHEAD)[0]

    def inside(
        self, layer: int, what: str, model: Forecaster | None = None
    ) -> tuple[str, np.ndarray]:
        """A title, and gates or states of a layer along the stretch: (lead + AHEAD, hidden).

        `model` may be another network than the run's own.
        """
        stretch = torch.tensor(self.data.stretch[None]).float()
        return look_inside((model or self.model).rnn, stretch, layer, what)


def memory(settings: Settings) -> dict[str, object]:
    """The optimiser's momentum, or Adam's two betas, as keyword arguments."""
    first = settings["momentum"]
    if settings["optimizer"] == "SGD":
        return {"momentum": 0.0 if first == "as usual" else first}
    return {"betas": (0.9 if first == "as usual" else first, settings["beta2"])}


def look_inside(rnn: nn.RNNBase, x: torch.Tensor, layer: int, what: str) -> tuple[str, np.ndarray]:
    """A title, and gates or states of a layer while it reads x (1, time, 1): (time, hidden).

    `what` is one of `INSIDE`. Equations as in PyTorch's documentation of LSTM and GRU.
    """
    with torch.no_grad():
        for k in range(min(layer, rnn.num_layers)):
            below, (x, _) = x, _layer(rnn, k)(x)
        w_in, w_state, b_in, b_state = (getattr(rnn, f"{name}_l{k}") for name in PARTS)
        before = torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)
        from_input = (below @ w_in.T + b_in)[0]
        from_state = (before @ w_state.T + b_state)[0]
    states, size = x[0].numpy(), rnn.hidden_size
    if isinstance(rnn, nn.LSTM):
        i, f, g, o = (from_input + from_state).split(size, dim=1)
        i, f, o = (gate.sigmoid().numpy() for gate in (i, f, o))
        cells = _cell_states(f, i * g.tanh().numpy())
        return what, dict(zip(INSIDE, (f, i, o, cells, states), strict=True))[what]
    if isinstance(rnn, nn.GRU) and what in ("forget gate", "input gate"):
        k = slice(size, 2 * size)  # order: reset, update, new
        keep = (from_input[:, k] + from_state[:, k]).sigmoid().numpy()
        return "update gate (1: keep)", keep if what == "forget gate" else 1 - keep
    if what == "hidden state":
        return what, states
    name = "a GRU" if isinstance(rnn, nn.GRU) else "an RNN"
    return f"hidden state ({name} has no {what})", states


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
