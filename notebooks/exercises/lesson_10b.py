"""The exercises of lesson 10b, After the LSTM."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from checks import array_of, exercise, expect, judged, numbers, show
from experiments import accuracy, learn_recall, recall


@exercise("10b.1", "moves = ...  # with one block, and with two: two of True and False")
def order_and_blocks(moves) -> str:
    given = list(moves) if isinstance(moves, (tuple, list)) else []
    ok = len(given) == 2 and all(isinstance(each, (bool, np.bool_)) for each in given)
    expect(ok, f"`moves` should be two of True and False, in brackets; it is {show(moves)}.")
    series = torch.randn(10, 1, dtype=torch.float64)
    exchanged = series[[2, 1, 0, 3, 4, 5, 6, 7, 8, 9]]
    sizes = []
    for count in (1, 2):
        blocks = [_attention(8) for _ in range(count)]
        embed = nn.Linear(1, 8, dtype=torch.float64)
        with torch.inference_mode():
            ends = [_through(blocks, embed(x))[-1] for x in (series, exchanged)]
        sizes.append((ends[0] - ends[1]).abs().max().item())
    for word, guess, size in zip(("one block", "two blocks"), given, sizes, strict=True):
        hint = (
            "Its last time step sees all ten values. In which order?"
            if word == "one block"
            else "What did the third time step see in the first block, and what did the first?"
        )
        expect(guess == (size > 1e-9), f"with {word} it is the other way round. {hint}")
    return (
        f"in two small networks of the check it moved by {sizes[0]:.1e} and by {sizes[1]:.1e}. The "
        "mask is the reason: what a time step hands on depends on who came before."
    )


def _attention(size: int) -> nn.Linear:
    return nn.Linear(size, 3 * size, dtype=torch.float64)


def _through(blocks: list[nn.Linear], x: Tensor) -> Tensor:
    """Causal attention without positions, block after block, added to what came in."""
    for block in blocks:
        q, k, v = block(x).chunk(3, dim=-1)
        seen = nn.functional.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)
        x = x + 3 * seen[0]
    return x


@exercise(
    "10b.2",
    """
    prediction = ...  # of five, how many solve delay 100 in 100 optimiser steps


    def told_models(seeds, delay):  # an LSTM of 16 units a seed, told how long to remember
        ...
    """,
)
def told_beforehand(prediction, told_models) -> str:
    (guess,) = numbers(prediction, 1)
    expect(guess in range(6), f"`prediction` is a number from 0 to 5; yours is {show(guess)}.")
    for delay in (10, 100):
        models = list(told_models(range(2), delay))
        expect(len(models) == 2, f"two seeds give {len(models)} networks.")
        for model in models:
            rnn = getattr(model, "rnn", None)
            kind = type(rnn or model).__name__
            expect(isinstance(rnn, nn.LSTM), f"you give {kind}; asked for is a Forecaster's LSTM.")
            expect(rnn.hidden_size == 16, f"{rnn.hidden_size} units; asked for is 16.")
            bias = (rnn.bias_ih_l0 + rnn.bias_hh_l0).detach().double()[16:32]
            rest = 1 / (1 + bias.exp())  # 1 - f
            here = f"with delay={delay} the forget gates begin at f = {1 - rest.mean():.4f}"
            expect(rest.mean() < 0.9, f"{here}: they forget nearly everything. Look at the sign.")
            expect(
                rest.max() - rest.min() < 0.03 * rest.mean(),
                f"with delay={delay} the forget gates differ from unit to unit. PyTorch adds two "
                "biases; is one of them still random?",
            )
            fold = (rest.mean() * delay).item()
            expect(
                abs(fold * delay - 1) > 0.25,
                f"{here}, a time constant of {1 / rest.mean():.0f}: is the number in both biases?",
            )
            word = "longer" if fold < 1 else "shorter"
            expect(
                abs(fold - 1) < 0.11,
                f"{here}. That is a time constant of 1 / (1 - f) = {1 / rest.mean():.1f}, {word} "
                "than the delay.",
            )
        alike = torch.equal(models[0].linear.weight, models[1].linear.weight)
        expect(not alike, "two seeds give the same network. Are the seeds used?")
    unseen = recall(500, 100, torch.Generator().manual_seed(2000))
    solved = 0
    for seed, model in enumerate(told_models(range(2), 100)):
        solved += accuracy(learn_recall(model, 100, 0.003, seed, 100)[0], *unseen) >= 0.95
    return (
        f"{judged(guess, abs(guess / 5 - solved / 2) < 0.5)} That was of five; of two that the "
        f"check trained ≈{solved} solved it. So an LSTM can, if somebody knows the delay "
        "beforehand. The transformer was told nothing."
    )


@exercise(
    "10b.3",
    """
    def windowed(model, x, n):  # x (batch, time, 1); the last output (batch, 1, outputs)
        ...
    """,
)
def bounded_cache(windowed, transformers) -> str:
    (model,) = transformers([0])
    x = torch.randn(4, 50, 1, generator=torch.Generator().manual_seed(0)).to(model.positions)
    with torch.inference_mode():
        full, banded = model(x)[:, -1:], {n: _banded(model, x, n) for n in (25, 26, 10)}
        late = model(x[:, 25:])[:, -1:]
        found = {n: windowed(model, x.clone(), n) for n in (50, 25, 10)}
    for n, said in found.items():
        array_of(said, f"the output for n={n}", tuple(full.shape))

    def off(a: Tensor, b: Tensor) -> float:
        return (a - b).abs().max().item()

    expect(
        off(found[50], full) < 1e-3,
        f"with n=50 nothing is forgotten, and yet you are {off(found[50], full):.2f} off what the "
        "model says. Are the places those of the values, 0 to 49?",
    )
    expect(off(found[25], full) > 1e-3, "with n=25 the answer is that of all 50: nothing is cut.")
    same = off(found[25], banded[26]) < 1e-3
    expect(
        not same,
        "with n=25 each value looks at 26: itself and 25 that were kept. The newest comes in with "
        "the call.",
    )
    expect(
        off(found[25], late) > 1e-3 and off(found[25], _alone(model, x, 25)) > 1e-3,
        "with n=25 your answer is that of a model that was given the last 25 values only. What was "
        "kept of them was made when earlier ones could still be seen.",
    )
    for n in (25, 10):
        gap = off(found[n], banded[n])
        expect(gap < 1e-3, f"with n={n} you are {gap:.2f} off. Which end of the cache do you keep?")
    gap = off(found[25], _alone(model, x, 25))
    return (
        f"each block looks at n values, itself among them. A model that was given the last 25 only "
        f"says something else, ≈{gap:.2f} off: two blocks look back nearly twice as far as one."
    )


def _banded(model: nn.Module, x: Tensor, n: int) -> Tensor:
    """What the model says last if in each block a time step sees only `n`, itself among them."""
    back = torch.arange(x.shape[1])[:, None] - torch.arange(x.shape[1])
    allowed = (back >= 0) & (back < n)
    x = model.embed(x) + model.positions[: x.shape[1]]
    for block in model.blocks:
        q, k, v = block.queries_keys_values(x)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        x = block.add(x, seen)
    return model.linear(model.norm(x))[:, -1:]


def _alone(model: nn.Module, x: Tensor, n: int) -> Tensor:
    """What the model says of the last `n` values, each in its place."""
    x = model.embed(x[:, -n:]) + model.positions[x.shape[1] - n : x.shape[1]]
    for block in model.blocks:
        x = block(x)
    return model.linear(model.norm(x))[:, -1:]


@exercise(
    "10b.4",
    """
    def queries_and_keys(series):  # (waves, 150): the query of the last time step (waves, d),
        ...  # and a key for each time step (waves, 150, d)
    """,
)
def attention_by_hand(queries_and_keys) -> str:
    series, truth = _waves(500)
    given = queries_and_keys(series.copy())
    two = isinstance(given, (tuple, list)) and len(given) == 2
    expect(two, f"`queries_and_keys` should give two arrays; it gives {show(given)}.")
    query = array_of(given[0], "your query")
    ok = query.ndim == 2 and len(query) == 500
    expect(ok, f"the queries have shape {query.shape}; asked for is (500, d).")
    keys = array_of(given[1], "your keys", (500, 150, query.shape[1]))
    short = queries_and_keys(series[:5].copy())
    alike = np.allclose(short[0], query[:5]) and np.allclose(short[1], keys[:5])
    expect(alike, "five waves alone get other keys than among the others: they know each other.")
    spoilt = series.copy()
    spoilt[:, 100:] += 1
    early = np.asarray(queries_and_keys(spoilt)[1])[:, :100]
    expect(
        np.allclose(early, keys[:, :100]),
        "keys of the first 100 time steps move with later values. A key is made when its value "
        "comes, and then kept.",
    )
    scores = np.einsum("wd,wtd->wt", query, keys)[:, :-1]
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    error = _off((weights * series[:, 1:]).sum(axis=1), truth)
    said = f"one step ahead you are {error:.3f} off the clean wave; asked for is 0.15"
    expect(error < 0.95 * _off(series.mean(axis=1), truth), f"{said}. The mean is no worse.")
    last = _off(series[:, -1], truth)
    expect(error < 0.99 * last, f"{said}. Repeating the last value is {last:.3f} off.")
    places = 1 / (weights**2).sum(axis=1).mean()
    expect(
        error <= 0.15,
        f"{said}. You look at {places:.1f} places at once, about; each has noise of 0.3, and not "
        "all of them are like now.",
    )
    return (
        f"{said}, and the last value is {last:.3f} off. Nothing was trained: a query that looks "
        f"like a key is a search for what was alike, here in about {places:.0f} places at once."
    )


def _off(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def _waves(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Sines of 15 to 60 points with noise 0.3, (number, 150), and the next clean value."""
    dice = np.random.default_rng(0)
    period, phase = dice.uniform(15, 60, (number, 1)), dice.uniform(0, 2 * np.pi, (number, 1))
    clean = np.sin(2 * np.pi * np.arange(151) / period + phase)
    return clean[:, :-1] + 0.3 * dice.standard_normal((number, 150)), clean[:, -1]
