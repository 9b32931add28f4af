"""The exercises of lesson 03, Model."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from checks import array_of, exercise, expect, numbers, show
from helpers import Forecaster


@exercise(
    "03.1",
    """
    shape_of_output = ...  # three numbers, as in (5, 20, 2)
    shape_of_h_n = ...
    shape_of_c_n = ...
    top_forward = ...  # the k for which h_n[k] is the forward direction of the top layer
    parameters = ...
    """,
)
def shapes(shape_of_output, shape_of_h_n, shape_of_c_n, top_forward, parameters) -> str:
    sizes = {"input_size": 2, "hidden_size": 8, "num_layers": 3, "batch_first": True}
    deep, one_way = nn.LSTM(**sizes, bidirectional=True), nn.LSTM(**sizes)
    output, (h_n, _) = deep(torch.randn(5, 20, 2, dtype=deep.weight_ih_l0.dtype))
    names = ("shape_of_output", "shape_of_h_n", "shape_of_c_n")
    given = [
        tuple(numbers(value, 3, name).tolist())
        for name, value in zip(names, (shape_of_output, shape_of_h_n, shape_of_c_n), strict=True)
    ]
    (k,), (count,) = numbers(top_forward, 1, "top_forward"), numbers(parameters, 1, "parameters")
    out, states, cells = (f"{show(shape)} is not the shape of " for shape in given)
    expect(given[0] != (5, 20, 8), f"{out}output: it has both directions, side by side.")
    expect(given[0] != (20, 5, 16), f"{out}output: here the batch comes first.")
    expect(given[0] == output.shape, f"{out}output: batch, time steps, and what of the units?")
    expect(given[1] != (5, 6, 8), f"{states}h_n: `batch_first` does not touch the states.")
    expect(given[1] != (3, 5, 8), f"{states}h_n: each direction of a layer has a state of its own.")
    expect(given[1][2] != 16, f"{states}h_n: it does not put the directions side by side.")
    expect(given[1] == h_n.shape, f"{states}h_n: how many states are there, and how large is one?")
    expect(given[2] == h_n.shape, f"{cells}c_n: it goes with h_n, state by state.")
    same = [i for i in range(len(h_n)) if torch.allclose(h_n[i], output[:, -1, :8])]
    expect(
        k % len(h_n) != same[0] + 1,
        f"h_n[{show(k)}] is of the top layer, but of the direction that reads backward.",
    )
    expect(
        k in (same[0], same[0] - len(h_n)),
        f"h_n[{show(k)}] is not it. The states come layer by layer, and in each layer forward "
        "before backward.",
    )
    total = _counted(deep)
    biases = sum(p.numel() for name, p in deep.named_parameters() if name.startswith("bias"))
    said = f"not {show(count)} parameters"
    expect(count != total - biases / 2, f"{said}: PyTorch's blocks have two biases each.")
    expect(count != total - biases, f"{said}: the biases are missing.")
    expect(count != _counted(one_way), f"{said}: that is one direction.")
    expect(
        count != 2 * _counted(one_way),
        f"{said}: what do the second and third layer read? Not one direction of the layer below.",
    )
    expect(count == total, f"{said}. Count the blocks of the lowest layer first, then of the next.")
    return f"all five are right. Of the {total} parameters {biases} are biases."


def _counted(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@exercise(
    "03.2",
    """
    def make_station():  # gives a Forecaster
        ...
    """,
)
def station(make_station) -> str:
    model = make_station()
    what = f"`make_station` gives {show(type(model).__name__)}"
    expect(isinstance(model, nn.Module), f"{what}, which is no network.")
    layers = [module for module in model.modules() if isinstance(module, nn.RNNBase)]
    expect(layers, f"{what}, in which there is no recurrent layer.")
    kind, features = type(layers[0]).__name__, layers[0].input_size
    expect(isinstance(layers[0], nn.GRU), f"its recurrent layer is of the kind {kind}.")
    expect(features == 2, f"it reads {features} at each time step; the station sends two values.")
    x = torch.randn(7, 10, 2, dtype=layers[0].weight_ih_l0.dtype)
    array_of(model(x), "the forecast for 7 windows of 10", (7, 10, 2))
    count, wanted = _counted(model), _counted(Forecaster())
    expect(
        abs(count - wanted) < 0.03 * wanted,
        f"it has {count} parameters, and Forecaster() {wanted}: {abs(count - wanted)} "
        f"{'too few' if count < wanted else 'too many'}. Within 3 % is near enough.",
    )
    return (
        f"{layers[0].hidden_size} units, {count} parameters, against {wanted}. A GRU has three "
        "blocks where an LSTM has four, so it can have more units for the same price."
    )


@exercise(
    "03.3",
    """
    def gru_cell(x, h, W, U, b_ih, b_hh):  # x (batch, inputs), h (batch, units); the next h
        ...
    """,
)
def one_gru_step(gru_cell) -> str:
    one = nn.GRU(1, 1, dtype=torch.float64)
    h = torch.full((2, 1), 0.8, dtype=torch.float64)
    array_of(_step(gru_cell, one, h), "the next h, for a batch of 2 and one unit,", (2, 1))

    def road(**parameters: tuple) -> float:
        return _step(gru_cell, _set(one, **parameters), h)[0].item()

    kept = road(bias_ih_l0=(0, 20, 0))
    expect(
        abs(kept - 0.8) < 1e-6 or abs(road(bias_ih_l0=(20, 0, 0)) - 0.8) > 1e-6,
        "z is taken from the first block. PyTorch has it in the second.",
    )
    expect(
        abs(kept - 0.8) < 1e-6 or abs(road(bias_ih_l0=(0, -20, 0)) - 0.8) > 1e-6,
        "with z = 0 your cell keeps its state, with z = 1 it takes the candidate. In the equation "
        "it is the other way round.",
    )
    expect(abs(kept - 0.8) < 1e-6, f"with z = 1 a state of 0.8 should stay; it becomes {kept:.3f}.")
    shut = {"bias_ih_l0": (-20, -20, 0)}
    leak = road(**shut, bias_hh_l0=(0, 0, 1))
    expect(
        abs(leak) < 1e-6,
        f"with r = 0 and z = 0 a bias of 1 in b_hh should not show; the new state is {leak:.3f}. "
        "Where in the equation of the candidate does that bias stand?",
    )
    leak = road(**shut, weight_hh_l0=(0, 0, 1))
    expect(abs(leak) < 1e-6, f"with r = 0 the old state still reaches the candidate: {leak:.3f}.")
    for units in (1, 3):
        layer = nn.GRU(2, units, dtype=torch.float64)
        h = torch.randn(5, units, dtype=torch.float64)
        found, x = _step(gru_cell, layer, h), _input(layer, len(h))
        difference = (found - layer(x[None], h[None])[1][0]).abs().max().item()
        where = ": off nn.GRU by"
        expect(
            difference < 1e-9 or units == 1,
            f"with one unit you are right, with 3 you are{where} {difference:.2f}. With one unit "
            "the order of r and U does not matter.",
        )
        expect(
            difference < 1e-9,
            f"the gates are right, and yet with random weights you are{where} {difference:.2f}. "
            "Look at the candidate.",
        )
    return (
        "equal to nn.GRU up to rounding. The two biases are handed over apart because r multiplies "
        "one of them, and not the other."
    )


def _input(layer: nn.GRU, batch: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, layer.input_size, dtype=torch.float64, generator=generator)


def _step(gru_cell: Callable, layer: nn.GRU, h: Tensor) -> Tensor:
    """One step of the answer with the weights of a layer."""
    with torch.no_grad():
        found = gru_cell(_input(layer, len(h)), h, *layer.parameters())
    expect(torch.is_tensor(found), f"`gru_cell` gives {show(type(found).__name__)}, no tensor.")
    return found


def _set(layer: nn.GRU, **parameters: tuple) -> nn.GRU:
    """The layer with these parameters, and all others at zero."""
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            values = torch.tensor(parameters.get(name, (0, 0, 0)), dtype=torch.float64)
            parameter.copy_(values.reshape(parameter.shape))
    return layer


@exercise(
    "03.4",
    """
    def last_states(lstm, sequences):  # a list of tensors (length, 2); (number, 2 * units)
        ...
    """,
)
def at_their_ends(last_states) -> str:
    lstm = nn.LSTM(2, 4, batch_first=True, bidirectional=True, dtype=torch.float64)
    sequences = [torch.randn(length, 2, dtype=torch.float64) for length in (3, 10, 6, 1, 8)]
    with torch.no_grad():
        alone = torch.stack([lstm(each[None])[1][0].flatten() for each in sequences])
        calls = []
        lstm.register_forward_hook(lambda *args: calls.append(1))
        found = last_states(lstm, [each.clone() for each in sequences])
    found = torch.tensor(array_of(found, "what you return for 5 sequences and 4 units", (5, 8)))
    expect(calls, "`lstm` was never called.")
    off = (found - alone).abs()
    expect(
        off.max() < 1e-9 or (found.sort(0)[0] - alone.sort(0)[0]).abs().max() > 1e-9,
        "the states are right, but not in the order of the list.",
    )
    swapped = (found.roll(4, dims=1) - alone).abs().max()
    expect(swapped > 1e-9, "the states are right, but the backward direction comes first.")
    for half, name in ((off[:, :4], "forward"), (off[:, 4:], "backward")):
        worst = int(half.amax(1).argmax())
        expect(
            half.max() < 1e-9,
            f"the {name} half of sequence {worst}, of {len(sequences[worst])} values, is off by "
            f"{half.max():.2f} from what it is when `lstm` reads it alone. "
            + (
                "Has it read on into the filling?"
                if name == "forward"
                else "With which value does this direction begin, and with which does it end?"
            ),
        )
    said = f"the states are right, but from {len(calls)} calls of `lstm`; asked for is one."
    expect(len(calls) == 1, said)
    return "one call, and no state has seen any filling. The shapes would not have told you."
