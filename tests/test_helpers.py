"""The shared code: what it computes, and what it says to bad input."""

from __future__ import annotations

import inspect
import math
import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import experiments
import figures
import helpers
from experiments import (
    accuracy,
    adding,
    in_pairs,
    learn_adding,
    learn_recall,
    models_of,
    noisy_sine,
    recall,
    run,
    score,
    verdict,
)
from helpers import (
    CELLS,
    Forecaster,
    ar_forecast,
    closed_loop,
    create_sequences,
    evaluate,
    fit,
    fit_ar,
    fit_scaler,
    follow_recipe,
    in_units,
    make_wave,
    persistence,
    random_batches,
    rmse,
    rmse_by_horizon,
    set_forget_bias,
    split_in_time,
    train,
)

torch.set_num_threads(1)
WAVE = make_wave(120, 20)
ONE_SINE_AHEAD = [-1, 2 * np.cos(2 * np.pi / 20), 0]  # x[t+1] = 2 cos(w) x[t] - x[t-1]


def pairs(window: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    inputs, targets = create_sequences(WAVE, window)
    return torch.tensor(inputs), torch.tensor(targets)


def small_model(**settings) -> Forecaster:
    torch.manual_seed(0)
    return Forecaster(hidden_size=4, **settings).double()


# ==== Data


def test_wave_repeats_after_its_period() -> None:
    assert WAVE.shape == (120, 1)
    np.testing.assert_allclose(WAVE[20:], WAVE[:-20], atol=1e-12)
    np.testing.assert_allclose(WAVE[5], 1)


def test_wave_of_two_periods_is_their_sum() -> None:
    np.testing.assert_allclose(make_wave(50, [20, 7]), make_wave(50, 20) + make_wave(50, 7))


def test_noise_comes_from_the_generator_and_has_its_size() -> None:
    noisy = make_wave(20_000, 20, 0.3, np.random.default_rng(0))
    assert abs((noisy - make_wave(20_000, 20)).std() - 0.3) < 0.01
    np.testing.assert_array_equal(noisy, make_wave(20_000, 20, 0.3, np.random.default_rng(0)))


def test_sequences_of_a_tiny_series() -> None:
    inputs, targets = create_sequences(np.arange(6), 3)
    assert inputs.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert targets.tolist() == [[3], [4], [5]]


def test_sequences_keep_the_features() -> None:
    inputs, targets = create_sequences(np.arange(12).reshape(6, 2), 3)
    assert inputs.shape == (3, 3, 2)
    assert targets.tolist() == [[[6, 7]], [[8, 9]], [[10, 11]]]


def test_split_keeps_every_value_in_order() -> None:
    parts = split_in_time(np.arange(100), 0.2, 0.1)
    assert [len(part) for part in parts] == [70, 20, 10]
    assert np.concatenate(parts).tolist() == list(range(100))


def test_scaler_uses_the_training_part_and_undoes_itself() -> None:
    values = np.array([[2.0], [4.0]])
    scaler = fit_scaler(values)
    assert (scaler.mean, scaler.std) == (3, 1)
    assert scaler.scale(np.array([7.0])).tolist() == [4]
    np.testing.assert_allclose(scaler.unscale(scaler.scale(values)), values)


# ==== Model and training


@pytest.mark.parametrize("cell", CELLS)
def test_forecaster_predicts_after_every_input(cell: str) -> None:
    model = small_model(cell=cell, input_size=2, num_layers=2, dropout=0.1, output_size=3)
    assert type(model.rnn) is getattr(nn, cell)
    assert model(torch.zeros(5, 7, 2).double()).shape == (5, 7, 3)


def test_random_batches_repeat_with_their_generator() -> None:
    inputs, targets = pairs()
    first, again = (
        list(random_batches(inputs, targets, 4, 3, torch.Generator().manual_seed(1)))
        for _ in range(2)
    )
    assert len(first) == 3
    for (x, y), (other_x, other_y) in zip(first, again, strict=True):
        assert x.shape == (4, 8, 1)
        assert torch.equal(x, other_x) and torch.equal(y, other_y)
        torch.testing.assert_close(y[:, 0], ONE_SINE_AHEAD[1] * x[:, -1] - x[:, -2])  # still pairs


def test_train_takes_the_steps_of_the_loop_written_out() -> None:
    inputs, targets = pairs()
    ours, plain = small_model(), small_model()
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in (ours, plain)]
    steps = list(train(ours, nn.MSELoss(), optimizers[0], [(inputs, targets)] * 5))
    for loss, norm in steps:
        plain_loss = ((plain(inputs)[:, -1:] - targets) ** 2).mean()
        optimizers[1].zero_grad()
        plain_loss.backward()
        squares = sum((p.grad**2).sum() for p in plain.parameters())
        optimizers[1].step()
        assert loss == pytest.approx(plain_loss.item(), abs=1e-12)
        assert norm == pytest.approx(math.sqrt(squares), abs=1e-12)
    assert steps[-1][0] < steps[0][0]


def test_train_compares_as_many_outputs_as_targets() -> None:
    inputs, _ = pairs()
    seen = []
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def loss_fn(predictions, targets):
        seen.append((predictions.shape, targets.shape))
        return nn.functional.mse_loss(predictions, targets)

    next(train(model, loss_fn, optimizer, [(inputs, inputs[:, 3:])]))
    assert seen == [((112, 5, 1), (112, 5, 1))]


def test_clip_limits_the_step_and_reports_the_norm_before() -> None:
    inputs, targets = pairs()
    model = small_model()
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    _, norm = next(train(model, nn.MSELoss(), optimizer, [(inputs, targets)], clip=0.01))
    after = [p.detach() for p in model.parameters()]
    moved = sum(((p - q) ** 2).sum() for p, q in zip(after, before, strict=True))
    assert norm > 0.01
    assert math.sqrt(moved) == pytest.approx(0.01, rel=1e-3)


def test_training_goes_on_with_a_new_generator_over_the_same_batches() -> None:
    def run(cut: int) -> list[float]:
        model = small_model()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        batches = random_batches(*pairs(), 4, 6, torch.Generator().manual_seed(0))
        first = train(model, nn.MSELoss(), optimizer, batches)
        losses = [next(first)[0] for _ in range(cut)]
        return losses + [loss for loss, _ in train(model, nn.MSELoss(), optimizer, batches)]

    assert run(3) == run(6)


def test_evaluate_measures_without_dropout_or_gradients() -> None:
    inputs, targets = pairs()
    model = small_model(num_layers=2, dropout=0.9)
    model.train()
    losses = {evaluate(model, nn.MSELoss(), inputs, targets) for _ in range(3)}
    with torch.no_grad():
        expected = nn.functional.mse_loss(model.eval()(inputs)[:, -1:], targets).item()
    assert losses == {expected}
    assert all(p.grad is None for p in model.parameters())


def test_after_an_evaluation_dropout_is_on_again() -> None:
    model = small_model(num_layers=2, dropout=0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)  # so that nothing but dropout changes
    losses = []
    for loss, _ in train(model, nn.MSELoss(), optimizer, [pairs()] * 3):
        losses.append(loss)
        evaluate(model, nn.MSELoss(), *pairs())
    assert len({*losses}) == 3


def test_fit_learns_repeats_and_keeps_the_dtype() -> None:
    settings = {"window": 20, "steps": 60}
    model, again, other = small_model(), small_model(), small_model()
    losses = fit(model, WAVE, **settings, seed=3)
    assert len(losses) == 60
    assert np.mean(losses[-5:]) < 0.1 * losses[0]
    assert fit(again, WAVE, **settings, seed=3) == losses
    assert fit(other, WAVE, **settings, seed=4) != losses
    for p, q in zip(model.parameters(), again.parameters(), strict=True):
        assert p.dtype == torch.float64
        assert torch.equal(p, q)
    assert len(fit(small_model().float(), WAVE, **settings)) == 60


# ==== Evaluation


def test_closed_loop_feeds_back_what_it_forecasts() -> None:
    model, context = small_model(), WAVE[None, :10]
    values = torch.tensor(context)
    with torch.no_grad():
        for _ in range(4):  # the slow way: read everything again at each step
            values = torch.cat([values, model(values)[:, -1:]], dim=1)
    np.testing.assert_allclose(closed_loop(model, context, 4), values[:, 10:], atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_closed_loop_of_every_cell_and_several_features(cell: str) -> None:
    model = small_model(cell=cell, input_size=2, output_size=2)
    assert closed_loop(model, np.zeros((3, 5, 2)), 7).shape == (3, 7, 2)


def test_persistence_repeats_the_last_value() -> None:
    context = np.arange(6.0).reshape(2, 3, 1)
    assert persistence(context, 2).tolist() == [[[2], [2]], [[5], [5]]]


def test_ar_finds_the_law_of_a_sine_and_continues_it() -> None:
    weights = fit_ar(WAVE, 2)
    np.testing.assert_allclose(weights, ONE_SINE_AHEAD, atol=1e-10)
    forecast = ar_forecast(weights, WAVE[None, :10], 100)
    np.testing.assert_allclose(forecast[0], WAVE[10:110], atol=1e-8)


def test_ar_fits_a_constant() -> None:
    series = np.array([[3.0]] * 20)
    forecast = ar_forecast(fit_ar(series, 1), series[None, :5], 3)
    np.testing.assert_allclose(forecast, 3)


def test_rmse_by_horizon_counts_every_start() -> None:
    series = np.arange(10.0)[:, None]
    contexts = []

    def forecast(context: np.ndarray, steps: int) -> np.ndarray:
        contexts.append(context)
        return persistence(context, steps)

    np.testing.assert_allclose(rmse_by_horizon(forecast, series, 4, 3), [1, 2, 3])
    assert contexts[0].shape == (4, 4, 1)
    assert contexts[0][-1, :, 0].tolist() == [3, 4, 5, 6]  # followed by 7, 8, 9


# ==== Drawing


def test_style_is_opaque_and_the_colours_differ() -> None:
    with plt.rc_context():
        figures.use_style()
        assert plt.rcParams["figure.facecolor"] == "white"
    assert len(set(figures.COLORS.values())) == len(figures.COLORS)


def test_label_and_shade_draw_where_they_are_told() -> None:
    ax = plt.figure().subplots()
    figures.label(ax, 1, 2, "here", "#123456")
    figures.shade_future(ax, 3, 5)
    (text,) = ax.texts
    assert (text.get_position(), text.get_text(), text.get_color()) == ((1, 2), "here", "#123456")
    assert (ax.patches[0].get_x(), ax.patches[0].get_width()) == (3, 2)
    plt.close("all")


# ==== Bad input: every public function, and the message it must give

NAN = np.where(np.arange(120)[:, None] == 7, np.nan, WAVE)
FLAT, EMPTY, CUBE = WAVE[:, 0], WAVE[:0], np.zeros((2, 3, 4))
CONTEXT = create_sequences(WAVE, 10)[0]
NAN_CONTEXT = np.where(CONTEXT[3, 3] == CONTEXT, np.nan, CONTEXT)
RNG = np.random.default_rng(0)
GENERATOR = torch.Generator()
AR2 = np.array(ONE_SINE_AHEAD)
MASKED = np.ma.masked_equal(np.where(np.arange(120)[:, None] % 40 == 7, -9999.0, WAVE), -9999.0)
TWO = np.column_stack([FLAT, 1e5 + 800 * np.cos(np.arange(120) / 8)])


class LastOutput(Forecaster):
    """As on the one page: a prediction after the last value only."""

    def forward(self, x):
        return super().forward(x)[:, -1:]


def first_step(inputs, targets):
    model = small_model().float()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return next(train(model, nn.MSELoss(), optimizer, [(inputs, targets)]))


def batch(inputs, targets, size=4, steps=1):
    return next(random_batches(inputs, targets, size, steps, GENERATOR))


def one_step(clip):
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters())
    return next(train(model, nn.MSELoss(), optimizer, [pairs()], clip))


def fit_small(series, model=None, **settings):
    return fit(model or small_model(), series, **settings)


def measure(inputs, targets):
    return evaluate(small_model(), nn.MSELoss(), inputs, targets)


BAD = {
    # Each value: a call, and the beginning of what it must say.
    "make_wave: no points": (lambda: make_wave(0, 20), "num_points is 0; allowed: a whole"),
    "make_wave: half a point": (lambda: make_wave(1.5, 20), "num_points is 1.5; allowed: a whole"),
    "make_wave: period 0": (lambda: make_wave(9, 0), "points_per_period is array([0.]); allowed"),
    "make_wave: NaN period": (lambda: make_wave(9, [5, np.nan]), "the number of NaN"),
    "make_wave: 2-D periods": (lambda: make_wave(9, [[5]]), "the shape of points_per_period is"),
    "make_wave: no periods": (lambda: make_wave(9, []), "the shape of points_per_period is (0,)"),
    "make_wave: noise below 0": (lambda: make_wave(9, 5, -1, RNG), "noise is -1; allowed: a fin"),
    "make_wave: NaN noise": (lambda: make_wave(9, 5, math.nan, RNG), "noise is nan; allowed"),
    "make_wave: no generator": (lambda: make_wave(9, 5, 0.1), "generator is None; allowed: a"),
    "create_sequences: 3-D": (
        lambda: create_sequences(CUBE, 1),
        "the shape of series is (2, 3, 4)",
    ),
    "create_sequences: long": (lambda: create_sequences(FLAT, 120), "window is 120; allowed: less"),
    "create_sequences: no window": (lambda: create_sequences(FLAT, 0), "window is 0; allowed: a w"),
    "create_sequences: empty": (
        lambda: create_sequences(EMPTY, 1),
        "the shape of series is (0, 1)",
    ),
    "create_sequences: NaN": (lambda: create_sequences(NAN, 5), "the number of NaN or infinite"),
    "create_sequences: text": (lambda: create_sequences(["a"], 1), "the dtype of series is"),
    "split_in_time: 3-D": (lambda: split_in_time(CUBE), "the shape of series is (2, 3, 4)"),
    "split_in_time: empty part": (lambda: split_in_time(WAVE, 0, 0.2), "the length of training, v"),
    "split_in_time: all test": (lambda: split_in_time(WAVE, 0.5, 0.5), "the length of training, v"),
    "split_in_time: share": (lambda: split_in_time(WAVE, -0.1), "validation is -0.1; allowed"),
    "split_in_time: NaN share": (lambda: split_in_time(WAVE, 0.1, math.nan), "test is nan; allow"),
    "split_in_time: empty": (lambda: split_in_time(EMPTY), "the shape of series is (0, 1)"),
    "split_in_time: NaN": (lambda: split_in_time(NAN), "the number of NaN or infinite values"),
    "fit_scaler: 3-D": (lambda: fit_scaler(CUBE), "the shape of train is (2, 3, 4)"),
    "fit_scaler: empty": (lambda: fit_scaler(EMPTY), "the shape of train is (0, 1); allowed"),
    "fit_scaler: NaN": (lambda: fit_scaler(NAN), "the number of NaN or infinite values in train"),
    "fit_scaler: constant": (lambda: fit_scaler(np.ones(5)), "the spread of train is 0.0; allow"),
    "Forecaster: cell": (lambda: Forecaster("LTSM"), "cell is 'LTSM'; allowed: RNN, GRU, LSTM"),
    "Forecaster: size": (lambda: Forecaster(hidden_size=0), "hidden_size is 0; allowed: a whole"),
    "Forecaster: layers": (lambda: Forecaster(num_layers=1.5), "num_layers is 1.5; allowed"),
    "Forecaster: dropout": (lambda: Forecaster(dropout=0.5), "dropout is 0.5; allowed: 0; below 1"),
    "Forecaster: 2-D": (lambda: small_model()(torch.zeros(5, 1)), "the shape of x is (5, 1); all"),
    "Forecaster: features": (lambda: small_model()(torch.zeros(5, 3, 2)), "the shape of x is"),
    "Forecaster: empty": (lambda: small_model()(torch.zeros(0, 3, 1)), "the shape of x is (0, 3"),
    "random_batches: 2-D": (
        lambda: batch(torch.zeros(5, 3), torch.zeros(5, 1)),
        "the shape of inp",
    ),
    "random_batches: (N,) targets": (lambda: batch(pairs()[0], torch.zeros(112)), "the shape of t"),
    "random_batches: fewer": (lambda: batch(pairs()[0], pairs()[1][:5]), "the shape of targets is"),
    "random_batches: NaN": (lambda: batch(torch.tensor(NAN_CONTEXT), pairs(10)[1]), "the number o"),
    "random_batches: size": (lambda: batch(*pairs(), size=0), "batch_size is 0; allowed"),
    "random_batches: steps": (lambda: batch(*pairs(), steps=0), "steps is 0; allowed: a whole"),
    "train: clip": (lambda: one_step(0), "clip is 0; allowed: a number, infini"),
    "train: NaN clip": (lambda: one_step(math.nan), "clip is nan; allowed: a number"),
    "evaluate: 2-D": (lambda: measure(pairs()[0][0], pairs()[1]), "the shape of inputs is (8, 1)"),
    "evaluate: empty": (lambda: measure(pairs()[0][:0], pairs()[1]), "the shape of inputs is (0,"),
    "evaluate: long targets": (lambda: measure(pairs(8)[0], pairs(8)[0].repeat(1, 2, 1)), "the sh"),
    "evaluate: NaN": (lambda: measure(torch.tensor(NAN_CONTEXT), pairs(10)[1]), "the number of N"),
    "fit: 1-D": (
        lambda: fit_small(FLAT),
        "the shape of series is (120,); allowed: (time, features)",
    ),
    "fit: long window": (
        lambda: fit_small(WAVE, window=120),
        "window is 120; allowed: less than",
    ),
    "fit: window in warm-up": (
        lambda: fit_small(WAVE, window=5),
        "window is 5; allowed: a whole number",
    ),
    "fit: steps": (lambda: fit_small(WAVE, window=9, steps=0), "steps is 0; allowed: a whole"),
    "fit: empty": (lambda: fit_small(EMPTY), "the shape of series is (0, 1); allowed"),
    "fit: NaN": (
        lambda: fit_small(NAN),
        "the number of NaN or infinite values in series is 1; allowed",
    ),
    "closed_loop: 2-D": (lambda: closed_loop(small_model(), WAVE, 2), "the shape of context is (1"),
    "closed_loop: empty": (lambda: closed_loop(small_model(), CONTEXT[:0], 2), "the shape of cont"),
    "closed_loop: NaN": (lambda: closed_loop(small_model(), NAN_CONTEXT, 2), "the number of NaN"),
    "closed_loop: steps": (lambda: closed_loop(small_model(), CONTEXT, 0), "steps is 0; allowed"),
    "persistence: 2-D": (lambda: persistence(WAVE, 2), "the shape of context is (120, 1); allowe"),
    "persistence: empty": (lambda: persistence(CONTEXT[:, :0], 2), "the shape of context is (110"),
    "persistence: NaN": (lambda: persistence(NAN_CONTEXT, 2), "the number of NaN or infinite"),
    "persistence: steps": (lambda: persistence(CONTEXT, -1), "steps is -1; allowed: a whole"),
    "fit_ar: 1-D": (lambda: fit_ar(FLAT, 2), "the shape of series is (120,); allowed: (time, fe"),
    "fit_ar: features": (lambda: fit_ar(np.zeros((9, 2)), 2), "the shape of series is (9, 2); al"),
    "fit_ar: long order": (lambda: fit_ar(WAVE, 120), "order is 120; allowed: less than"),
    "fit_ar: empty": (lambda: fit_ar(EMPTY, 2), "the shape of series is (0, 1); allowed"),
    "fit_ar: NaN": (lambda: fit_ar(NAN, 2), "the number of NaN or infinite values in series is"),
    "ar_forecast: 2-D": (lambda: ar_forecast(AR2, WAVE, 2), "the shape of context is (120, 1); a"),
    "ar_forecast: short": (lambda: ar_forecast(AR2, CONTEXT[:, :1], 2), "the order of coefficie"),
    "ar_forecast: features": (lambda: ar_forecast(AR2, CUBE, 2), "the shape of context is (2, 3,"),
    "ar_forecast: NaN": (lambda: ar_forecast(AR2 * np.nan, CONTEXT, 2), "the number of NaN or in"),
    "ar_forecast: weights": (lambda: ar_forecast(AR2[:1], CONTEXT, 2), "the order of coefficient"),
    "ar_forecast: empty": (lambda: ar_forecast(AR2, CONTEXT[:0], 2), "the shape of context is (0"),
    "rmse_by_horizon: 1-D": (lambda: rmse_by_horizon(persistence, FLAT, 5, 2), "the shape of seri"),
    "rmse_by_horizon: long": (lambda: rmse_by_horizon(persistence, WAVE, 119, 2), "window + steps"),
    "rmse_by_horizon: empty": (lambda: rmse_by_horizon(persistence, EMPTY, 5, 2), "the shape of s"),
    "rmse_by_horizon: NaN": (lambda: rmse_by_horizon(persistence, NAN, 5, 2), "the number of NaN"),
    "rmse_by_horizon: steps": (lambda: rmse_by_horizon(persistence, WAVE, 5, 0), "steps is 0; al"),
    "rmse_by_horizon: forecast": (
        lambda: rmse_by_horizon(lambda c, k: persistence(c, k)[..., 0], WAVE[:43], 20, 12),
        "the shape of forecast is (12, 12); allowed: (12, 12, 1)",
    ),
    "rmse: broadcast": (lambda: rmse(WAVE[:, 0], WAVE), "the shape of forecast is (120,); allowed"),
    "rmse: masked": (lambda: rmse(WAVE, MASKED), "truth is 'masked'; allowed: no masked"),
    "rmse: NaN": (lambda: rmse(WAVE, NAN), "the number of NaN or infinite values in truth"),
    # Several features, or none, where one was meant
    "fit: two in, one out": (
        lambda: fit(small_model(input_size=2), TWO, window=20, steps=2),
        "the shape of targets is (16, 15, 2); allowed: (16, 15, 1), that of the model",
    ),
    "fit: six outputs": (
        lambda: fit_small(WAVE, model=small_model(output_size=6), window=20, steps=2),
        "the shape of targets is (16, 15, 1); allowed: (16, 15, 6)",
    ),
    "fit: last output only": (
        lambda: fit(LastOutput(), WAVE, window=20, steps=2),
        "the shape of targets is (16, 15, 1); allowed: (16, 1, 1)",
    ),
    "fit: another model": (
        lambda: fit(nn.Linear(1, 1), WAVE, window=20),
        "model is 'Linear'; allowed: a network with .rnn and .linear",
    ),
    "fit: model's inputs": (
        lambda: fit(small_model(), TWO, window=20),
        "the shape of x is (16, 20, 2); allowed: (batch, seq_len, 1)",
    ),
    "train: targets without features": (
        lambda: first_step(torch.zeros(6, 5, 1), torch.ones(6, 1)),
        "the shape of targets is (6, 1); allowed: (6, 1, 1)",
    ),
    "train: targets without time": (
        lambda: first_step(torch.zeros(6, 5, 1), torch.ones(6)),
        "targets is torch.Size([6]); allowed: a tensor (batch, k, features)",
    ),
    "train: targets of another feature": (
        lambda: first_step(torch.zeros(6, 5, 1), torch.ones(6, 2, 3)),
        "the shape of targets is (6, 2, 3); allowed: (6, 2, 1)",
    ),
    "train: too many targets": (
        lambda: first_step(torch.zeros(6, 5, 1), torch.ones(6, 9, 1)),
        "the shape of targets is (6, 9, 1); allowed: (6, 5, 1)",
    ),
    "train: array targets": (
        lambda: first_step(torch.zeros(6, 5, 1), np.ones((6, 1, 1))),
        "targets is (6, 1, 1); allowed: a tensor",
    ),
    "evaluate: another feature": (
        lambda: measure(pairs()[0], pairs()[0][:, :2].repeat(1, 1, 2)),
        "the shape of targets is (112, 2, 2); allowed: (112, 2, 1)",
    ),
    "evaluate: arrays": (
        lambda: measure(*create_sequences(WAVE, 8)),
        "inputs is 'ndarray'; allowed: a tensor",
    ),
    "closed_loop: two in, one out": (
        lambda: closed_loop(small_model(input_size=2), np.zeros((1, 9, 2)), 3),
        "the model's inputs and outputs is (2, 1); allowed: as many of each",
    ),
    "closed_loop: features": (
        lambda: closed_loop(small_model(), np.zeros((1, 9, 2)), 3),
        "the features of context is 2; allowed: 1",
    ),
    "random_batches: arrays": (
        lambda: batch(*create_sequences(WAVE, 8)),
        "inputs is 'ndarray'; allowed: a tensor",
    ),
    "Forecaster: dtype": (
        lambda: small_model()(torch.zeros(2, 3, 1)),
        "the dtype of x is torch.float32; allowed: torch.float64",
    ),
    "Forecaster: array": (
        lambda: small_model()(np.zeros((2, 3, 1))),
        "x is 'ndarray'; allowed: a tensor (batch, seq_len, 1)",
    ),
    # What nobody could mean
    "fit: masked": (lambda: fit_small(MASKED), "series is 'masked'; allowed: no masked values"),
    "fit: learning rate": (
        lambda: fit_small(WAVE, window=9, learning_rate=0),
        "learning_rate is 0; allowed: a finite number",
    ),
    "fit: seed": (lambda: fit_small(WAVE, window=9, seed=-1), "seed is -1; allowed: a whole"),
    "fit: bool": (lambda: fit_small(WAVE, window=9, steps=True), "steps is True; allowed: a whole"),
    "fit: beyond float32": (
        lambda: fit(small_model().float(), 1e20 * WAVE, window=20),
        "the largest absolute value in series is 1e+20; allowed: at most 1.8e+19",
    ),
    "fit: loss that overflows": (
        lambda: fit(small_model().float(), 1.8e19 * WAVE, window=20, steps=50),
        "the loss at step ",
    ),
    "closed_loop: beyond float32": (
        lambda: closed_loop(small_model().float(), 1e39 * CONTEXT, 2),
        "the largest absolute value in context is 1e+39; allowed: at most 3.4e+38",
    ),
    "create_sequences: huge": (lambda: create_sequences(1e101 * FLAT, 2), "the largest absolute"),
    "create_sequences: complex": (lambda: create_sequences(1j * FLAT, 2), "the dtype of series is"),
    "create_sequences: bool": (lambda: create_sequences(FLAT > 0, 2), "the dtype of series is 'bo"),
    "create_sequences: ragged": (
        lambda: create_sequences([[1.0], [2.0, 3.0]], 1),
        "series is no array",
    ),
    "create_sequences: dates": (
        lambda: create_sequences(np.arange(9).astype("M8[D]"), 2),
        "the dtype of series is 'datetime64[D]'",
    ),
    "create_sequences: other device": (
        lambda: create_sequences(torch.zeros(9, 1, device="meta"), 2),
        "series is no array",
    ),
    "create_sequences: masked": (lambda: create_sequences(MASKED, 5), "series is 'masked'"),
    "split_in_time: masked": (lambda: split_in_time(MASKED), "series is 'masked'"),
    "persistence: masked": (lambda: persistence(MASKED[None], 5), "context is 'masked'"),
    "fit_ar: masked": (lambda: fit_ar(MASKED, 2), "series is 'masked'"),
    "fit_scaler: masked": (lambda: fit_scaler(MASKED), "train is 'masked'"),
    "fit_scaler: 0.1": (lambda: fit_scaler(np.full(700, 0.1)), "the spread of train is 0.0; all"),
    "fit_scaler: rounding": (
        lambda: fit_scaler(np.array([0.3, 0.1 + 0.2] * 50)),
        "the spread of train is 5.55",
    ),
    "fit_scaler: one column": (
        lambda: fit_scaler(np.column_stack([FLAT, np.full(120, 14.62)])),
        "the spread of feature 1 of train is 0.0",
    ),
    "fit_scaler: tiny": (lambda: fit_scaler(1e-320 * WAVE), "the spread of train is"),
    "Scaler: columns": (
        lambda: fit_scaler(TWO).scale(np.zeros((5, 3))),
        "values' shape is (5, 3); allowed: as in training",
    ),
    "Scaler: masked": (lambda: fit_scaler(WAVE).scale(MASKED), "values is 'masked'"),
    "make_wave: complex": (lambda: make_wave(9, 3j), "the dtype of points_per_period is"),
    "make_wave: period near 0": (lambda: make_wave(9, 1e-320), "points_per_period is array"),
    "make_wave: text": (lambda: make_wave(9, "5"), "the dtype of points_per_period is"),
    "make_wave: None": (lambda: make_wave(9, None), "the dtype of points_per_period is 'object'"),
    "Forecaster: None": (lambda: Forecaster(dropout=None), "dropout is None; allowed: a finite"),
    "Forecaster: list": (lambda: Forecaster(["LSTM"]), "cell is ['LSTM']; allowed: RNN, GRU, LSTM"),
    "train: None": (lambda: one_step(None), "clip is None; allowed: a number"),
    "train: text": (lambda: one_step("1"), "clip is '1'; allowed: a number"),
    "set_forget_bias: GRU": (lambda: set_forget_bias(nn.GRU(1, 2), 1), "lstm is 'GRU'; allowed: a"),
    "set_forget_bias: NaN": (lambda: set_forget_bias(nn.LSTM(1, 2), math.nan), "bias is nan; allo"),
    "follow_recipe: steps": (lambda: follow_recipe(small_model(), [], 0), "steps is 0; allowed: a"),
    "models_of: size": (lambda: models_of([0], hidden_size=0), "hidden_size is 0; allowed: a"),
    "models_of: cell": (lambda: models_of([0], 1.0, cell="GRU"), "lstm is 'GRU'; allowed: an nn"),
    "noisy_sine: seed": (lambda: noisy_sine(-1), "seed is -1; allowed: a whole number, at least 0"),
    "noisy_sine: window": (lambda: noisy_sine(0, 700), "window is 700; allowed: less than the"),
    "run: seed": (lambda: run(Forecaster(), 0.5), "seed is 0.5; allowed: a whole number, at least"),
    "run: steps": (lambda: run(Forecaster(), 0, steps=0), "steps is 0; allowed: a whole number"),
    "score: shapes": (
        lambda: score(small_model(), (pairs()[0], pairs()[1][1:]), fit_scaler(WAVE)),
        "the shape of targets is (111, 1, 1); allowed: 112 windows as in inputs",
    ),
    "in_units: two axes": (
        lambda: in_units(small_model(), fit_scaler(WAVE))(WAVE, 2),
        "the shape of context is (120, 1); allowed: (batch, seq_len, features)",
    ),
    "recall: delay": (lambda: recall(2, 0, torch.Generator()), "delay is 0; allowed: a whole"),
    "recall: size": (lambda: recall(0, 3, torch.Generator()), "size is 0; allowed: a whole number"),
    "learn_recall: rate": (lambda: learn_recall(Forecaster(), 3, 0, 0), "lr is 0; allowed: a"),
    "adding: length": (lambda: adding(2, 1, torch.Generator()), "length is 1; allowed: a whole"),
    "learn_adding: rate": (lambda: learn_adding(Forecaster(), 0, 0), "lr is 0; allowed: a"),
    "accuracy: two axes": (
        lambda: accuracy(Forecaster(), torch.zeros(3, 1), torch.zeros(1, 1, 1)),
        "the shape of x is (3, 1); allowed: (batch, seq_len, 1), none of them 0",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        call()
    assert "; allowed: " in str(caught.value)


def test_every_public_function_of_numbers_is_tried_with_bad_input() -> None:
    public = {
        name
        for module in (helpers, experiments)
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__
        and getattr(value, "__name__", "") == name
        and not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
    }
    without_numbers = {"in_pairs", "progress", "spread", "verdict"}
    assert public - without_numbers == {name.partition(":")[0] for name in BAD}


# ==== What people hand over by habit: right, whatever it comes as

AS = {
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(map(tuple, a)),
    "Series": lambda a: pd.Series(a[:, 0]) if a.shape[1] == 1 else pd.DataFrame(a),
    "DataFrame": lambda a: pd.DataFrame(a, columns=list("xy")[: a.shape[1]]),
    "Fortran order": np.asfortranarray,
    "tensor": torch.tensor,
    "tensor with a gradient": lambda a: torch.tensor(a, requires_grad=True),
    "reversed twice": lambda a: a[::-1].copy()[::-1],
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder("S")),
    "longdouble": lambda a: a.astype(np.longdouble),
    "read only": lambda a: np.broadcast_to(a, a.shape),
    "nothing masked": np.ma.array,
}


@pytest.mark.parametrize("kind", AS)
@pytest.mark.parametrize("series", [WAVE, TWO], ids=["one feature", "two"])
def test_a_series_may_come_as(kind: str, series: np.ndarray) -> None:
    given = AS[kind](series)
    flat = kind == "Series" and series.shape[1] == 1
    plain = series[:, 0] if flat else series
    for function in (lambda s: create_sequences(s, 5), split_in_time):
        for got, wanted in zip(function(given), function(plain), strict=True):
            assert type(got) is np.ndarray
            np.testing.assert_array_equal(got, wanted)
            torch.tensor(got)  # of a kind that PyTorch takes
    scaler, wanted = fit_scaler(given), fit_scaler(plain)
    assert scaler == wanted
    if kind != "tensor with a gradient":
        np.testing.assert_array_equal(np.asarray(scaler.scale(given)), wanted.scale(plain))
    if flat:
        return
    model = small_model(input_size=series.shape[1], output_size=series.shape[1])
    again = small_model(input_size=series.shape[1], output_size=series.shape[1])
    settings = {"window": 20, "steps": 2, "seed": 3, "batch_size": 4}
    numpys = {name: np.int16(value) for name, value in settings.items()}
    assert fit(model, given, **numpys) == fit(again, plain, **settings)
    errors = rmse_by_horizon(persistence, given, np.int64(9), np.int64(2))
    np.testing.assert_array_equal(errors, rmse_by_horizon(persistence, plain, 9, 2))
    if series.shape[1] == 1:
        np.testing.assert_array_equal(fit_ar(given, np.int64(3)), fit_ar(plain, 3))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int64, np.float16])
def test_errors_are_not_computed_in_the_series_own_dtype(dtype) -> None:
    wave = (100 + 27 * np.sin(np.arange(80) / 3)).astype(dtype)[:, None]
    exact = wave.astype(float)
    np.testing.assert_array_equal(
        rmse_by_horizon(persistence, wave, 20, 2), rmse_by_horizon(persistence, exact, 20, 2)
    )
    assert fit_scaler(wave) == fit_scaler(exact)
    np.testing.assert_array_equal(fit_ar(wave, 3), fit_ar(exact, 3))
    assert rmse(wave[1:], wave[:-1]) == rmse(exact[1:], exact[:-1])
    context = create_sequences(wave, 9)[0]
    weights = fit_ar(exact, 3)
    np.testing.assert_array_equal(
        ar_forecast(weights, context, 2), ar_forecast(weights, context.astype(float), 2)
    )


def test_sizes_may_be_numpys() -> None:
    sizes = dict(hidden_size=np.int64(4), num_layers=np.int32(2), dropout=np.float32(0.5))
    model = Forecaster(input_size=np.int8(1), output_size=np.uint8(1), **sizes)
    assert (model.rnn.hidden_size, model.rnn.num_layers, model.rnn.dropout) == (4, 2, 0.5)
    assert closed_loop(model, CONTEXT[:2], np.int64(3)).shape == (2, 3, 1)


def test_scaler_works_per_feature_and_may_be_stored(tmp_path) -> None:
    scaler = fit_scaler(TWO)
    scaled = scaler.scale(TWO)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)
    np.testing.assert_allclose(scaler.unscale(scaled[None])[0], TWO)
    for stored in (scaler, vars(scaler)):
        torch.save({"scaler": stored}, tmp_path / "scaler.pt")
        loaded = torch.load(tmp_path / "scaler.pt", weights_only=True)["scaler"]
        assert (loaded if stored is scaler else type(scaler)(**loaded)) == scaler


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_scaler_keeps_a_tensors_dtype_and_computes_in_double(dtype) -> None:
    far = 1e4 + 1 / 3 + WAVE[:113] / 7  # one feature: its mean alone makes no doubles
    for series in (far, TWO):
        scaler = fit_scaler(series)
        given = torch.tensor(series, dtype=dtype)
        exact = scaler.scale(given.double().numpy())
        assert torch.equal(scaler.scale(given), torch.tensor(exact).to(dtype))
    assert scaler.scale(torch.tensor([[1, 2]])).dtype == torch.float64


def test_data_follow_the_model_to_its_device(monkeypatch) -> None:
    """On `meta`, tensors have a device and a shape, but no numbers: all but the numbers works."""
    model = Forecaster(hidden_size=4).to("meta")
    seen = []

    def loss_fn(predictions, targets):
        seen.append((predictions.device.type, targets.device.type))
        return nn.functional.mse_loss(predictions, targets)

    with pytest.raises(RuntimeError, match="item"):
        evaluate(model, loss_fn, *[part.float() for part in pairs()])
    with pytest.raises(RuntimeError, match="item"):
        fit(model, WAVE, window=20, steps=1)
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        closed_loop(model, CONTEXT, 2)
    assert seen == [("meta", "meta")]


def test_an_interrupted_fit_trains_on_from_its_weights(monkeypatch) -> None:
    model = small_model()
    before = [p.detach().clone() for p in model.parameters()]
    calls = []

    def interrupt(self, x):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return torch.nn.functional.linear(x, self.weight, self.bias)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(nn.Linear, "forward", interrupt)
        fit(model, WAVE, window=20, steps=20)
    assert not all(map(torch.equal, before, model.parameters()))
    assert len(fit(model, WAVE, window=20, steps=20)) == 20


def test_set_forget_bias_sets_the_sum_in_every_layer() -> None:
    lstm = nn.LSTM(1, 3, num_layers=2)
    others = [p.detach().clone() for p in lstm.parameters()]
    set_forget_bias(lstm, 2)
    for k in range(2):
        both = getattr(lstm, f"bias_ih_l{k}") + getattr(lstm, f"bias_hh_l{k}")
        assert both[3:6].tolist() == [2, 2, 2]
    changed = sum((p != q).sum().item() for p, q in zip(lstm.parameters(), others, strict=True))
    assert changed == 12


def test_models_differ_in_their_seed_alone() -> None:
    sizes = {"cell": "GRU", "hidden_size": 3}
    models, again = models_of(range(5), **sizes), models_of(range(5), **sizes)
    firsts = [model.rnn.weight_hh_l0 for model in models]
    assert len({tuple(w.flatten().tolist()) for w in firsts}) == 5
    assert all(torch.equal(w, m.rnn.weight_hh_l0) for w, m in zip(firsts, again, strict=True))
    (biased,) = models_of([3], 2.0, hidden_size=3)
    assert (biased.rnn.bias_ih_l0 + biased.rnn.bias_hh_l0)[3:6].tolist() == [2, 2, 2]


def test_noisy_sine_has_a_draw_of_the_noise_for_each_seed() -> None:
    (inputs, targets), (checks, _), scaler = noisy_sine(0, window=25)
    assert (inputs.shape, targets.shape, len(checks)) == ((675, 25, 1), (675, 1, 1), 975)
    assert abs(scaler.unscale(inputs).numpy() - make_wave(699, 50)[:675, None]).max() < 3
    other = noisy_sine(1)[0][0]
    assert not torch.equal(other, inputs)
    clean = create_sequences(make_wave(700, 50), 25)[1]
    assert rmse(scaler.unscale(targets), clean) == pytest.approx(0.1, rel=0.1)


def test_the_scaler_of_noisy_sine_knows_the_training_part_alone() -> None:
    (inputs, targets), _, _ = noisy_sine(0, window=25)
    training = torch.cat([inputs[0, :, 0], targets[:, 0, 0]])
    assert len(training) == 700
    assert training.mean().item() == pytest.approx(0, abs=1e-5)
    assert training.std(unbiased=False).item() == pytest.approx(1, abs=1e-5)


def test_the_seed_of_a_run_draws_its_batches(monkeypatch) -> None:
    data = noisy_sine(0)
    monkeypatch.setattr(experiments, "noisy_sine", lambda seed: data)
    losses = [run(models_of([0], hidden_size=2)[0], seed, steps=5)[0] for seed in (1, 2)]
    assert not np.array_equal(*losses)


def test_a_run_repeats_and_its_score_is_in_the_units_of_the_wave() -> None:
    (model,), (again,) = models_of([2], hidden_size=4), models_of([2], hidden_size=4)
    losses, scores = run(model, 2, lr=0.02, steps=40)
    repeated = run(again, 2, lr=0.02, steps=40)
    np.testing.assert_array_equal(losses, repeated[0])
    assert (losses.shape, scores.shape) == ((40,), (2,))
    _, (inputs, targets), scaler = noisy_sine(2)
    with torch.no_grad():
        predictions = scaler.unscale(model(inputs)[:, -1:])
    assert scores[-1] == pytest.approx(rmse(predictions, scaler.unscale(targets).numpy()), rel=1e-5)
    few = run(models_of([2], hidden_size=4)[0], 2, lr=0.02, steps=40, first=20)[0]
    assert not np.array_equal(few, losses)


def test_verdict_asks_that_each_be_better_than_each() -> None:
    assert verdict([1, 2, 3], [4, 5]) == "clearly better"
    assert verdict(np.array([4, 5]), [1, 2, 3]) == "clearly worse"
    assert verdict([1, 4], [3, 5]) == verdict([1, 2], [2, 3]) == "not clear"


def test_a_run_that_exploded_is_the_worst_of_all() -> None:
    assert verdict([1, math.nan], [2, 3]) == "not clear"
    assert verdict([math.nan, math.nan], [2, 3]) == "clearly worse"
    assert verdict([2, 3], [math.nan, 4]) == "clearly better"


def test_spread_marks_its_numbers() -> None:
    assert experiments.spread([3, 1, 2], ".1f") == "≈2.0 (≈1.0 to ≈3.0)"


def test_recall_begins_with_its_bits_and_can_be_learned() -> None:
    x, bits = recall(64, 4, torch.Generator().manual_seed(0))
    assert (x.shape, bits.shape) == ((64, 5, 1), (64, 1, 1))
    assert torch.equal(x[:, :1], bits) and set(bits.flatten().tolist()) == {-1.0, 1.0}
    assert x[:, 1:].std().item() == pytest.approx(0.3, rel=0.2)
    (model,) = models_of([0], 1.0, hidden_size=8)
    model, history = learn_recall(model, 4, 0.03, seed=0, steps=100)
    assert history[-1] == accuracy(model, *recall(200, 4, torch.Generator().manual_seed(1000)))
    assert history[-1] > 0.95


def test_all_runs_are_judged_on_the_same_sequences(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(experiments, "accuracy", lambda model, x, bits: seen.append(x) or 0.0)
    monkeypatch.setattr(experiments, "evaluate", lambda model, loss, x, sums: seen.append(x) or 1.0)
    for learn, more in ((learn_recall, {"delay": 3}), (learn_adding, {"length": 4})):
        for seed in (1, 2):
            (model,) = models_of([0], hidden_size=2, input_size=1 + (learn is learn_adding))
            learn(model, lr=0.01, seed=seed, steps=20, **more)
        assert all(torch.equal(x, seen[0]) for x in seen)
        seen.clear()


def test_adding_marks_two_values_whose_sum_is_wanted() -> None:
    x, sums = adding(50, 9, torch.Generator().manual_seed(0))
    assert (x.shape, sums.shape) == ((50, 9, 2), (50, 1, 1))
    assert torch.equal(x[:, :4, 1].sum(dim=1), torch.ones(50))  # one mark in each half
    assert torch.equal(x[:, 4:, 1].sum(dim=1), torch.ones(50))
    assert torch.allclose((x[..., 0] * x[..., 1]).sum(dim=1), sums[:, 0, 0])


def test_in_pairs_keeps_the_order_and_raises_what_a_job_raises() -> None:
    assert in_pairs(pow, [(2, k) for k in range(9)]) == [2**k for k in range(9)]
    with pytest.raises(ZeroDivisionError):
        in_pairs(divmod, [(1, 1), (1, 0)])


def test_dots_draws_a_row_for_each_result() -> None:
    ax = plt.figure().subplots()
    figures.dots(ax, {"a": [1, 2, 3], "b": [4, 5, 9]}, {"a": "#111111", "b": "#222222"})
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    assert [line.get_xdata().tolist() for line in ax.lines[1::2]] == [[2], [5]]
    assert [line.get_color() for line in ax.lines[::2]] == ["#111111", "#222222"]
    plt.close("all")


def test_compare_shades_the_first_row_and_says_what_is_clear() -> None:
    ax = plt.figure().subplots()
    figures.compare(ax, {"a": [3.0, 4.0], "b": [1.0, 2.0], "c": [2.0, 3.5]}, "RMSE")
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["3.50  the yardstick", "1.50  clearly better", "2.75  not clear"]
    plt.close("all")


def test_compare_puts_the_points_below_each_other() -> None:
    ax = plt.figure().subplots()
    figures.compare(ax, {"a": [12.0, 14.0], "b": [0.5, 0.7], "c": [0.0712, 0.0714]}, "RMSE")
    numbers = [text.get_text().split("  ")[0] for text in ax.texts]
    assert numbers == ["13.0000", "\u20070.6000", "\u20070.0713"]
    plt.close("all")


def test_progress_hands_everything_on() -> None:
    assert list(experiments.progress(iter("abc"), 3)) == ["a", "b", "c"]


def test_the_bar_goes_when_all_have_come_or_none_is_asked_for_any_more(monkeypatch) -> None:
    updates = []
    shown = SimpleNamespace(update=lambda data, raw: updates.append(data))
    monkeypatch.setattr(experiments, "get_ipython", lambda: SimpleNamespace(kernel="there is one"))
    monkeypatch.setattr(experiments, "display", lambda *what, **how: shown)
    assert list(experiments.progress([1, 2], 2)) == [1, 2]
    assert updates == [{}]
    broken_off = experiments.progress([1, 2], 2)
    next(broken_off)
    broken_off.close()
    assert updates == [{}, {}]


def test_public_functions_have_docstrings() -> None:
    for module in (helpers, experiments, figures):
        for name, value in vars(module).items():
            own = inspect.isfunction(value) and value.__module__ == module.__name__
            assert not own or name[0] == "_" or inspect.getdoc(value), name
