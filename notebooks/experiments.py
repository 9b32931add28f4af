"""The experiments that several lessons make: what is trained on, in pairs, over a few seeds.

Shapes as in helpers. Functions of numbers raise ValueError for an argument that they cannot use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import ipywidgets as widgets
import numpy as np
import torch
from IPython import get_ipython
from IPython.display import display
from torch import Tensor, nn

from helpers import (
    ABOVE_0,
    COUNT,
    FROM_0,
    REAL,
    Forecaster,
    Pair,
    Scaler,
    _checked,
    create_sequences,
    evaluate,
    fit_scaler,
    make_wave,
    random_batches,
    set_forget_bias,
    split_in_time,
    train,
)

# ==== The same for each seed, and what comes of it


def models_of(seeds: Iterable[int], forget_bias=None, **settings) -> list[Forecaster]:
    """A Forecaster a seed, with `settings` (see there) and, if given, this forget bias."""
    models = []
    for seed in seeds:
        torch.manual_seed(seed)
        models.append(Forecaster(**settings))
        if forget_bias is not None:
            set_forget_bias(models[-1].rnn, forget_bias)
    return models


def in_pairs(function: Callable, jobs: Iterable[tuple]) -> list:
    """``function(*job)`` for each job, in order; two at a time, one processor each."""
    jobs = list(jobs)
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=[1]) as pool:
        return list(progress(pool.map(lambda job: function(*job), jobs), len(jobs)))


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


def spread(values, form: str = ".3f") -> str:
    """Median and range of a run's results over its seeds, as the lessons print them.

    The sign ≈ says that the digits depend on the processor; tests pass over such numbers.
    """
    middle, low, high = np.median(values), np.min(values), np.max(values)
    return f"≈{middle:{form}} (≈{low:{form}} to ≈{high:{form}})"


def verdict(a, b) -> str:
    """Whether the errors `a` are clearly below `b`: each of the ones below each of the others.

    NaN, the error of a run that exploded, counts as the largest.
    """
    a, b = (np.nan_to_num(errors, nan=math.inf) for errors in (a, b))
    if a.max() < b.min():
        return "clearly better"
    return "clearly worse" if a.min() > b.max() else "not clear"


# ==== 04 Training: a noisy sine


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


# ==== 09 Memory: a bit to recall; 10: two numbers to add


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
