"""The script of a run: plain PyTorch, at most 60 lines, and the same losses to the last bit."""

from __future__ import annotations

import ast
import random
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from playground.presets import PRESETS
from playground.run import Run
from playground.script import LINES, to_script
from playground.settings import CONTROLS, DEFAULTS, from_text, is_live
from playground.signals import SIGNALS

torch.set_num_threads(1)
PRINTED = re.compile(r"step (\d+): training (\S+), validation (\S+)")


def random_run(rng: random.Random, small: bool = True) -> Run:
    """Any settings with live changes; if `small`, such that it does not take long."""
    settings = {name: rng.choice(control.options) for name, control in CONTROLS.items()}
    if small:
        settings |= {"steps": 100, "hidden": min(settings["hidden"], 16)}
        settings |= {"batch": rng.choice((1, 4, 16)), "window": min(settings["window"], 30)}
    live = [name for name in CONTROLS if is_live(name, settings) and name != "steps"]
    changes = []
    for step in sorted(rng.randrange(120) for _ in range(rng.randrange(7))):
        name = rng.choice(live)
        options = [value for value in CONTROLS[name].options if not (small and value == "all")]
        changes.append((step, name, rng.choice(options)))
    return Run(settings, tuple(changes))


def losses_of(script: str, capsys) -> tuple[list[float], list[tuple]]:
    """All its training losses, and what it prints: step, training and validation loss."""
    capsys.readouterr()
    space: dict = {}
    exec(compile(script, "run.py", "exec"), space)
    printed = [PRINTED.fullmatch(line).groups() for line in capsys.readouterr().out.splitlines()]
    return space["losses"], [(int(n), float(a), float(b)) for n, a, b in printed]


def assert_equal(run: Run, script: str, capsys) -> None:
    losses, printed = losses_of(script, capsys)
    np.testing.assert_array_equal(losses, run.losses)
    checks = dict(run.checks)
    expected = [(step, run.losses[step - 1], checks[step]) for step, _, _ in printed]
    np.testing.assert_array_equal(printed, expected)
    assert run.diverged or printed[-1][0] == run.step_count // 25 * 25


@pytest.mark.slow
def test_a_script_stands_on_numpy_and_torch_alone() -> None:
    script = to_script(Run({"signal": "echo", "bias": 1.0}))
    imported = [
        node.names[0].name for node in ast.parse(script).body if isinstance(node, ast.Import)
    ]
    assert imported == ["numpy", "torch"]
    code = f"import sys; sys.path = [p for p in sys.path if 'notebooks' not in p]\n{script}"
    code = code.replace("range(300)", "range(25)")
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    assert PRINTED.fullmatch(done.stdout.strip())


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("loss", CONTROLS["loss"].options)
def test_the_script_of_each_signal_prints_the_same_losses(signal, loss, capsys) -> None:
    run = Run({"signal": signal, "loss": loss, "window": 10, "hidden": 4, "steps": 100})
    script = to_script(run)
    assert_equal(run.run(), script, capsys)


CHANGED = {
    "live": "steps=100 @20 lr=0.1 @20 clip=0.1 @40 batch=4 @60 momentum=0.5 @70 decay=0.1",
    "all": "steps=100 window=10 noise=0 batch=all hidden=4 @30 batch=8",
    "longer": "steps=100 window=10 @100 steps=200 @130 beta2=0.9",
    "shorter": "steps=200 window=10 @133 steps=100",
    "too late": "steps=100 window=10 @100 lr=0.1 @150 steps=200",
    "at once": "steps=100 window=10 @0 lr=0.1",
    "dropout": "steps=100 window=10 layers=2 @30 dropout=0.3 @60 dropout=0",
    "cycle": "steps=100 window=10 schedule=one-cycle optimizer=SGD lr=0.3 @50 decay=0.01",
    "beta": "steps=100 window=10 schedule=one-cycle @50 beta2=0.9",
    "idle": "steps=100 window=10 optimizer=SGD @30 beta2=0.9 @40 dropout=0.3 @50 momentum=0.9",
    "decoupled": "steps=100 window=10 optimizer=AdamW decay=0.1",
}


@pytest.mark.parametrize("what", CHANGED)
def test_live_changes_are_in_the_script(what: str, capsys) -> None:
    run = Run(*from_text(CHANGED[what]))
    script = to_script(run)
    assert_equal(run.run(), script, capsys)
    assert to_script(run) == script


def test_adamw_without_decay_is_said_to_be_without(capsys) -> None:
    run = Run({"optimizer": "AdamW", "hidden": 2, "steps": 100}).run()
    assert_equal(run, to_script(run), capsys)


def test_a_budget_may_end_where_the_run_already_is(capsys) -> None:
    run = Run({"hidden": 2, "steps": 200}, ((150, "steps", 100),)).run()
    assert run.step_count == 150
    assert_equal(run, to_script(run), capsys)


def test_a_script_ends_where_the_run_has_diverged(capsys) -> None:
    run = Run(*from_text("optimizer=SGD lr=3 cell=RNN window=10")).run()
    assert run.diverged
    assert len(losses_of(to_script(run), capsys)[0]) == run.step_count


@pytest.mark.slow
def test_no_script_is_longer_than_it_may_be(monkeypatch) -> None:
    data = Run({}).data
    monkeypatch.setattr("playground.run.make_data", lambda settings: data)
    rng = random.Random(4)
    lengths = [to_script(random_run(rng, small=False)).count("\n") for _ in range(400)]
    assert LINES - 5 <= max(lengths) <= LINES == 60


@pytest.mark.slow
def test_random_runs_and_the_presets_have_scripts_that_print_the_same(capsys) -> None:
    rng = random.Random(0)
    runs = [random_run(rng) for _ in range(20)]
    runs += [Run(*from_text(preset.line)) for preset in PRESETS.values()]
    for run in runs:
        script = to_script(run)
        assert_equal(run.run(), to_script(run) if run.diverged else script, capsys)


def test_the_presets_are_named_lines() -> None:
    assert [*PRESETS][:2] == ["the copied recipe", "our recipe"]
    for preset in PRESETS.values():
        assert from_text(preset.line)[0] != DEFAULTS
        assert preset.look.endswith(".")


@pytest.mark.slow
def test_our_recipe_reaches_the_errors_of_lesson_05() -> None:
    """Medians of five seeds there: one step ahead 0.0003, closed loop over 200 steps 0.023."""
    line = PRESETS["our recipe"].line
    ends = [Run(*from_text(f"{line} seed={seed}")).run().scores() for seed in range(5)]
    one_step, loop = (
        np.median([end[name] for end in ends]) ** 0.5 for name in ("validation", "loop")
    )
    assert one_step < 0.0006
    assert loop < 0.03
    copied = Run(*from_text(PRESETS["the copied recipe"].line)).run().scores()
    assert copied["validation"] ** 0.5 > 5 * one_step
    assert copied["loop"] ** 0.5 > 8 * loop
