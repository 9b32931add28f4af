"""The exercises of lesson 10, Remembering."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from checks import array_of, exercise, expect, judged, numbers, show
from experiments import accuracy, learn_recall, models_of, recall


@exercise(
    "10.1",
    """
    batch_sizes = ...  # a number for each time step
    values_in_data = ...
    rows_that_differ = ...  # the sequences whose ends differ, of 0, 1 and 2
    right_in_output = ...  # does padded `output` hold the right end at any time step? True or False
    """,
)
def packed(batch_sizes, values_in_data, rows_that_differ, right_in_output) -> str:
    lengths = torch.tensor([5, 2, 2, 1])
    right = pack_padded_sequence(torch.zeros(4, 5), lengths, batch_first=True)
    given = array_of(batch_sizes, "`batch_sizes`").ravel()
    said = f"`batch_sizes` are not {show(given)}"
    expect(
        given.tolist() != lengths.tolist(),
        f"{said}: these are the lengths. Asked for is, for each time step, how many sequences "
        "still have a value.",
    )
    expect(
        given.size == len(right.batch_sizes),
        f"{said}. It takes a number for each time step; how many has the longest sequence?",
    )
    expect(
        given.tolist() != [4] * 5,
        f"{said}: with the filling it would be four at each time step.",
    )
    expect(given[0] == 4, f"{said}. How many sequences have a first value?")
    expect(given[-1] == 1, f"{said}. How many sequences have a fifth value?")
    expect(given[1] != 4, f"{said}. How many sequences have a second value?")
    expect(
        given.tolist() == right.batch_sizes.tolist(),
        f"{said}. A time step counts the sequences that still have a value there.",
    )
    (count,) = numbers(values_in_data, 1, "values_in_data")
    expect(count != 20, "`values_in_data` has no filling in it; with it, it would be 20.")
    expect(count == len(right.data), f"not {show(count)}: what is the sum of the lengths?")
    answer = rows_that_differ
    rows = [answer] if isinstance(answer, (int, float)) else answer
    ok = isinstance(rows, (tuple, list, set, np.ndarray)) and len(rows) > 0
    ok = ok and all(row in (0, 1, 2) for row in rows)
    expect(ok, f"`rows_that_differ` should be some of 0, 1 and 2; it is {show(answer)}.")
    ok = isinstance(right_in_output, (bool, np.bool_))
    expect(ok, f"`right_in_output` should be True or False; it is {show(right_in_output)}.")
    differ, held = _backward_ends()
    expect(
        not {*rows} - differ,
        f"sequence {show(min({*rows} - differ, default=0))} has no filling: what would move its "
        "end?",
    )
    missed = differ - {*rows}
    expect(
        not missed,
        "not all sequences that differ are named. With which value does the backward half begin in "
        "one that has filling?",
    )
    expect(
        right_in_output == held,
        "on the output: its backward half has read the filling first, at every time step. Forward "
        "it was the other way round.",
    )
    return (
        "all four. A bidirectional layer needs packing: its padded output will do at no time step."
    )


def _backward_ends() -> tuple[set[int], bool]:
    """The rows whose backward ends differ, and whether each stands somewhere in the output."""
    layer = nn.LSTM(1, 4, batch_first=True, bidirectional=True, dtype=torch.float64)
    filled = torch.tensor([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0], [5.0, 6.0, 0.0]])[..., None].double()
    short = pack_padded_sequence(filled, torch.tensor([3, 1, 2]), True, enforce_sorted=False)
    with torch.no_grad():
        output, (padded_end, _) = layer(filled)
        end = layer(short)[1][0][1]
    off = (padded_end[1] - end).abs().amax(dim=1)
    nearest = (output[..., 4:] - end[:, None]).abs().amax(dim=2).amin(dim=1)
    differ = {row for row in range(3) if off[row] > 1e-9}
    return differ, all(nearest[row] < 1e-9 for row in differ)


@exercise(
    "10.2",
    """
    prediction = ...  # which start solves delay 120: "forget", "input", "both" or "neither"


    def part_of_chrono(seed, delay, part):  # part: "forget" or "input", what it has of chrono
        ...
    """,
)
def chrono_apart(prediction, part_of_chrono, chrono) -> str:
    words = ("forget", "input", "both", "neither")
    ok = isinstance(prediction, str) and prediction in words
    expect(ok, f"`prediction` should be one of {show(words)}; it is {show(prediction)}.")
    for seed, delay in ((0, 120), (3, 40)):
        whole = _gates(chrono(seed, delay))
        for part, other in (("forget", "input"), ("input", "forget")):
            model = part_of_chrono(seed, delay, part)
            kind = type(model).__name__
            ok = isinstance(getattr(model, "rnn", None), nn.LSTM)
            expect(ok, f"you give {kind}; asked for is a Forecaster, as `chrono` gives it.")
            gates = _gates(model)
            here = f'with part="{part}" and delay={delay}'
            expect(
                not (np.allclose(gates["forget"], whole["forget"], atol=1e-4))
                or not np.allclose(gates["input"], whole["input"], atol=1e-4),
                f"{here} you give chrono as it is: both gates have its biases.",
            )
            expect(
                not np.allclose(gates[other], whole[other], atol=1e-4),
                f"{here} the {other} gate has chrono's biases: the parts are exchanged.",
            )
            expect(
                np.allclose(gates[part], whole[part], atol=1e-4),
                f"{here} the {part} gate has not the biases that `chrono` gives with this seed.",
            )
            plain = 0.0 if other == "input" else math.log(delay - 1)
            expect(
                np.ptp(gates[other]) < 0.01,
                f"{here} the biases of the {other} gate differ from unit to unit. PyTorch adds two "
                "of them.",
            )
            mean = gates[other].mean()
            word = "0" if plain == 0 else "those of one time constant, the delay"
            expect(
                abs(mean - plain) < 0.1,
                f"{here} the biases of the {other} gate should be {word}; yours are {mean:.2f}.",
            )
    return (
        f"{judged(prediction, prediction == 'input')} In our runs the input part learned it in "
        "three of three, the forget part in none (with other seeds in one or two). See for "
        "yourself: train three of each with `solve(models, 120, steps=200)`, in a few minutes."
    )


def _gates(model: nn.Module) -> dict[str, np.ndarray]:
    """The biases of input and forget gate, summed over PyTorch's two."""
    units = model.rnn.hidden_size
    total = (model.rnn.bias_ih_l0 + model.rnn.bias_hh_l0).detach().double().numpy()
    return {"input": total[:units], "forget": total[units : 2 * units]}


@exercise(
    "10.3",
    """
    def memory_units(effect, units):  # effect([2, 5]): the accuracy with units 2 and 5 swapped
        ...  # a list of units, in the order in which they were added
    """,
)
def spread_over_units(memory_units, swap, search, held_out) -> str:
    alone = {1: 0.3, 3: 0.25, 5: 0.15, 2: 0.1, 0: 0.05, 4: 0.02}

    def additive(chosen) -> float:
        return 1 - sum(alone[int(unit)] for unit in {*chosen})

    def shared(chosen) -> float:  # 2 and 5 hold the same part
        chosen = {int(unit) for unit in chosen}
        parts = (({2, 5}, 0.3), ({0}, 0.25), ({3}, 0.2), ({1}, 0.1), ({4}, 0.1))
        return 1 - sum(share for units, share in parts if units & chosen)

    for effect, story in ((additive, "each unit adds"), (shared, "two units hold the same part")):
        found = memory_units(effect, 6)
        ok = isinstance(found, (list, tuple, np.ndarray)) and len(found) > 0
        expect(ok, f"`memory_units` should give a list of units; it gives {show(found)}.")
        ok = all(unit in range(6) for unit in found) and len({*found}) == len(found)
        expect(ok, f"of 6 units you give {show(list(found))}; asked for is each at most once.")
        here = f"where {story}, you give {show(list(found))}"
        for k in range(len(found)):
            before = list(found[:k])
            expect(
                k == 0 or effect(before) >= 0.5,
                f"{here}, but with {show(before)} the accuracy is {effect(before):.2f} already. "
                "Stop as soon as it is below 0.5.",
            )
            tried = [effect([*before, unit]) for unit in range(6) if unit not in before]
            mine = effect([*before, found[k]])
            expect(
                k or mine < max(tried),
                f"{here}. The choice of {found[k]} does the least harm of all.",
            )
            expect(
                mine < min(tried) + 1e-9,
                f"{here}. After {show(before)} the choice of {found[k]} leaves {mine:.2f}, and "
                f"another {min(tried):.2f}. Is each tried together with those before it?",
            )
        expect(
            effect(found) < 0.5,
            f"{here}: the accuracy is still {effect(found):.2f}; asked for is below 0.5.",
        )
    model = models_of([0], forget_bias=3.0, hidden_size=16)[0]
    model = learn_recall(model, 40, 0.01, 0)[0]
    units = [int(u) for u in memory_units(lambda chosen: swap(model, *search, list(chosen)), 16)]
    judged = swap(model, *held_out, units)
    single = min(swap(model, *held_out, unit) for unit in range(16))
    return (
        f"in an LSTM of 16 units that the check trained you find ≈{len(units)}: on `held_out` they "
        f"leave ≈{judged:.2f}, the best single unit ≈{single:.2f}."
    )


@exercise(
    "10.4",
    """
    def hand_made():  # a Forecaster with an LSTM of one or two units, its weights set by hand
        ...
    """,
)
def memory_by_hand(hand_made) -> str:
    model = hand_made()
    layer = getattr(model, "rnn", None)
    kind = type(model).__name__
    expect(isinstance(layer, nn.LSTM), f"you give {kind}; asked for is a Forecaster's LSTM.")
    units = layer.hidden_size * layer.num_layers
    expect(units <= 2, f"your LSTM has {units} units; asked for is at most two.")
    found = {}
    for delay in (5, 100, 1000):
        x, bits = recall(300, delay, torch.Generator().manual_seed(delay))
        found[delay] = accuracy(model, x.to(layer.weight_ih_l0), bits)
    rows = ", ".join(f"{share:.2f} at {delay}" for delay, share in found.items())
    said = f"the accuracy is {rows}; asked for is 0.99 at each"
    expect(found[5] > 0.1, f"{said}. You say the other bit, nearly always. Which sign is where?")
    x, bits = recall(300, 5, torch.Generator().manual_seed(5))
    of_each = [
        accuracy(model, x[here].to(layer.weight_ih_l0), bits[here])
        for here in ((bits > 0).flatten(), (bits < 0).flatten())
    ]
    expect(
        max(of_each) - min(of_each) < 0.3,
        f"{said}. For a bit of +1 it is {of_each[0]:.2f} at 5, for one of -1 {of_each[1]:.2f}. Is "
        "each bit written at all?",
    )
    expect(found[5] > 0.65, f"{said}. Even five values of noise are too much for it.")
    n = layer.hidden_size
    bias = (layer.bias_ih_l0 + layer.bias_hh_l0).detach().double()[n : 2 * n]
    forget = (1 / (1 + (-bias).exp())).max().item()
    expect(
        min(found.values()) >= 0.99 or forget**1000 > 0.3,
        f"{said}. With forget gates of at most {forget:.4f} (where input and h are 0), what is "
        "left of the cell after 1000 time steps?",
    )
    expect(
        min(found.values()) >= 0.99,
        f"{said}. The cell keeps what it has; what else is written into it in 1000 time steps?",
    )
    array_of(model(x[:2].to(layer.weight_ih_l0)), "the output of your network")
    return f"{said}. Number of units: {units}. Learning this is hard; being able is not."
