"""The exercises of lesson 02, Inside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from checks import array_of, exercise, expect, judged, numbers, show
from helpers import Forecaster, create_sequences, make_wave, random_batches, train

STEPS = 100  # after which half of the bit should be left


@exercise(
    "02.1",
    """
    forget_gate = ...  # the f that leaves half of the bit after 100 time steps
    forget_bias = ...  # the bias that gives this f
    left_by_one = ...  # how much of the bit a forget bias of 1 leaves: 0.1 for a tenth
    """,
)
def half_of_a_bit(forget_gate, forget_bias, left_by_one) -> str:
    (f,) = numbers(forget_gate, 1, "forget_gate")
    (bias,) = numbers(forget_bias, 1, "forget_bias")
    (left,) = numbers(left_by_one, 1, "left_by_one")
    expect(0 < f < 1, "a gate lies between 0 and 1, and your `forget_gate` does not.")
    after = f**STEPS
    expect(f != 0.5, "that gate leaves half after one time step. There are a hundred.")
    expect(
        abs(after - (1 - 1 / STEPS / 2) ** STEPS) > 0.003,
        f"with f = {show(f)} the losses of the single time steps add up to a half. But each step "
        "takes a share of what is still there.",
    )
    expect(
        abs(after - 0.5) < 0.01,
        f"with f = {show(f)} a share of {after:.3f} is left after {STEPS} time steps; asked for is "
        "a half. Each step multiplies by f: write that down as an equation, and solve it for f.",
    )
    gate = 1 / (1 + np.exp(-bias))
    expect(
        abs((1 - gate) ** STEPS - 0.5) > 0.02,
        "your bias gives 1 - f, not f: look at its sign.",
    )
    expect(
        abs(gate**STEPS - 0.5) < 0.02,
        f"a bias of {show(bias)} opens the gate to {gate:.4f}, and {gate**STEPS:.2g} is left. "
        "Solve the equation of the sigmoid for what stands inside.",
    )
    one = 1 / (1 + np.exp(-1.0))
    expect(0 < left <= 1, f"`left_by_one` is a share of the bit; yours is {show(left)}.")
    expect(left < 1, "all of it? The bias is not the gate: it goes through the sigmoid.")
    expect(abs(left - one) > 0.01, f"{show(left)} is what is left after one time step.")
    expect(
        abs(np.log(left) / np.log(one) - STEPS) < 2,
        f"{left:.2g} would be left after {np.log(left) / np.log(one):.0f} time steps, not {STEPS}.",
    )
    return (
        f"the gate has to stand within {1 - f:.3f} of 1 for a memory of {STEPS} time steps. What a "
        "bias of 1 leaves is below the rounding of a float32."
    )


@exercise(
    "02.2",
    """
    prediction = ...  # its loss against that of nn.LSTM: "lower", "about the same" or "higher"


    def coupled_cell(x, h, c, W, U, b):  # as `lstm_cell`, but what is forgotten makes room
        ...  # the next h and the next c
    """,
)
def one_valve_fewer(prediction, coupled_cell) -> str:
    words = ("lower", "about the same", "higher")
    said = ", ".join(words)
    expect(
        isinstance(prediction, str) and prediction in words,
        f"`prediction` should be one of {said}; it is {show(prediction)}.",
    )
    torch.manual_seed(1)
    plain = nn.LSTM(2, 3, dtype=torch.float64)
    x, h, c = (torch.randn(4, size, dtype=torch.float64) for size in (2, 3, 3))
    found = _step(coupled_cell, plain, x, h, c)
    standard, reverse = _lstm(plain, x, h, c), _lstm(_tied(plain, 0), x, h, c)
    wanted = _lstm(_tied(plain, 1), x, h, c)
    expect(not _near(found, standard), "that is still the standard cell.")
    expect(
        not _near(found, reverse),
        "the input gate decides, and the forget gate follows it. It should be the other way round.",
    )
    expect(not _near(found[::-1], wanted), "the two are right, but h should come before c.")
    off = (found[1] - wanted[1]).abs().max()
    expect(
        off < 1e-9,
        f"the next c is off by {off:.2g} at most. PyTorch's blocks are in the order i, f, g, o; "
        "which share of the candidate may be written if f of the old state stays?",
    )
    expect(
        (found[0] - wanted[0]).abs().max() < 1e-9,
        "the next c is right, the next h is not. What does h show, and through which gate?",
    )
    losses = _losses(coupled_cell)
    own, its = (each[-10:].mean() for each in losses)
    word = "lower" if own < 0.8 * its else "higher" if own > 1.25 * its else "about the same"
    measured = (
        f"over the last ten of {len(losses[0])} optimiser steps the loss is ≈{own:.3f}, that of "
        f"nn.LSTM ≈{its:.3f}, so it is {word}"
    )
    return (
        f"{judged(prediction, prediction == word, measured)} The quarter of the weights that "
        "belongs to i now is idle."
    )


def _tied(layer: nn.LSTM, leader: int) -> nn.LSTM:
    """A copy in which forget and input gate add up to 1; `leader` is the block that is kept."""
    copy = nn.LSTM(layer.input_size, layer.hidden_size, dtype=torch.float64)
    n = layer.hidden_size
    blocks = [slice(0, n), slice(n, 2 * n)]
    with torch.no_grad():
        for mine, its in zip(copy.parameters(), layer.parameters(), strict=True):
            mine.copy_(its)
            mine[blocks[1 - leader]] = -its[blocks[leader]]
    return copy


def _lstm(layer: nn.LSTM, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        _, (h, c) = layer(x[None], (h[None], c[None]))
    return h[0], c[0]


def _step(cell: Callable, layer: nn.LSTM, x: Tensor, h: Tensor, c: Tensor) -> tuple:
    """The next h and c of the answer, with the weights of a layer."""
    W, U, b_ih, b_hh = layer.parameters()
    with torch.no_grad():
        found = cell(x, h, c, W, U, b_ih + b_hh)
    two = isinstance(found, (tuple, list)) and len(found) == 2
    expect(
        two,
        f"`coupled_cell` should give h and c, two tensors, not {show(type(found).__name__)}.",
    )
    for name, part in zip("hc", found, strict=True):
        array_of(part, f"the next {name}", tuple(h.shape))
    return tuple(found)


def _near(found: tuple, wanted: tuple) -> bool:
    pairs = zip(found, wanted, strict=True)
    return all((a - b).abs().max() < 1e-9 for a, b in pairs)


def _losses(cell: Callable, steps: int = 50) -> list[np.ndarray]:
    """Of a network with this cell and of nn.LSTM, from the same first weights."""
    wave = make_wave(400, 50, noise=0.1, generator=np.random.default_rng(0))
    inputs, after = (torch.tensor(part, dtype=torch.float64) for part in create_sequences(wave, 25))
    targets = torch.cat([inputs[:, 1:], after], dim=1)
    found = []
    for own in (True, False):
        torch.manual_seed(0)
        model = Forecaster(hidden_size=16).double()
        if own:
            model.rnn = _Layer(model.rnn, cell)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        batches = random_batches(inputs, targets, 8, steps, torch.Generator().manual_seed(0))
        losses = [loss for loss, _ in train(model, nn.MSELoss(), optimizer, batches, clip=1)]
        found.append(np.array(losses))
    return found


class _Layer(nn.Module):
    """A layer that applies this cell at each time step, with the weights of an nn.LSTM."""

    def __init__(self, layer: nn.LSTM, cell: Callable) -> None:
        super().__init__()
        self.input_size, self.layer, self.cell = layer.input_size, layer, cell

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        W, U, b_ih, b_hh = self.layer.parameters()
        h = c = torch.zeros(len(x), self.layer.hidden_size, dtype=x.dtype)
        output = []
        for value in x.unbind(1):
            h, c = self.cell(value, h, c, W, U, b_ih + b_hh)
            output.append(h)
        return torch.stack(output, dim=1), None


@exercise(
    "02.3",
    """
    def make_memory():  # an nn.LSTM(1, 2, batch_first=True) with weights set by hand
        ...
    """,
)
def a_real_memory(make_memory, run_unit, message) -> str:
    lstm = _layer_of(make_memory, "make_memory", most=2)
    expect(lstm.hidden_size == 2, f"it has {lstm.hidden_size} units; asked for are two.")
    bits = (1.0, -1.0)
    cells = [_cells(lstm, message(bit)) for bit in bits]
    wanted = [run_unit(message(bit), 8, 30, -15).numpy() for bit in bits]
    for bit, c, right in zip(bits, cells, wanted, strict=True):
        total = c.sum(axis=1)
        here = f"fed with message({bit:+.0f})"
        expect(
            abs(total[1]) < 0.05,
            f"{here}, the cell state is {total[1]:+.2f} before anything but zeros came. Which "
            "block writes without an input?",
        )
        expect(
            abs(total[2] + right[2]) > 0.1,
            f"{here}, {total[2]:+.2f} is written at time step 2: the wrong sign.",
        )
        expect(
            abs(total[2]) > 0.1,
            f"{here}, hardly anything is written at time step 2: c is {total[2]:+.2g}. Of one "
            "unit, the input gate should be open for this bit, and the candidate far from 0.",
        )
        beside, after = _cells(lstm, torch.tensor([0.3, 0.0])).sum(axis=1)
        expect(
            abs(beside) < 0.1 or abs(after) > 0.5 * abs(beside),
            f"an input of 0.3 alone writes {beside:+.2f}; a time step later {after:+.2f} is "
            "left. In which order are the blocks?",
        )
        expect(
            abs(beside) < 0.1,
            f"an input of 0.3 alone writes {beside:+.2f}: distraction gets in.",
        )
        expect(
            abs(total[2]) < 1.5 * abs(right[2]),
            f"{here}, the two units write {show(c[2].round(2))}. Should both?",
        )
        expect(
            abs(total[2] - right[2]) < 0.02,
            f"{here}, {total[2]:+.2f} is written at time step 2, where `run_unit` has "
            f"{right[2]:+.2f}. Which slope has the candidate, and how far open is the gate?",
        )
        last = total[-1]
        expect(
            abs(total[8]) > 0.8 * abs(total[2]) or abs(last) > 0.3,
            f"{here}, c is {total[2]:+.2f} after the bit and {total[8]:+.2f} six time steps on: "
            "it forgets.",
        )
    for bit, c, right in zip(bits, cells, wanted, strict=True):
        total, here = c.sum(axis=1), f"fed with message({bit:+.0f})"
        silence = torch.zeros(33)
        silence[2] = bit
        alone, unit = _cells(lstm, silence).sum(axis=1), run_unit(silence, 8, 30, -15).numpy()
        kept, asked = alone[-1] / alone[2], unit[-1] / unit[2]
        expect(
            kept > asked - 0.005,
            f"after {bit:+.0f} and 30 zeros {kept:.3f} of what was written is left; `run_unit` "
            f"keeps {asked:.3f}. How far open are the forget gates?",
        )
        off = np.abs(total - right).max()
        expect(
            off < 0.01,
            f"{here}, what is written is right and lasts among zeros, and yet c is off `run_unit` "
            f"by up to {off:.3f}. How far shut are the input gates at ±0.3, and does a gate look "
            "at h?",
        )
    return f"at the end c is {cells[0][-1].sum():+.2f} and {cells[1][-1].sum():+.2f}."


def _layer_of(make: Callable, name: str, most: int) -> nn.LSTM:
    lstm = make()
    expect(isinstance(lstm, nn.LSTM), f"`{name}` gives {show(type(lstm).__name__)}, no nn.LSTM.")
    kind = lstm.input_size, lstm.num_layers, lstm.bidirectional, lstm.proj_size
    expect(kind == (1, 1, False, 0), "asked for is one input, one layer and one direction.")
    units = lstm.hidden_size
    expect(units <= most, f"it has {units} units; allowed are {most}.")
    return lstm


def _run(lstm: nn.LSTM, x) -> tuple[np.ndarray, np.ndarray]:
    """The hidden and the cell states of a layer that reads x (time,): each (time, units)."""
    x, states, rows = torch.as_tensor(x).to(lstm.weight_ih_l0), None, []
    with torch.no_grad():
        for value in x:
            _, states = lstm(value.reshape(1, 1, 1), states)
            rows.append([part.flatten().double().numpy() for part in states])
    hidden, cells = zip(*rows, strict=True)
    return np.array(hidden), np.array(cells)


def _cells(lstm: nn.LSTM, x: Tensor) -> np.ndarray:
    return _run(lstm, x)[1]


@exercise(
    "02.4",
    """
    def make_latch():  # an nn.LSTM(1, units) with at most 4 units
        ...
    """,
)
def last_bit(make_latch) -> str:
    lstm = _layer_of(make_latch, "make_latch", most=4)
    chance = np.random.default_rng(0)
    late, early, new, same = [], [], [], []
    for _ in range(3):
        x = chance.uniform(-0.3, 0.3, 1000)
        at = np.array([3, 8, 30, 40, 45, 60, 400, 410, 450, 520, 530, 900])
        bits = np.append([1.0, -1.0, -1.0, -1.0], chance.choice([-1.0, 1.0], 8))
        x[at] = bits * chance.choice([-1.0, 1.0])
        last = np.repeat(x[at], np.diff(np.append(at, 1000)))  # from the first bit on
        right = np.sign(_run(lstm, x)[0].sum(axis=1)[3:]) == np.sign(last)
        early.append(right[:5].mean())
        late.append(right.mean())
        changed = np.flatnonzero(np.diff(last)) + 1
        new.append(right[changed].mean())
        same.append(right[350:396].mean())  # long after a bit
    share = float(np.mean(late))
    said = f"h has the sign of the last bit at {share:.1%} of the time steps; asked for is 100.0%"
    expect(np.mean(early) > 0.99, f"{said}. Even right after the first bit it mostly is not there.")
    expect(
        np.mean(new) > 0.99,
        f"{said}. A bit is written, but when the other one comes, h follows in {np.mean(new):.0%} "
        "of the cases. What becomes of the old bit?",
    )
    held = _run(lstm, [1.0] + [0.0] * 300)[0].sum(axis=1)
    expect(
        np.mean(same) > 0.99 or abs(held[-1]) > 0.1 * abs(held[0]),
        f"{said}. New bits are written, but among 300 zeros h falls from {held[0]:.2f} to "
        f"{held[-1]:.2g}: they are forgotten.",
    )
    expect(
        np.mean(same) > 0.99,
        f"{said}. New bits are written, and among zeros they last; long after one, "
        f"{np.mean(same):.0%} are left. So the distraction gets in.",
    )
    expect(share == 1, f"{said}.")
    return f"{said}, and you need {lstm.hidden_size} of 4 units."
