"""The exercises of lesson 04, Training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from checks import array_of, exercise, expect, judged, show
from experiments import models_of, noisy_sine, score
from helpers import Forecaster

WHERE = ("clips as before", "clips nothing", "clips too late", "raises an error")
LAYERS = ("LSTM", "dropout", "linear", "batch norm")


@exercise(
    "04.1",
    """
    above_backward = ...  # "clips as before", "clips nothing", "clips too late", "raises an error"
    below_step = ...  # one of the same four
    other_in_training = ...  # a list, of "LSTM", "dropout", "linear", "batch norm"
    """,
)
def two_lines_moved(above_backward, below_step, other_in_training) -> str:
    for name, given in (("above_backward", above_backward), ("below_step", below_step)):
        ok = isinstance(given, str) and given in WHERE
        expect(ok, f"`{name}` should be one of {', '.join(WHERE)}; it is {show(given)}.")
    measured = {}
    for place, given in (("above backward()", above_backward), ("below step()", below_step)):
        moved, there = _step_with_the_line(place)
        measured[place] = moved, there
        expect(
            given != "raises an error",
            f"{place}, nothing is raised: it runs through in silence. What has become of the step?",
        )
        expect(
            given != "clips as before",
            f"with the line {place} and a limit of 0.001, one step of rate 1 moves the weights by "
            f"{moved:.2f}.",
        )
        expect(
            (given == "clips too late") == (there is not None),
            f"with the line {place} it does not happen so: "
            + ("no weight has a gradient yet." if there is None else "there are gradients then."),
        )
    given = other_in_training
    ok = isinstance(given, (list, tuple, set)) and all(isinstance(each, str) for each in given)
    said = f"`other_in_training` should be a list, of {', '.join(LAYERS)}"
    expect(ok, f"{said}; it is {show(given)}.")
    expect(set(given) <= set(LAYERS), f"{said}; it is {show(list(given))}.")
    for name in LAYERS:
        apart = _modes_apart(name)
        expect(
            (name in given) == (apart > 0),
            f"{name}: after train() and after eval() the same input gives outputs that differ by "
            f"up to {apart:.2g}.",
        )
    return (
        f"a step of rate 1 with a limit of 0.001 changes the weights by "
        f"{measured['above backward()'][0]:.2f} either way. Nothing tells you but the run."
    )


def _step_with_the_line(place: str) -> tuple[float, float | None]:
    """How far a step goes with the clipping line there, and what gradient the line meets."""
    torch.manual_seed(0)
    model = Forecaster(hidden_size=4).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    before = torch.cat([p.detach().flatten().clone() for p in model.parameters()])
    x = torch.randn(8, 10, 1, dtype=torch.float32)
    loss = nn.functional.mse_loss(model(x), x + 1)
    optimizer.zero_grad()
    lines = [loss.backward, optimizer.step]
    lines.insert(0 if place.startswith("above") else 2, None)
    met = None
    for line in lines:
        if line is None:
            met = next(model.parameters()).grad
            nn.utils.clip_grad_norm_(model.parameters(), 0.001)
        else:
            line()
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    return float((after - before).norm()), met


def _modes_apart(name: str) -> float:
    torch.manual_seed(0)
    layers = {
        "LSTM": nn.LSTM(3, 3, batch_first=True),
        "dropout": nn.Dropout(0.5),
        "linear": nn.Linear(3, 3),
        "batch norm": nn.BatchNorm1d(3),
    }
    layer = layers[name].float()
    x, found = torch.randn(6, 3, 3, dtype=torch.float32), []
    for mode in (layer.train, layer.eval):
        mode()
        with torch.inference_mode():
            output = layer(x)
        found.append(output[0] if isinstance(output, tuple) else output)
    return float((found[0] - found[1]).abs().max())


ROWS = [f"{name}, {use}" for name in ("zeros", "carried") for use in ("afresh", "in one go")]


@exercise(
    "04.2",
    """
    most = ...  # the median that moves most: "zeros, afresh", "carried, in one go" ...
    direction = ...  # of that one, as the pieces grow from 5 to 20: "lower" or "higher"


    def with_pieces(model, seed, carry, piece):  # trains the model, and gives its two scores
        ...
    """,
)
def pieces(most, direction, with_pieces) -> str:
    ok = isinstance(most, str) and most in ROWS
    expect(ok, f"`most` should be one of: {'; '.join(ROWS)}. It is {show(most)}.")
    ok = isinstance(direction, str) and direction in ("lower", "higher")
    expect(ok, f'`direction` should be "lower" or "higher"; it is {show(direction)}.')
    _examine_pieces(with_pieces, 20, False)
    _examine_pieces(with_pieces, 5, True)
    scores = {}
    for piece in (5, 20):
        for name, carry in (("zeros", False), ("carried", True)):
            models = models_of(range(2), hidden_size=16)
            both = [with_pieces(model, k, carry, piece) for k, model in enumerate(models)]
            scores[piece, name] = np.mean(both, axis=0)
    means = {
        piece: np.concatenate([scores[piece, name] for name in ("zeros", "carried")])
        for piece in (5, 20)
    }
    listed = "; ".join(
        f"{row} ≈{a:.3f} to ≈{b:.3f}" for row, a, b in zip(ROWS, *means.values(), strict=True)
    )
    moves = means[20] - means[5]
    moved = int(np.abs(moves).argmax())
    word = "lower" if moves[moved] < 0 else "higher"
    measured = (
        f"from pieces of 5 to pieces of 20 the means of two runs go, {listed}. So {ROWS[moved]}, "
        f"moves most, and gets {word}"
    )
    return judged(f"{most}, {direction}", (most, direction) == (ROWS[moved], word), measured)


def _examine_pieces(with_pieces: Callable, piece: int, carry: bool) -> None:
    """Refuse a function that does not read, and score, in such pieces."""
    torch.manual_seed(0)
    model = Forecaster(hidden_size=2).float()
    heard: list[tuple] = []

    def listen(layer: nn.LSTM, given: tuple) -> None:
        x, state = (*given, None)[:2]
        fresh = state is None or all((part == 0).all() for part in state)
        heard.append((torch.is_grad_enabled(), tuple(x.shape), fresh))

    hook = model.rnn.register_forward_pre_hook(listen)
    found = with_pieces(model, 0, carry, piece)
    hook.remove()
    here = f"with piece={piece} and carry={carry}"
    found = array_of(found, f"what `with_pieces` gives {here}", (2,))
    learnt = [each for each in heard if each[0]]
    expect(learnt, f"{here}, the model is not trained.")
    lengths = sorted({shape[1] for _, shape, _ in learnt})
    expect(
        lengths == [piece],
        f"{here}, it is trained on pieces of {' and '.join(map(str, lengths))}. Is "
        "the lesson's constant still in use?",
    )
    fresh = np.mean([each[2] for each in learnt])
    expect(carry or fresh == 1, f"{here}, {1 - fresh:.0%} of the pieces begin with a state.")
    expect(not carry or fresh < 1, f"{here}, each piece begins from zeros.")
    whole = len(noisy_sine(0, window=1)[0][0]) // 8 // piece
    expect(
        len(learnt) == 15 * whole,
        f"{here}, there are {len(learnt)} optimiser steps; 15 passes over {whole} whole pieces "
        f"make {15 * whole}.",
    )
    _, (values, after), scaler = noisy_sine(0, window=1)
    end = len(values) // piece * piece
    wanted = [
        score(model, (values[:end].view(shape), after[:end].view(shape)), scaler)
        for shape in ((-1, piece, 1), (1, -1, 1))
    ]
    expect(
        not np.allclose(found[::-1], wanted, rtol=1e-4),
        f"{here}, the scores are right, but the one in one go comes first.",
    )
    expect(
        np.allclose(found, wanted, rtol=0.01),
        f"{here}, your scores are {show(found.round(4))}. Started afresh at each {piece}th "
        "validation value, and in one go, the model that you have trained has others.",
    )


@exercise(
    "04.3",
    """
    def descend_by_hand(model, batches, lr):  # MSE of the last output, a step for each batch
        ...
    """,
)
def no_optimiser(descend_by_hand) -> str:
    pairs, checks, scaler = noisy_sine(0)
    batches = [(pairs[0][k : k + 16], pairs[1][k : k + 16]) for k in range(0, 96, 16)]
    start, rate = _weights(_small()), 0.2
    found = _after(descend_by_hand, batches, rate)
    moved = (found - start).norm()
    expect(
        moved > 0,
        "after six batches the weights of the model are those of before. Is the model itself "
        "changed, or a copy?",
    )

    def near(**change) -> bool:
        return bool((found - _after(_reference, batches, rate, **change)).abs().max() < 1e-6)

    expect(not near(sign=-1), "each step goes uphill. Which sign has the gradient of a loss?")
    expect(
        not near(keep=True),
        "the gradients of earlier batches are still in: each `backward` adds to what is there.",
    )
    expect(
        not near(all_outputs=True),
        "the loss compares all 25 outputs with one target, by broadcasting. Only the last counts.",
    )
    expect(not near(unit=True), "the steps have the length of `lr`, whatever the gradient's.")
    expect(not near(only=2), "only some of the batches are used.")
    half = _after(descend_by_hand, batches, rate / 2)
    expect(
        (half - found).abs().max() > 1e-7,
        f"with lr={rate} and lr={rate / 2} the same comes out. Is `lr` used?",
    )
    off = (found - _after(_reference, batches, rate)).abs().max()
    expect(
        off < 1e-5,
        f"after six batches your weights are up to {off:.2g} away from where gradient descent "
        f"leads; they have moved by {moved:.2f} in all.",
    )
    chance, (model,) = torch.Generator().manual_seed(0), models_of([0], hidden_size=16)
    model = model.float()
    chosen = [torch.randint(len(pairs[0]), (16,), generator=chance) for _ in range(300)]
    descend_by_hand(model, [(pairs[0][k], pairs[1][k]) for k in chosen], 0.1)
    return (
        f"the weights are those of torch.optim.SGD. After 300 steps at 0.1 the score of a network "
        f"of 16 units is ≈{score(model, checks, scaler):.3f}; Adam of the lesson comes lower, and "
        "persistence has 0.166."
    )


def _small() -> Forecaster:
    torch.manual_seed(0)
    return Forecaster(hidden_size=4).float()


def _weights(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def _after(function: Callable, batches: list, rate: float, **change) -> Tensor:
    model = _small()
    function(model, list(batches), rate, **change)
    return _weights(model)


def _reference(
    model, batches, rate, sign=1, keep=False, all_outputs=False, unit=False, only=None
) -> None:
    """Gradient descent by torch.optim, with one of the usual mistakes."""
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, maximize=sign < 0)
    for x, y in batches[:only]:
        outputs = model(x) if all_outputs else model(x)[:, -1:]
        if not keep:
            optimizer.zero_grad()
        ((outputs - y) ** 2).mean().backward()
        for parameter in model.parameters():
            if unit:
                parameter.grad.sign_()
        optimizer.step()


PASSES, WINDOWS, GOAL = 100, 64, 0.121


@exercise(
    "04.4",
    """
    def train_in_a_hurry(model, seed):  # on noisy_sine(seed), or windows of another length
        ...
    """,
)
def in_a_hurry(train_in_a_hurry) -> str:
    errors = []
    for seed in range(3):
        (model,) = models_of([seed], hidden_size=16)
        model = model.float()
        calls: list[tuple] = []
        hook = model.rnn.register_forward_pre_hook(
            lambda layer, given, calls=calls: calls.append(
                (torch.is_grad_enabled(), given[0].shape)
            )
        )
        train_in_a_hurry(model, seed)
        hook.remove()
        passes = [shape for learning, shape in calls if learning]
        expect(passes, "the model that was handed over is never asked for an output to learn from.")
        expect(
            len(passes) <= PASSES,
            f"{len(passes)} passes forward with a gradient; allowed are {PASSES}.",
        )
        most, longest = (max(shape[k] for shape in passes) for k in (0, 1))
        expect(most <= WINDOWS, f"a batch has {most} windows; allowed are {WINDOWS}.")
        expect(longest <= 50, f"a window has {longest} values; allowed are 50.")
        array_of(_weights(model), "the weights")
        _, checks, scaler = noisy_sine(seed)
        errors.append(score(model, checks, scaler))
    error = float(np.sqrt(np.mean(np.square(errors))))
    said = f"over three runs your RMSE is ≈{error:.3f}; asked for is {GOAL} or less"
    expect(
        error < 0.2,
        f"{said}. Persistence has 0.166. Is the network trained at all, and on scaled values?",
    )
    expect(error < 0.166, f"{said}. Persistence, with 0.166, is still better.")
    expect(
        error < 0.131,
        f"{said}. How much do you learn from a pass? Each window has many outputs, and a batch may "
        f"have {WINDOWS} windows.",
    )
    expect(
        error <= GOAL or longest >= 40,
        f"{said}. Near. Your longest windows have {longest} values: longer ones are allowed, and a "
        "pass through them answers more questions.",
    )
    expect(
        error <= GOAL,
        f"{said}. Near. A hundred steps are few: how far does each go, in the beginning and at the "
        "end?",
    )
    return f"{said}. The noise alone makes 0.1."
