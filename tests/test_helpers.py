"""The shared code: what it computes, and what it says to bad input."""

from __future__ import annotations

import asyncio
import inspect
import math
import re

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

import helpers
from helpers import (
    CELLS,
    Explorer,
    Forecaster,
    ar_forecast,
    closed_loop,
    create_sequences,
    evaluate,
    fit,
    fit_ar,
    fit_scaler,
    make_wave,
    persistence,
    random_batches,
    rmse_by_horizon,
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


# ==== Drawing and sliders


def test_style_is_opaque_and_the_colours_differ() -> None:
    with plt.rc_context():
        helpers.use_style()
        assert plt.rcParams["figure.facecolor"] == "white"
    assert len(set(helpers.COLORS.values())) == len(helpers.COLORS)


def test_label_and_shade_draw_where_they_are_told() -> None:
    ax = plt.figure().subplots()
    helpers.label(ax, 1, 2, "here", "#123456")
    helpers.shade_future(ax, 3, 5)
    (text,) = ax.texts
    assert (text.get_position(), text.get_text(), text.get_color()) == ((1, 2), "here", "#123456")
    assert (ax.patches[0].get_x(), ax.patches[0].get_width()) == (3, 2)
    plt.close("all")


def draw_line(figure):
    ax = figure.subplots()
    (line,) = ax.plot([0, 1], [0, 0])
    ax.set_ylim(0, 10)
    return lambda height: line.set_ydata([0, height])


def draw_fault(figure):
    def update(x):
        if x == 2:
            raise ValueError("two is not drawn")

    return update


def height() -> widgets.IntSlider:
    return widgets.IntSlider(1, 0, 10, description="height")


def test_explorer_draws_on_drain_and_not_in_the_callback() -> None:
    explorer = Explorer(draw_line, height=height())
    before = explorer._image.value
    explorer.controls["height"].value = 9
    assert explorer._image.value == before
    explorer.drain()
    assert explorer._image.value != before
    explorer.close()


def test_explorer_made_again_closes_the_one_before() -> None:
    first = Explorer(draw_line, height=height())
    second = Explorer(draw_line, height=height())
    assert first.comm is None and first.controls["height"].comm is None
    assert Explorer._open["draw_line"] is second
    second.close()


def test_explorer_stores_a_picture_and_a_note_for_readers_without_a_kernel() -> None:
    explorer = Explorer(draw_line, height=height())
    bundle = explorer._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
    assert "height" in bundle["text/plain"]
    explorer.close()


def test_explorer_follows_in_a_loop_and_survives_a_fault() -> None:
    async def story() -> list[str]:
        explorer = Explorer(draw_fault, x=widgets.IntSlider(1, 0, 10, description="x"))
        notes = []
        for x in (2, 3):
            explorer.controls["x"].value = x
            for _ in range(200):
                await asyncio.sleep(0.01)
                if explorer.values["x"] == x and bool(explorer._note.value) == (x == 2):
                    break
            notes.append(explorer._note.value)
        explorer.close()
        return notes

    assert asyncio.run(story()) == ["ValueError: two is not drawn", ""]


# ==== Bad input: every public function, and the message it must give

NAN = np.where(np.arange(120)[:, None] == 7, np.nan, WAVE)
FLAT, EMPTY, CUBE = WAVE[:, 0], WAVE[:0], np.zeros((2, 3, 4))
CONTEXT = create_sequences(WAVE, 10)[0]
NAN_CONTEXT = np.where(CONTEXT[3, 3] == CONTEXT, np.nan, CONTEXT)
RNG = np.random.default_rng(0)
GENERATOR = torch.Generator()
AR2 = np.array(ONE_SINE_AHEAD)


def batch(inputs, targets, size=4, steps=1):
    return next(random_batches(inputs, targets, size, steps, GENERATOR))


def one_step(clip):
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters())
    return next(train(model, nn.MSELoss(), optimizer, [pairs()], clip))


def fit_small(series, **settings):
    return fit(small_model(), series, **settings)


def measure(inputs, targets):
    return evaluate(small_model(), nn.MSELoss(), inputs, targets)


BAD = {
    # Each value: a call, and the beginning of what it must say.
    "make_wave: no points": (lambda: make_wave(0, 20), "num_points is 0; allowed: a whole"),
    "make_wave: half a point": (lambda: make_wave(1.5, 20), "num_points is 1.5; allowed: a whole"),
    "make_wave: period 0": (lambda: make_wave(9, 0), "points_per_period is 0; allowed: above 0"),
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
    "Forecaster: dropout": (lambda: Forecaster(dropout=0.5), "dropout is 0.5; allowed: 0 up to"),
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
    "train: clip": (lambda: one_step(0), "clip is 0; allowed: above 0"),
    "train: NaN clip": (lambda: one_step(math.nan), "clip is nan; allowed: above 0"),
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
    "ar_forecast: short": (lambda: ar_forecast(AR2, CONTEXT[:, :1], 2), "the shape of context is"),
    "ar_forecast: features": (lambda: ar_forecast(AR2, CUBE, 2), "the shape of context is (2, 3,"),
    "ar_forecast: NaN": (lambda: ar_forecast(AR2 * np.nan, CONTEXT, 2), "the number of NaN or in"),
    "ar_forecast: weights": (lambda: ar_forecast(AR2[:1], CONTEXT, 2), "the shape of coefficient"),
    "ar_forecast: empty": (lambda: ar_forecast(AR2, CONTEXT[:0], 2), "the shape of context is (0"),
    "rmse_by_horizon: 1-D": (lambda: rmse_by_horizon(persistence, FLAT, 5, 2), "the shape of seri"),
    "rmse_by_horizon: long": (lambda: rmse_by_horizon(persistence, WAVE, 119, 2), "window + steps"),
    "rmse_by_horizon: empty": (lambda: rmse_by_horizon(persistence, EMPTY, 5, 2), "the shape of s"),
    "rmse_by_horizon: NaN": (lambda: rmse_by_horizon(persistence, NAN, 5, 2), "the number of NaN"),
    "rmse_by_horizon: steps": (lambda: rmse_by_horizon(persistence, WAVE, 5, 0), "steps is 0; al"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        call()
    assert "; allowed: " in str(caught.value)


def test_every_public_function_of_numbers_is_tried_with_bad_input() -> None:
    public = {
        name
        for name, value in vars(helpers).items()
        if getattr(value, "__module__", "") == "helpers"
        and not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
    }
    without_numbers = {"use_style", "label", "shade_future", "Scaler", "Explorer"}
    assert public - without_numbers == {name.partition(":")[0] for name in BAD}


def test_public_functions_have_docstrings() -> None:
    for name, value in vars(helpers).items():
        if inspect.isfunction(value) and value.__module__ == "helpers" and name[0] != "_":
            assert inspect.getdoc(value), name
