"""The exercises of lesson 09, Memory."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from torch import nn

from checks import array_of, exercise, expect, judged, numbers, show
from experiments import models_of, recall


@exercise(
    "09.1",
    """
    b = ...  # the bias of the forget gate
    rest_from_small = ...  # where the squashed state rests that starts at 0.1
    rest_from_large = ...  # and that which starts at 0.9
    """,
)
def bias_and_rest(b, rest_from_small, rest_from_large) -> str:
    (bias,) = numbers(b, 1, "b")
    small, large = (
        numbers(value, 1, name)[0]
        for name, value in (
            ("rest_from_small", rest_from_small),
            ("rest_from_large", rest_from_large),
        )
    )
    said = f"`b` is not {show(bias)}"
    expect(not 0.99 < bias < 1, f"{said}: that would be the gate. It is the sigmoid of b.")
    expect(
        bias < 50, f"{said}: that would be a time constant. What is its gate, and that gate's b?"
    )
    gate = 1 / (1 + math.exp(-bias))
    left = gate**200
    expect(
        abs(math.log(max(left, 1e-300)) + 1) < 0.03,
        f"{said}: with it {left:.2g} of the cell is left after 200 time steps, "
        f"{'less' if left < math.exp(-1) else 'more'} than 1/e.",
    )
    h = {"rest_from_small": 0.1, "rest_from_large": 0.9}
    for _ in range(200):
        h = {name: math.tanh(1.5 * state) for name, state in h.items()}
    for name, given in (("rest_from_small", small), ("rest_from_large", large)):
        here = f"`b` is right, `{name}` is not {show(given)}"
        expect(abs(given) > 0.02, f"{here}: around 0 the state grows by half at each time step.")
        expect(given < 0.99, f"{here}: the tanh of 1.5 is less.")
        next_one = math.tanh(1.5 * given)
        expect(
            abs(given - h[name]) < 0.01,
            f"{here}: a time step later it would be {next_one:.3f}. At rest it would stay.",
        )
    return "both starts end in one place, where h = tanh(1.5 h). A latch keeps the sign, no more."


@exercise(
    "09.2",
    """
    prediction = ...  # over 20 time steps, the share of right answers: 0.5 is chance


    def enlarged(model, size):  # U times a number: its largest eigenvalue becomes `size`
        ...
    """,
)
def larger_u(prediction, enlarged) -> str:
    (guess,) = numbers(prediction, 1)
    expect(0 <= guess <= 1, f"`prediction` is a share, from 0 to 1; yours is {show(guess)}.")
    before, after = [], []
    for seed in range(3):
        for size in (1.5, 0.9):
            (fresh,) = models_of([seed], cell="RNN", hidden_size=16)
            found = enlarged(copy.deepcopy(fresh), size)
            expect(found is not None, "`enlarged` gives None. Is a `return` missing?")
            ok = isinstance(getattr(found, "rnn", None), nn.RNN)
            expect(ok, f"`enlarged` gives {type(found).__name__}; asked for is the network.")
            old, new = (m.rnn.weight_hh_l0.detach().double() for m in (fresh, found))
            factor = (new / old).flatten()
            value = torch.linalg.eigvals(new).abs().max().item()
            here = f"with size={size} the largest eigenvalue is {value:.2f} in size"
            expect(not torch.equal(old, new), f"{here}: U is as it was.")
            expect(
                (factor - factor[0]).abs().max() < 1e-3,
                f"{here}, and U is no multiple of what it was. One number for all of it.",
            )
            was = torch.linalg.eigvals(old).abs().max().item()
            expect(
                abs(value - size * was) > 0.01,
                f"{here}: you multiply by the size itself. Which eigenvalue has a fresh U?",
            )
            norm = torch.linalg.matrix_norm(new, 2).item()
            expect(
                abs(norm - size) > 0.01,
                f"{here}, and the largest singular value {norm:.2f}. They are not the same.",
            )
            expect(
                abs(new.norm().item() - size) > 0.01,
                f"{here}, and the root of the sum of all squares {new.norm().item():.2f}.",
            )
            expect(abs(value - size) < 1e-3, f"{here}.")
            same = [torch.equal(a, b) for a, b in zip(_rest(fresh), _rest(found), strict=True)]
            expect(all(same), "other weights than U have changed, too.")
            if size == 1.5:
                before.append(_read_out(fresh, 20))
                after.append(_read_out(found, 20))
    return (
        f"{judged(guess, abs(guess - np.mean(after)) <= 0.1)} With only the linear layer fitted, "
        f"fresh networks give ≈{np.mean(before):.2f} right answers over 20 time steps, enlarged "
        f"ones ≈{np.mean(after):.2f}. No gradient has come through time."
    )


def _rest(model: nn.Module) -> list[torch.Tensor]:
    return [p for name, p in model.named_parameters() if name != "rnn.weight_hh_l0"]


def _read_out(model: nn.Module, delay: int) -> float:
    """The share of right signs if only a linear layer is fitted, by least squares."""
    parts = []
    for seed in (0, 2000):
        x, bits = recall(1000, delay, torch.Generator().manual_seed(seed))
        with torch.inference_mode():
            states = model.rnn(x.to(model.linear.weight))[0][:, -1].double().numpy()
        parts.append((np.column_stack([states, np.ones(len(states))]), bits.flatten().numpy()))
    (fitted_on, known), (states, bits) = parts
    found = np.linalg.lstsq(fitted_on, known, rcond=None)[0]
    return float(((states @ found) * bits > 0).mean())


@exercise(
    "09.3",
    """
    def signs_kept(weight, squashed, noise):  # the share after each of 40 time steps: (40,)
        ...
    """,
)
def under_noise(signs_kept) -> str:
    found = {}
    for case in ((0.5, False, 0.5), (0.99, False, 0.1), (2.0, True, 0.1), (-2.0, True, 0.1)):
        weight, squashed, noise = case
        given = array_of(signs_kept(*case), f"`signs_kept{case}`", (40,))
        expect(
            ((given >= 0) & (given <= 1)).all(),
            f"`signs_kept{case}` has values from {given.min():.2f} to {given.max():.2f}; a share "
            "lies between 0 and 1.",
        )
        found[case] = given
        if squashed:
            continue
        truth, after, variance, once = _on_a_road(weight, noise)
        off = np.abs(given - truth).max()
        for other, hint in (
            (after, "you add the noise after the rule; asked for is before it."),
            (variance, "`noise` is a standard deviation, not a variance."),
            (once, "the noise of a state seems to be the same at each time step."),
            (
                np.ones(40),
                "no sign is ever lost. Is there noise at all? Or does the start change together "
                "with the state? (`h +=` changes both, where both are one array.)",
            ),
        ):
            expect(
                off < 0.05 or np.abs(given - other).max() > 0.05,
                f"on the road of {weight}: {hint}",
            )
        expect(
            off < 0.05,
            f"on the road of {weight} with noise {noise} your share is {given[-1]:.2f} at the end; "
            f"the formula says {truth[-1]:.2f}. Is each sign compared with that of its start?",
        )
    latch, clock = found[2.0, True, 0.1], found[-2.0, True, 0.1]
    expect(latch.min() > 0.97, f"the latch loses signs: {latch.min():.2f}. Is its state squashed?")
    expect(
        clock[1::2].min() > 0.97 and clock[::2].max() < 0.03,
        "the clock should turn its sign at each time step, and come back at every second.",
    )
    road = found[0.99, False, 0.1]
    return (
        f"after 40 time steps the latch keeps {latch[-1]:.2f}, the clock {clock[-1]:.2f} and, a "
        f"step before, {clock[-2]:.2f}; the road {road[-1]:.2f}. That is why an LSTM's road has an "
        "input gate."
    )


def _on_a_road(weight: float, noise: float) -> list[np.ndarray]:
    """The share of signs kept: as asked; noise after the rule; a variance; drawn once."""
    t = np.arange(1, 41)
    start = 0.5 * np.abs(weight) ** t
    powers = np.array([np.sum(weight ** (2.0 * np.arange(1, n + 1))) for n in t])
    late = np.array([np.sum(weight ** (2.0 * np.arange(n))) for n in t])
    sums = np.array([np.sum(weight ** np.arange(1.0, n + 1)) for n in t])
    sizes = noise * np.sqrt(powers), noise * np.sqrt(late), np.sqrt(noise * powers), noise * sums
    shares = [[0.5 + math.erf(x / math.sqrt(2)) / 2 for x in start / size] for size in sizes]
    return [np.array(share) for share in shares]


@exercise(
    "09.4",
    """
    def make_rnn(seed):  # a Forecaster with a plain RNN of 16 units
        ...
    """,
)
def memory_without_training(make_rnn) -> str:
    shares = []
    for seed in range(3):
        model = make_rnn(seed)
        layer = getattr(model, "rnn", None)
        kind = type(model if layer is None else layer).__name__
        ok = isinstance(layer, nn.RNN) and isinstance(getattr(model, "linear", None), nn.Linear)
        expect(ok, f"you give {kind}; asked for is a Forecaster with a plain RNN.")
        expect(layer.hidden_size == 16, f"it has {layer.hidden_size} units; asked for is 16.")
        shares.append((_read_out(model, 10), _read_out(model, 100)))
    near, far = np.array(shares).T
    rows = ", ".join(f"≈{share:.2f}" for share in far)
    said = f"over 100 time steps your networks give {rows} right answers; asked for is 0.97 in each"
    values = torch.linalg.eigvals(layer.weight_hh_l0.detach().double())
    size, turns = values.abs().max().item(), values.imag.abs().max() > 0.1
    expect(
        far.min() >= 0.97 or size > 1,
        f"{said}. The largest eigenvalue of U is {size:.2f} in size: every state dies out.",
    )
    expect(
        far.min() >= 0.97 or near.min() > 0.9,
        f"{said}, and over 10 they give ≈{near.min():.2f} at worst. What drowns the bit so soon?",
    )
    expect(
        far.min() >= 0.97 or not turns,
        f"{said}. Over 10 time steps they do. Does U hold a latch, or does it turn things round?",
    )
    expect(
        far.min() >= 0.97,
        f"{said}. Over 10 time steps they do. Is the latch strong enough for noise and biases?",
    )
    return f"{said}. Nothing in the RNN was trained. To hold a bit is easy; to learn to, is not."
