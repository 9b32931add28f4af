"""The exercises of lesson 02b, Why so."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from checks import Wrong, array_of, exercise, expect, judged, numbers, show
from experiments import learn_recall, models_of


@exercise(
    "02b.1",
    """
    levels = ...  # where c settles for f = 0.6 and for f = 0.953: two numbers
    slopes = ...  # how steep tanh(c) is there
    """,
)
def a_cell_at_rest(levels, slopes) -> str:
    given, steep = numbers(levels, 2, "levels"), numbers(slopes, 2, "slopes")
    gates, found = (0.6, 0.953), []
    for f in gates:
        c = 0.0
        for _ in range(2000):
            c = c * f + torch.sigmoid(torch.zeros(())).item() ** 2
        found.append(c)
    settled = np.array(found)
    for level in given:
        expect(level > 0, f"a cell that is written to does not settle at {show(level)}.")
    expect(
        not np.allclose(given, 2 * settled, rtol=0.03),
        f"{show(given)} lets all of the candidate in. At which value does the input gate stand?",
    )
    expect(
        not np.allclose(given, (1 - gates[0]) * settled[0], rtol=0.03),
        f"{show(given)} is what one time step writes. What is there already is not all forgotten.",
    )
    for f, level in zip(gates, given, strict=True):
        after = f * level + 0.25  # what is kept, and what is written
        expect(
            abs(after - level) < 0.03 * (1 - f) * level,
            f"with f = {f}, a cell at {show(level)} does not rest: a time step later it is at "
            f"{after:.3f}.",
        )
    expect(
        not np.allclose(steep, np.tanh(given), rtol=0.05),
        f"{show(steep)} is how high tanh is there, not how steep.",
    )
    expect(
        not np.allclose(steep, 1 - np.tanh(given), rtol=0.1),
        f"{show(steep)} is how far tanh is below 1. Its slope is another number.",
    )
    for f, level, slope in zip(gates, given, steep, strict=True):
        around = np.tanh([level - 1e-4, level + 1e-4])
        ratio = slope / (np.diff(around)[0] / 2e-4)
        expect(
            0.5 < ratio < 2 if f > 0.9 else 0.97 < ratio < 1.03,
            f"with f = {f} you say a slope of {slope:.2g}: "
            f"{'too steep' if ratio > 1 else 'too flat'}. A nudge of c there tells.",
        )
    return (
        f"a change of c by 0.01 moves h by {0.01 * steep[0]:.4f} in the first cell at most, and by "
        f"{0.01 * steep[1]:.7f} in the other."
    )


@exercise(
    "02b.2",
    """
    prediction = ...  # at scale 16, as far apart as the gradient says? "yes" or "no"


    def last_apart(lstm, x, nudge):  # x (time, 1): the largest difference of two last states
        ...
    """,
)
def a_nudge_long_ago(prediction, last_apart, scaled_lstm) -> str:
    ok = isinstance(prediction, str) and prediction in ("yes", "no")
    expect(ok, f'`prediction` should be "yes" or "no"; it is {show(prediction)}.')
    # The cell state of unit k is multiplied by f_k, and nothing else happens.
    steps, gates, nudge = 10, torch.tensor([0.5, 0.9, 0.7]), 0.01
    lstm = nn.LSTM(1, 3).double().requires_grad_(False)
    for parameter in lstm.parameters():
        parameter.zero_()
    lstm.bias_ih_l0[:] = torch.cat([torch.full((3,), -60.0), gates.logit(), torch.zeros(6)])
    x = torch.ones(steps, 1).double()
    found = _difference(last_apart, lstm, x, nudge)
    kept = nudge * gates.double() ** steps
    here = f"in a cell that only forgets, {steps} time steps after a nudge of {nudge}"
    said = f"{here}, you find {found:.2g}"
    expect(found != 0, f"{here}, you find no difference at all. Is the state nudged, c too?")
    expect(abs(found - nudge) > 1e-6, f"{said}: the nudge itself. Are the time steps run?")
    expect(
        abs(found - nudge * gates.max()) > 1e-6,
        f"{said}: the largest difference on the way, or after one time step. Only the last counts.",
    )
    every = nudge * sum(gates.max().item() ** k for k in range(1, steps + 1))
    expect(abs(found - every) > 1e-5, f"{said}: the nudge comes anew at each time step.")
    short = (torch.tanh(kept) / 2).max().item()
    expect(
        abs(found - short) > 1e-5,
        f"{said}: that is the difference in h. The state is h and c.",
    )
    expect(
        abs(found - (kept + torch.tanh(kept) / 2).mean() / 2) > 1e-5,
        f"{said}: the mean over the units. Asked for is the largest.",
    )
    expect(
        abs(found - kept.max()) < 1e-6,
        f"{said}; the state has become {1 / gates.max() ** steps:.1f} times smaller.",
    )
    back = _difference(last_apart, lstm, x, -nudge)
    expect(back > 0, f"for a nudge of {-nudge} you find {back:.2g}. How large is it, in size?")
    ends, promised = [], []
    for scale in (1.0, 16.0):
        own, x = scaled_lstm(0, scale, 0.0)
        ends.append(_difference(last_apart, own, x, 1e-6))
        promised.append(1e-6 * _steepest(own, x))
    as_said = ends[1] > promised[1] / 10
    measured = (
        f"at scale 16 they are ≈{ends[1]:.0e} apart, where the gradient says ≈{promised[1]:.0e}; "
        f"at scale 1 ≈{ends[0]:.0e}, where it says ≈{promised[0]:.0e}"
    )
    return (
        f"{judged(prediction, (prediction == 'yes') == as_said, measured)} The gradient speaks of "
        "nudges that are small enough; |h| is below 1, and |c| grows by less than 1 in a time step."
    )


def _steepest(lstm: nn.LSTM, x: Tensor) -> float:
    """The most by which a number of the last state moves per nudge of all numbers of the first."""

    def last(nudge: Tensor) -> Tensor:
        start = nudge * torch.ones(1, lstm.hidden_size).to(x)
        return torch.cat(lstm(x, (start, start))[1], dim=1)[0]

    return float(torch.autograd.functional.jacobian(last, torch.zeros(1).to(x)).abs().max())


def _difference(function: Callable, lstm: nn.LSTM, x: Tensor, nudge: float) -> float:
    return float(array_of(function(lstm, x, nudge), "what `last_apart` gives", ()))


@exercise(
    "02b.3",
    """
    prediction = ...  # the step for which adding up is further off: "small" or "large"


    def off_by(model, shift):  # shares of units 0 and 1: both at once, less their sum; in size
        ...  # for each of the 20 places of the wave
    """,
)
def do_effects_add_up(prediction, off_by, shares_moved, six) -> str:
    ok = isinstance(prediction, str) and prediction in ("small", "large")
    expect(ok, f'`prediction` should be "small" or "large"; it is {show(prediction)}.')
    model, all_parts = six[0], (0, 1)
    found = {}
    for shift in (0.02, 0.25):
        found[shift] = array_of(off_by(model, shift), f"off_by(model, {shift})", (20,))
    first, second, together, hidden, parts = shares_moved(
        model,
        0.25,
        [([0], all_parts), ([1], all_parts), ([0, 1], all_parts), ([0, 1], [0]), ([0, 1], [1])],
    )
    gap, mine = together - (first + second), found[0.25]
    expect(
        not np.allclose(mine, gap) or (gap >= 0).all(),
        f"off_by(model, 0.25) is {mine.min():.2f} at one place: less than nothing. Asked for is "
        "the size of the difference.",
    )
    for other, name in (
        (np.abs(together), "the share of both at once. What is it compared with?"),
        (np.abs(first + second), "the sum of the two shares. What is it compared with?"),
        (np.abs(together - first), "what both move, less what unit 0 moves."),
        (np.abs(hidden - parts), "what h moves, less what c moves."),
    ):
        expect(not np.allclose(mine, other), f"off_by(model, 0.25) is {name}")
    expect(
        not np.allclose(found[0.02], mine),
        "the same for a step of 0.02 and of 0.25, to the last digit. Is `shift` used?",
    )
    worst = np.abs(mine - np.abs(gap)).max()
    expect(
        worst < 1e-4,
        f"off_by(model, 0.25) is wrong by up to {worst:.2f}. Are h and c swapped in each of the "
        "three, and are the units 0 and 1?",
    )
    medians = {
        shift: float(np.median([off_by(each, shift) for each in six])) for shift in (0.02, 0.25)
    }
    held = (prediction == "large") == (medians[0.25] > medians[0.02])
    measured = (
        f"in the median it is off by ≈{medians[0.02]:.3f} at a step of 0.02 and by "
        f"≈{medians[0.25]:.3f} at 0.25"
    )
    return (
        f"{judged(prediction, held, measured)} Effects add up as far as the network is a straight "
        "line."
    )


DELAY, BUDGET = 150, 100


@exercise(
    "02b.4",
    """
    def prepare(lstm):  # an nn.LSTM(1, 8): sets its first weights, in place
        ...
    """,
)
def a_start_for_the_bit(prepare) -> str:
    taken = []
    for seed in range(3):
        (model,) = models_of([seed], hidden_size=8)
        model = model.float()
        shapes = [p.shape for p in model.parameters()]
        prepare(model.rnn)
        for parameter, shape in zip(model.parameters(), shapes, strict=True):
            array_of(parameter, "a parameter of the layer", tuple(shape))
        arrives, start = _arrives(model.rnn), copy.deepcopy(model.rnn)
        expect(
            arrives > 0,
            f"of a change in the bit, exactly nothing arrives {DELAY} time steps later. Which "
            "weights are 0?",
        )
        expect(
            arrives < 1e3,
            f"of a change in the bit, {arrives:.0e} times as much arrives after {DELAY} time "
            "steps: it explodes.",
        )
        _, history = learn_recall(model, DELAY, 0.01, seed, steps=BUDGET)
        taken.append(10 * len(history) if history[-1] >= 0.99 else math.inf)
        if sum(map(math.isinf, taken)) < 2:
            continue
        said = (
            f"with seed {seed} the network is right in ≈{history[-1]:.0%} of the cases after "
            f"{BUDGET} optimiser steps, and it is the second to fail; asked for is 99% in two of "
            "three"
        )
        expect(
            arrives > 1e-5,
            f"{said}. Before training, ≈{arrives:.0e} of a change in the bit arrives {DELAY} time "
            "steps later: it vanishes.",
        )
        kept, through = _kept_and_let_through(start)
        raise Wrong(
            f"{said}. Before training, the bit moves the last h by ≈{kept:.1g} and the noise after "
            f"it by ≈{through:.1g}: a ratio of ≈{kept / through:.1g}. Let in the one and shut out "
            "the other: the gates of exercise 3 in lesson 02 open by the size of the input."
        )
    learned = [f"≈{steps}" for steps in taken if steps < math.inf]
    return (
        f"{len(learned)} of 3 learned the bit, after {', '.join(learned)} optimiser steps. "
        f"PyTorch's own first weights do not learn it in {BUDGET}: next to nothing arrives."
    )


def _kept_and_let_through(lstm: nn.LSTM) -> tuple[float, float]:
    """By how much the bit moves the last h, and by how much the noise does: root mean squares."""
    x = 0.3 * torch.randn(DELAY + 1, 200, 1)
    ends = []
    with torch.no_grad():
        for x[0] in (1.0, -1.0):
            ends.append(lstm(x if not lstm.batch_first else x.transpose(0, 1))[1][0][0])
    half, middle = (ends[0] - ends[1]) / 2, (ends[0] + ends[1]) / 2
    return half.square().mean().sqrt().item(), middle.std(dim=0).square().mean().sqrt().item()


def _arrives(lstm: nn.LSTM) -> float:
    """The most by which the last h moves per change of the first value."""
    x = 0.3 * torch.randn(1, DELAY + 1, 1)
    x[0, 0, 0] = 1.0
    x.requires_grad_()
    output, _ = lstm(x)
    steepest = [torch.autograd.grad(h, x, retain_graph=True)[0][0, 0] for h in output[0, -1]]
    return float(torch.stack(steepest).abs().max())
