"""The exercises of lesson 00, One page."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from checks import array_of, exercise, expect, judged, numbers, show

STEPS = 190  # of the closed loop


@exercise("00.1", "prediction = ...  # its error one step ahead, divided by that of persistence")
def one_value(prediction, SineLSTM) -> str:
    (guess,) = numbers(prediction, 1)
    wave = torch.sin(torch.linspace(0, 100, 1000))[:, None]
    inputs, targets = wave[:-1, None], wave[1:, None]
    torch.manual_seed(0)
    model = SineLSTM()
    _train(model, inputs[:799], targets[:799], 100)
    with torch.no_grad():
        missed, naive = model(inputs[800:]) - targets[800:], inputs[800:] - targets[800:]
    found, unit = (missed.norm() / naive.norm()).item(), naive.square().mean().sqrt().item()
    said = f"`prediction` is not {show(guess)}"
    expect(guess > 0, f"{said}: an error is above 0.")
    expect(
        abs(guess / unit - 1) > 0.1,
        f"{said}: that is persistence's error in units of the wave. Asked for is a quotient.",
    )
    expect(
        guess > 0.1,
        f"{said}: that is as good as with ten values. What does one value say of the wave, and "
        "what not?",
    )
    expect(
        guess > found / 1.5,
        f"{said}: measured, it is larger. Can the network tell from one value whether the wave "
        "rises?",
    )
    expect(
        guess < found * 1.5,
        f"{said}: measured, it is smaller. The network can do what persistence does: say the "
        "value again.",
    )
    return (
        f"you said {show(guess)}, and a network that the check has trained is at ≈{found:.2f}. One "
        "value says where the wave is, and not whether it rises or falls; so the best guess is "
        "close to the value itself."
    )


def _train(model: nn.Module, inputs: Tensor, targets: Tensor, rounds: int) -> None:
    """As the page does."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(rounds):
        loss = nn.functional.mse_loss(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@exercise(
    "00.2",
    """
    prediction = ...  # the largest of the 190 errors: "larger", "the same" or "smaller"


    def run_on(model, epochs):  # train it for so many epochs; its closed loop from X_test[0]
        ...  # (190,)
    """,
)
def more_epochs(prediction, run_on, SineLSTM, X_train, y_train, X_test, y_test) -> str:
    words = ("larger", "the same", "smaller")
    expect(
        isinstance(prediction, str) and prediction in words,
        f'`prediction` should be "larger", "the same" or "smaller"; it is {show(prediction)}.',
    )
    torch.manual_seed(3)
    fresh = SineLSTM()
    for epochs in (5, 2):
        mine, theirs = copy.deepcopy(fresh), copy.deepcopy(fresh)
        given = run_on(mine, epochs)
        _train(theirs, X_train, y_train, epochs)
        said = f"after {epochs} epochs"
        expect(not _same(mine, fresh), f"{said} your network is as it was. Is it the one given?")
        expect(
            epochs == 5 or not _same(mine, _trained_on(fresh, X_train, y_train, 5)),
            f"{said} your network is that of 5. Does it follow `epochs`?",
        )
        values = array_of(given, "what `run_on` gives")
        expect(
            values.size == STEPS,
            f"`run_on` gives {values.size} values; asked for are the {STEPS} forecasts alone.",
        )
        values = values.ravel()
        with torch.no_grad():
            one_step = mine(X_test)[:, 0, 0].numpy()
            apart = np.abs(values - _closed_loop(mine, X_test)).max()
        expect(
            apart < 1e-4 or np.abs(values - one_step[:STEPS]).max() > 1e-4,
            f"{said} your loop gives the predictions one step ahead: it is fed with the truth.",
        )
        truth = y_test[:, 0, 0].numpy()
        expect(
            apart < 1e-4 or np.abs(values - truth[:STEPS]).max() > 1e-4,
            "your values are the truth.",
        )
        expect(
            apart < 1e-4,
            f"{said} your values are up to {apart:.2g} off what your network says in closed loop "
            "from the ten values of `X_test[0]`. Where does your loop begin? What does it read?",
        )
        expect(
            _same(mine, theirs),
            f"{said} your network is another than that of this page. Compare the learning rate, "
            "the pairs, and the five lines.",
        )
    worst = {}
    truth = y_test[:, 0, 0].numpy()
    for epochs in (100, 300):
        model = _trained_on(fresh, X_train, y_train, epochs, seed=0)
        worst[epochs] = np.abs(_closed_loop(model, X_test) - truth).max()
    times = worst[300] / worst[100]
    true = words[0] if times > 1.25 else words[2] if times < 0.8 else words[1]
    return (
        f"{judged(prediction, prediction == true)} The largest error is ≈{worst[100]:.1f} after "
        f"100 epochs and ≈{worst[300]:.2f} after 300, with seed 0. Now try two other seeds."
    )


def _trained_on(fresh, inputs: Tensor, targets: Tensor, epochs: int, seed=None) -> nn.Module:
    """A copy, trained; with a seed, a new one."""
    model = copy.deepcopy(fresh)
    if seed is not None:
        torch.manual_seed(seed)
        model = type(fresh)()
    _train(model, inputs, targets, epochs)
    return model


def _same(a: nn.Module, b: nn.Module) -> bool:
    weights = (torch.cat([p.detach().flatten() for p in m.parameters()]) for m in (a, b))
    return torch.allclose(*weights, atol=1e-5)


def _closed_loop(model: nn.Module, X_test: Tensor) -> np.ndarray:
    """The forecast (190,) after the ten values of the first test window."""
    forecast = X_test[0].clone()
    with torch.no_grad():
        for _ in range(STEPS):
            forecast = torch.cat([forecast, model(forecast[None, -10:])[0]])
    return forecast.numpy()[10:, 0]


@exercise(
    "00.3",
    """
    def by_hand(two, steps):  # the last two values of the wave, (2,): the `steps` after them
        ...
    """,
)
def two_coefficients(by_hand) -> str:
    wave, worst = np.sin(np.linspace(0, 100, 1000)), 0.0
    for start, steps in ((808, 190), (0, 10), (500, 400)):
        two, truth = wave[start : start + 2], wave[start + 2 : start + 2 + steps]
        given = array_of(by_hand(two.copy(), steps), f"what `by_hand` gives for steps={steps}")
        expect(
            given.size == steps,
            f"for steps={steps} you give {given.size} values; asked for are {steps}, without the "
            "two that you got.",
        )
        given = given.ravel()
        off = np.abs(given - truth).max()
        first = two[1] - two[0]
        said = f"{steps} values from point {start + 2} on are up to {off:.2g} off"
        expect(np.ptp(given) > 1e-9, f"{said}: they are all alike.")
        expect(
            off < 1e-6 or not np.allclose(np.diff(given), first),
            f"{said}: they lie on a straight line. A sine bends back.",
        )
        expect(
            off < 1e-6 or not np.allclose(given, _law(two[::-1], steps)),
            f"{said}: your wave runs backwards. Which of the two values is the newer one?",
        )
        expect(
            off < 1e-6 or not np.allclose(given, _law(two, steps, 1000)),
            f"{said}. Nearly: between 1000 points there are how many gaps?",
        )
        expect(
            off < 1e-6 or abs(given[0] - truth[0]) < 1e-9,
            f"{said}, and the first of them is {abs(given[0] - truth[0]):.2g} off. Compare it with "
            "the formula.",
        )
        expect(
            off < 1e-6,
            f"{said}, and the first of them is right. What does your loop read after that?",
        )
        worst = max(worst, off)
    return (
        f"the largest error is below {10 ** np.ceil(np.log10(max(worst, 1e-16))):.0e}. A clean "
        "sine is solved by two coefficients, so an LSTM cannot win here. It is the example because "
        "you know the right answer, and see every mistake."
    )


def _law(two: np.ndarray, steps: int, gaps: int = 999) -> np.ndarray:
    """The sine through two points, which has `gaps` gaps for an angle of 100."""
    angle = 100 / gaps
    a, b = two
    k = np.arange(2, steps + 2)
    return (b * np.sin(k * angle) - a * np.sin((k - 1) * angle)) / np.sin(angle)


BUDGET = 40_000  # windows of ten values


@exercise(
    "00.4",
    """
    def train_well(model):  # a fresh SineLSTM; it may read 40 000 windows, none of the test part
        ...
    """,
)
def little_reading(train_well, SineLSTM, X_test, y_test) -> str:
    worst, truth = [], y_test[:, 0, 0].numpy()
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = SineLSTM()
        fresh, read = copy.deepcopy(model), []
        counting = model.lstm.register_forward_pre_hook(
            lambda _, given, read=read: _count(given[0], read, X_test)
        )
        train_well(model)
        counting.remove()
        expect(read, "the network that `train_well` is given has read nothing.")
        expect(not _same(model, fresh), "the network that `train_well` is given has not changed.")
        off = np.abs(_closed_loop(model, X_test) - truth).max()
        expect(np.isfinite(off), f"with seed {seed} your network gives NaN: its training diverged.")
        said = (
            f"with seed {seed} the largest of the {STEPS} errors is {off:.2f}; asked for is 0.1. "
            f"You have read {sum(read):.0f} windows in {len(read)} batches"
        )
        expect(off <= 0.1 or sum(read) > BUDGET / 2, f"{said}: some are left.")
        expect(
            off <= 0.1 or len(read) > 100,
            f"{said}. So there were not more steps than that. Must each step read all windows?",
        )
        expect(off <= 0.1, f"{said}. Are the last steps to be as long as the first?")
        worst.append(off)
    return (
        f"the largest errors are ≈{worst[0]:.3f} and ≈{worst[1]:.3f}, for two seeds; asked for is "
        "0.1. The page reads 79000 windows, and is ≈0.7 off. It was not the network that was bad."
    )


def _count(x: Tensor, read: list[float], X_test: Tensor) -> None:
    """Note how many windows a batch has; refuse too many, and those of the test part."""
    read.append(x.shape[0] * x.shape[1] / 10)
    expect(sum(read) <= BUDGET, f"your training reads more than {BUDGET} windows.")
    same = (x[:, None, :3] == X_test[:, :3]).all(dim=2) if x.shape[1] >= 3 else torch.zeros(1)
    expect(not same.any(), "your training reads windows of the test part.")
