"""The exercises of lesson 07, Limits."""

from __future__ import annotations

import numpy as np
import torch

from checks import array_of, exercise, expect, judged, numbers, show
from experiments import models_of
from helpers import ar_forecast, closed_loop, rmse


def _family(number: int, seed: int, shortest: float = 15, longest: float = 60) -> tuple:
    """Noisy and clean waves as those of the lesson, (number, 100, 1) each."""
    dice = np.random.default_rng(seed)
    period = dice.uniform(shortest, longest, (number, 1, 1))
    phase = dice.uniform(0, 2 * np.pi, (number, 1, 1))
    clean = np.sin(2 * np.pi * np.arange(100)[:, None] / period + phase)
    return clean + 0.3 * dice.standard_normal(clean.shape), clean


@exercise(
    "07.1",
    """
    weights = ...  # the first weight of the law, for a period of 15 and of 60 points: two numbers
    times_near = ...  # the one AR's error at 15 points, divided by that at 60, 1 step ahead
    times_far = ...  # the same, 25 steps ahead
    """,
)
def one_law_for_all(weights, times_near, times_far) -> str:
    given = numbers(weights, 2, "weights")
    angles = 2 * np.pi / np.array([15, 60])
    truth = 2 * np.cos(angles)
    said = f"`weights` are not {show(given)}"
    expect(not np.allclose(given, truth[::-1], atol=0.01), f"{said}: they are exchanged.")
    expect(abs(given[0] - given[1]) > 1e-6, f"{said}: with equal weights both would be one wave.")
    for other, hint in (
        (np.cos(angles), "that is the cosine alone. What stands before it in the law?"),
        (angles, "these are the angles per step, not yet the weights."),
        (2 * np.cos(angles / (2 * np.pi)), "a whole period is an angle of 2 pi, not of 1."),
        (2 * np.cos(np.degrees(angles)), "NumPy's cosine takes its angle in radians."),
        (2 * np.sin(angles), "that is the sine."),
    ):
        expect(not np.allclose(given, other, atol=0.01), f"{said}: {hint}")
    expect(
        np.allclose(given, truth, atol=0.01),
        f"{said}. What is the angle that a wave turns by in one step?",
    )
    found, worst = _of_one_ar()
    for name, value, ahead, times in zip(
        ("times_near", "times_far"), (times_near, times_far), (1, 25), found, strict=True
    ):
        (guess,) = numbers(value, 1, name)
        said = f"`weights` are right, `{name}` is not {show(guess)}"
        expect(guess > 0, f"{said}: errors are not negative.")
        expect(
            abs(guess - 4) > 0.1,
            f"{said}. So many times as long is one period; the errors do not follow the periods.",
        )
        expect(
            ahead == 25 or abs(guess - 1) > 0.15,
            f"{said}: one law cannot suit both alike. Which waves move least in a step?",
        )
        expect(
            ahead == 25 or abs(guess * times - 1) > 0.3,
            f"{said}: that is the error at 60 over that at 15. The waves that move little in a "
            "step are the easy ones.",
        )
        expect(
            ahead == 1 or abs(guess - found[0]) > 0.4,
            f"{said}: so far ahead the one AR does hardly better than always saying 0, and that "
            "has one error for all periods.",
        )
        expect(
            abs(np.log(guess / times)) < 0.35,
            f"{said}; it is too {'large' if guess > times else 'small'}. The lesson's "
            "`against_clean` takes waves of any period: measure it.",
        )
    return (
        f"you said {show(times_near)} and {show(times_far)}. Measured, the error at 15 points is "
        f"{found[0]:.1f} times that at 60 one step ahead, and {found[1]:.1f} times 25 steps ahead, "
        f"where neither is above {worst:.2f}; always saying 0 has 0.71. The weight is the period: "
        "who fixes the one has fixed the other. A network's gates can change its law with its "
        "state."
    )


def _of_one_ar() -> tuple[list[float], float]:
    """One AR for all: its error at 15 points over that at 60, at 1 and 25 ahead; the largest."""
    waves, _ = _family(2000, 3)
    pieces = np.lib.stride_tricks.sliding_window_view(waves[:, :, 0], 51, axis=1).reshape(-1, 51)
    design = np.column_stack([pieces[:, :-1], np.ones(len(pieces))])
    coefficients = np.linalg.lstsq(design, pieces[:, -1], rcond=None)[0]
    errors = []
    for period in (15, 60):
        noisy, clean = _family(500, 5, period, period)
        forecast = ar_forecast(coefficients, noisy[:, :50], 25)
        errors.append([rmse(forecast[:, k], clean[:, 50 + k]) for k in (0, 24)])
    fast, slow = errors
    return [a / b for a, b in zip(fast, slow, strict=True)], max(fast[1], slow[1])


@exercise(
    "07.2",
    """
    prediction = ...  # where it is ahead after 250 steps: "none", "near", "far" or "all"


    def trained_errors(model, seed, steps):  # train it so long on the family; its 50 test errors
        ...
    """,
)
def hasty(prediction, trained_errors, test_waves, test_clean, best_ar) -> str:
    words = ("none", "near", "far", "all")
    expect(
        isinstance(prediction, str) and prediction in words,
        f'`prediction` should be "none", "near", "far" or "all"; it is {show(prediction)}.',
    )
    heard = {}
    for seed, steps in ((3, 8), (3, 3), (4, 8)):
        model, inputs = _listening(3)
        before = _weights(model)
        given = trained_errors(model, seed, steps)
        heard[seed, steps] = inputs
        expect(inputs, f"with steps={steps} your network has read nothing. Is it the one given?")
        said = f"with steps={steps} the network is trained on {len(inputs)} batches"
        expect(len(inputs) == steps, f"{said}; asked for is one a step.")
        expect(
            not torch.equal(before, _weights(model)), f"{said}, and its weights have not changed."
        )
        _judge_errors(given, model, test_waves, test_clean)
    first, _, other = heard.values()
    expect(
        first[0].shape == first[1].shape and not torch.equal(first[0], first[1]),
        "the first two batches hold the same waves. In the lesson no wave comes twice.",
    )
    expect(
        first[0].shape != other[0].shape or not torch.equal(first[0], other[0]),
        "with another seed your batches are the same.",
    )
    known = torch.tensor(np.asarray(test_waves), dtype=torch.float32)[:, :20]
    seen = first[0][:, :20]
    leak = seen.shape[1:] == known.shape[1:] and (torch.cdist(seen[..., 0], known[..., 0]) < 1e-2)
    expect(
        not np.any(np.asarray(leak)),
        "your batches hold test waves: the network trains on what will judge it.",
    )
    (model,) = models_of([0], hidden_size=32)
    won = 1 + np.flatnonzero(np.asarray(trained_errors(model, 0, 250)).ravel() < best_ar)
    near, far = (won <= 25).sum(), (won > 25).sum()
    true = "near" if near > far else "far" if far else "none"
    true = "all" if near + far == 50 else true
    return (
        f"{judged(prediction, prediction == true)} After 250 steps an LSTM of 32 units is ahead of "
        f"the rival at ≈{near} of the 25 near horizons, and at ≈{far} of the 25 far ones. Who had "
        "stopped here would have reported something else than the lesson."
    )


def _listening(seed: int) -> tuple:
    """A small network, and the list into which go the batches that it reads as a whole."""
    (model,) = models_of([seed], hidden_size=4)
    heard: list[torch.Tensor] = []
    model.register_forward_pre_hook(
        lambda _, given: heard.append(given[0].detach().clone()) if model.training else None
    )
    return model, heard


def _weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def _judge_errors(given, model, waves: np.ndarray, clean: np.ndarray) -> None:
    """Refuse errors that are not those of this network on the test waves."""
    given = array_of(given, "what `trained_errors` gives")
    expect(
        given.size == 50,
        f"`trained_errors` gives {given.size} number{'s' * (given.size != 1)}; asked for is one "
        "at each of 50 horizons.",
    )
    given = given.ravel()
    off = closed_loop(model, waves[:, :50], 50) - clean[:, 50:]
    noisy = off + clean[:, 50:] - waves[:, 50:]
    truth, on_noisy = (np.sqrt((x**2).mean(axis=(0, 2))) for x in (off, noisy))
    bad = "the errors that you give are not those of the network as you have trained it"
    for other, hint in (
        (truth**2, "your errors are mean squares; the root is missing."),
        (truth[::-1], "your errors begin with the farthest horizon; the nearest comes first."),
        (
            on_noisy,
            "your errors are against the noisy values; those in `best_ar` are against the clean.",
        ),
    ):
        expect(np.allclose(given, truth, rtol=1e-3) or not np.allclose(given, other), hint)
    expect(
        np.allclose(given, truth, rtol=1e-3),
        f"{bad}: at horizon 25 you say {given[24]:.3f}, and on the test waves it is off by "
        f"{truth[24]:.3f}. On which waves do you measure, and when?",
    )


@exercise(
    "07.3",
    """
    def by_both(old, residuals, new, noise):  # the five: (5, n, 50) validation, (5, m, 50) new
        ...  # residuals: their sizes (n, 50); gives half widths for the new waves, (m, 50)
    """,
)
def width_of_its_own(by_both) -> str:
    old, missed, _ = _five(1500, 0)
    new, later, apart = _five(2000, 1)
    noise = np.hypot(0.3, 0.04)
    given = by_both(old.copy(), np.abs(missed), new.copy(), noise)
    half = array_of(given, "what `by_both` gives")
    expect(
        half.shape != (50,),
        "you give one half width for each horizon, and none for the single wave.",
    )
    expect(
        half.shape != missed.shape,
        f"your half widths have shape {half.shape}, a row for each validation wave; asked for is a "
        "row for each new one.",
    )
    expect(
        half.shape == later.shape,
        f"your half widths have shape {half.shape}; asked for is {later.shape}.",
    )
    expect((half > 0).all(), f"your half widths go down to {show(half.min())}.")
    inside = np.abs(later) <= half
    kept = 100 * inside.mean(axis=0)
    worst = np.abs(kept - 80).argmax()
    said = f"{worst + 1} steps ahead {kept[worst]:.0f} % of the new values are inside"
    expect(
        np.ptp(half, axis=0).max() > 1e-9,
        "every wave has the same half width, however far its five are apart.",
    )
    expect(
        abs(kept.mean() - 80) > 3 or np.abs(kept - 80).max() < 5,
        f"in the mean of all horizons {kept.mean():.0f} % are inside, but {said}. Is one factor "
        "right for near and far?",
    )
    alone = np.hypot(1.53 * new.std(axis=0, ddof=1), 1.28 * noise)
    expect(
        not np.allclose(half, alone),
        f'{said}. Your half widths are those of "ensemble and noise": nothing has been learned '
        "from the residuals.",
    )
    product = alone * np.quantile(np.abs(missed), 4 / 5, axis=0)
    expect(
        not np.allclose(half, product, rtol=0.02),
        f'{said}. You multiply the width of "ensemble and noise" by a quantile of the residuals, '
        "which is a width itself. The factor should say how many of its widths a wave was off.",
    )
    expect(
        np.abs(kept - 80).max() < 5 or np.ptp(kept) > 10,
        f"{said}, and at the other horizons about as many. The promise is 80 %: look at the level "
        "of your quantile, and at what it is taken of.",
    )
    expect(
        np.abs(kept - 80).max() < 5,
        f"{said}; asked for is 75 to 85 at each horizon. Is what you take from the residuals taken "
        "at each horizon by itself?",
    )
    calm, torn = (apart <= np.quantile(apart, 1 / 4)), (apart >= np.quantile(apart, 3 / 4))
    plain = np.abs(later)[:, -1] <= np.quantile(np.abs(missed)[:, -1], 4 / 5)
    gaps = [100 * (x[calm].mean() - x[torn].mean()) for x in (inside[:, -1], plain)]
    at_end = "50 steps ahead"
    expect(
        gaps[0] > -4,
        f"the coverage holds, but {at_end} it is {-gaps[0]:.0f} points lower on the calm quarter "
        "than on the torn one: where the five agree, your band has become too narrow.",
    )
    expect(
        gaps[0] < 0.7 * gaps[1],
        f"the coverage holds, but {at_end} it is {gaps[0]:.0f} points higher on the calm quarter "
        f"than on the torn one; with one width for all it is {gaps[1]:.0f}, and asked for is at "
        "most 0.7 times as much. Let the width follow more closely how far the five are apart.",
    )
    return (
        f"on the check's waves the coverage is at most {np.abs(kept - 80).max():.0f} points off 80 "
        f"%. {at_end} it is {abs(gaps[0]):.0f} points {'higher' if gaps[0] > 0 else 'lower'} on "
        f"the calm quarter than on the torn one; with one width for all it is {gaps[1]:.0f} higher."
    )


def _five(number: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Five forecasts (5, number, 50), by what their mean misses, and how far apart at the end."""
    dice = np.random.default_rng(seed)
    hard = dice.uniform(0.02, 0.6, (number, 1)) * np.sqrt(np.arange(1, 51) / 50)
    clean = np.sin(dice.uniform(0, 6, (number, 1)) + np.arange(50) / 5)
    shared = hard * dice.standard_normal((number, 1))
    said = clean + shared + 0.45 * hard * dice.standard_normal((5, number, 1))
    missed = clean + 0.3 * dice.standard_normal(clean.shape) - said.mean(axis=0)
    return said, missed, said.std(axis=0, ddof=1)[:, -1]


@exercise(
    "07.4",
    """
    def wide_forecast(context, steps):  # (batch, 50, 1)
        ...  # (batch, steps, 1)
    """,
)
def wider_world(wide_forecast) -> str:
    waves, clean, height, level, period = _wide(600, 7)
    context, shape = waves[:, :50], (600, 50, 1)
    given = array_of(wide_forecast(context.copy(), 50), "your forecast of 50 steps", shape)
    off = ((given - clean[:, 50:]) / height)[..., 0]
    error = _root(off)
    middle, size = context.mean(axis=1, keepdims=True), context.std(axis=1, keepdims=True)
    rival = middle + size * _refitted((context - middle) / size)
    by_rival = _root((rival - clean[:, 50:]) / height)
    said = f"over 50 steps you are {error:.3f} heights off; asked for is 0.2"
    high = np.abs(level.ravel()) > 1
    expect(
        error <= 0.2 or _root(off[high]) < 2 * _root(off[~high]),
        f"{said}. On waves with a level above 1 or below -1 it is {_root(off[high]):.2f}, on the "
        f"others {_root(off[~high]):.2f}. What does your forecaster take the level to be?",
    )
    flat = _root((middle - clean[:, 50:]) / height)
    expect(
        error < 1.05 * flat,
        f"{said}. Even who repeats the mean of the context is only {flat:.2f} off.",
    )
    expect(error < 0.95 * flat, f"{said}. Who repeats the mean of the context is {flat:.2f} off.")
    edges = {"below 15 points": period < 15, "above 60": period > 60}
    edges["between 15 and 60"] = (period >= 15) & (period <= 60)
    parts = {name: _root(off[where.ravel()]) for name, where in edges.items()}
    rows = ", ".join(f"{part:.2f} {name}" for name, part in parts.items())
    *outer, inner = parts.values()
    expect(
        error <= 0.2 or max(outer) < 3 * inner,
        f"{said}. By period it is {rows}. Which of these waves was your forecaster made for?",
    )
    expect(
        error <= 0.2 or error < 0.98 * by_rival,
        f"{said}. Even the rival of the lesson, on contexts of mean 0 and deviation 1, is "
        f"{by_rival:.3f} off.",
    )
    expect(error <= 0.2, f"{said}. By period it is {rows}; the rival is {by_rival:.3f} off.")
    return f"{said}. The rival of the lesson is {by_rival:.3f} off. By period it is {rows}."


def _wide(number: int, seed: int) -> tuple[np.ndarray, ...]:
    """Waves (number, 100, 1), noisy and clean; their heights, levels and periods (number, 1, 1)."""
    dice = np.random.default_rng(seed)
    low, high = np.log([8, 80])
    period = np.exp(dice.uniform(low, high, (number, 1, 1)))
    phase = dice.uniform(0, 2 * np.pi, (number, 1, 1))
    height, level = (dice.uniform(*ends, (number, 1, 1)) for ends in ((0.5, 2), (-2, 2)))
    clean = level + height * np.sin(2 * np.pi * np.arange(100)[:, None] / period + phase)
    return clean + 0.2 * height * dice.standard_normal(clean.shape), clean, height, level, period


def _refitted(context: np.ndarray, order: int = 24, ridge: float = 10) -> np.ndarray:
    """The rival of the lesson: 50 steps."""
    values = context[:, :, 0]
    pieces = np.lib.stride_tricks.sliding_window_view(values, order + 1, axis=1)
    pieces = np.concatenate([pieces, pieces[:, :, ::-1]], axis=1)
    x, y = pieces[:, :, :-1], pieces[:, :, -1:]
    turned = x.transpose(0, 2, 1)
    weights = np.linalg.solve(turned @ x + ridge * np.eye(order), turned @ y)
    for _ in range(50):
        values = np.concatenate([values, (values[:, None, -order:] @ weights)[:, 0]], axis=1)
    return values[:, -50:, None]


def _root(off: np.ndarray) -> float:
    return float(np.sqrt(np.mean(off**2)))
