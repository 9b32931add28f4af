"""The playground: its rules, its runs, and a real kernel that is sent a reader's messages."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty

import numpy as np
import pytest
import torch
from jupyter_client.manager import KernelManager
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager
from torch import nn

from build import NOTEBOOKS
from test_notebooks import check_callbacks

sys.path.insert(0, str(NOTEBOOKS))
sys.path.insert(0, str(NOTEBOOKS.parent))
import playground as module
from playground import (
    AHEAD,
    CELLS,
    CHALLENGES,
    CONTROLS,
    DEFAULTS,
    INSIDE,
    LIVE,
    PARTS_TO_HIDE,
    SIGNALS,
    Playground,
    Run,
    Screen,
    clean_signal,
    from_text,
    make_data,
    to_text,
)

from helpers import Forecaster

torch.set_num_threads(1)
SMALL = {**DEFAULTS, "hidden": 4, "window": 10, "steps": 100}


def random_settings(rng: random.Random) -> dict:
    return {name: rng.choice(control.options) for name, control in CONTROLS.items()}


# ==== The line of text


def test_text_round_trip_over_random_settings() -> None:
    rng = random.Random(0)
    for _ in range(300):
        settings = random_settings(rng)
        steps = sorted(rng.randrange(2000) for _ in range(rng.randrange(4)))
        names = [rng.choice(LIVE) for _ in steps]
        values = [rng.choice(CONTROLS[name].options) for name in names]
        changes = tuple(zip(steps, names, values, strict=True))
        text = to_text(settings, changes)
        assert "\n" not in text
        assert from_text(text) == (settings, changes)


def test_what_a_text_leaves_out_is_as_by_default() -> None:
    assert from_text("") == (DEFAULTS, ())
    assert from_text("  cell=RNN   lr=0.1 ")[0] == {**DEFAULTS, "cell": "RNN", "lr": 0.1}


BAD_TEXTS = {
    "hiden=32": "'hiden=32': allowed are name=value, with a name of signal, noise",
    "hidden": "'hidden': allowed are name=value",
    "hidden=7": "'hidden=7': allowed for hidden are 1, 2, 4, 8, 16, 32, 64",
    "lr=nan": "'lr=nan': allowed for lr are 0.0001",
    "lr=0.1 lr=0.3": "'lr=0.3': lr is given twice",
    "@x lr=0.1": "'@x': allowed are @ and a step, in rising order",
    "@50 lr=0.1 @20 lr=0.3": "'@20': allowed are @ and a step, in rising order",
    "@50 hidden=32": "'hidden=32' after a step: allowed are live settings, dropout, lr",
    "lr=0.1\nhidden=4": "is no text of one line",
}


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_bad_text_says_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(BAD_TEXTS[text])):
        from_text(text)


# ==== Data and runs


def test_signals_repeat_after_their_period() -> None:
    for signal in set(SIGNALS) - {"two sines", "drifting frequency"}:
        cycle = 60 if signal == "square with a long gap" else 20
        wave = clean_signal(signal, 20, 200)
        np.testing.assert_allclose(wave[cycle:], wave[:-cycle], atol=1e-9)
    assert max(np.abs(clean_signal(signal, 20, 900)).max() for signal in SIGNALS) <= 1.4


@pytest.mark.parametrize("signal", SIGNALS)
def test_data_of_each_signal(signal: str) -> None:
    for window in (2, 100):
        for loss, count in (("last output", 1), ("every output", window - min(5, window - 1))):
            data = make_data({**SMALL, "signal": signal, "window": window, "loss": loss})
            assert data.inputs.shape[1:] == (window, 1)
            assert data.targets.shape == (len(data.inputs), count, 1)
            assert data.val_inputs.shape == (64, window, 1)
            assert data.stretch.shape == (data.lead + AHEAD, 1)
            assert 0 < data.rivals["noise floor"] < data.rivals["persistence"]
    assert "noise floor" not in make_data({**SMALL, "signal": signal, "noise": 0.0}).rivals


@pytest.mark.parametrize("settings", [{}, {"cell": "GRU", "layers": 2, "dropout": 0.3}])
def test_a_run_repeats_and_live_changes_come_back(settings: dict) -> None:
    first = Run({**SMALL, **settings})
    first.run(30)
    first.set_live("lr", 0.1)
    first.set_live("clip", 0.1)
    first.run(20)
    torch.rand(7)  # others may draw from torch's generator
    first.set_live("batch", 4)
    first.run(30)
    again = Run(*from_text(to_text(first.started_with, tuple(first.changes))))
    again.run(80)
    assert again.losses == first.losses
    assert again.settings == first.settings
    plain = Run({**SMALL, **settings})
    plain.run(80)
    assert plain.losses[:30] == first.losses[:30]
    assert plain.losses[30:] != first.losses[30:]


@pytest.mark.parametrize("name", LIVE)
def test_live_settings_keep_the_weights_and_act(name: str) -> None:
    settings = {**SMALL, "layers": 2, "dropout": 0.1}
    run, untouched = Run(settings), Run(settings)
    for each in (run, untouched):
        each.run(10)
    value = next(v for v in CONTROLS[name].options[::-1] if v != settings[name])
    value = 0.01 if name == "clip" else value
    before = [p.clone() for p in run.model.parameters()]
    run.set_live(name, value)
    assert all(map(torch.equal, before, run.model.parameters()))
    assert run.step_count == 10
    for each in (run, untouched):
        each.run(10)
    if name == "steps":
        assert not run.ended
        run.run(value)
        assert run.ended
        assert run.step_count == value
    else:
        after = list(untouched.model.parameters())
        assert not all(map(torch.equal, run.model.parameters(), after))


def test_forget_bias_is_set_in_every_layer() -> None:
    model = Run({**SMALL, "layers": 3, "bias": 3.0}).model.rnn
    for k in range(3):
        both = getattr(model, f"bias_ih_l{k}") + getattr(model, f"bias_hh_l{k}")
        assert torch.equal(both[4:8], torch.full((4,), 3.0))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 3])
def test_the_inside_is_what_the_network_computes(cell: str, layers: int) -> None:
    run = Run({**SMALL, "cell": cell, "layers": layers})
    x = torch.tensor(run.data.stretch[None]).float()
    with torch.no_grad():
        output, state = run.model.rnn(x)
    title, hidden = run.inside(layers, "hidden state")
    np.testing.assert_allclose(hidden, output[0], atol=1e-6)
    for layer in range(1, layers + 1):
        for what in INSIDE:
            title, values = run.inside(layer, what)
            assert values.shape == (len(run.data.stretch), 4)
            if title.endswith("gate"):
                assert values.min() >= 0
                assert values.max() <= 1
    if cell == "LSTM":
        cells = run.inside(layers, "cell state")[1]
        np.testing.assert_allclose(cells[-1], state[1][-1, 0], atol=1e-6)
        gate = run.inside(layers, "output gate")[1]
        np.testing.assert_allclose(gate * np.tanh(cells), hidden, atol=1e-6)
    if cell == "GRU":
        keep, before = run.inside(layers, "forget gate")[1], np.vstack([np.zeros(4), hidden[:-1]])
        new = (hidden - keep * before) / (1 - keep)  # what the state moves towards
        assert np.abs(new).max() <= 1 + 1e-5
    else:
        assert ("has no" in run.inside(1, "forget gate")[0]) == (cell == "RNN")


def test_divergence_ends_a_run_and_its_scores_are_infinite() -> None:
    run = Run({**SMALL, **from_text("optimizer=SGD lr=3 cell=RNN")[0]})
    run.run(300)
    assert run.diverged
    assert run.ended
    assert run.step_count < 30
    assert run.scores()["validation"] == run.scores()["loop"] == math.inf
    screen = Screen()
    screen.show_slow(run, [], "cell state", 1)
    screen.show_fast(run)
    assert screen._message.get_text() == f"diverged at step {run.step_count}: press Reset"


# ==== The widgets, without a kernel


@pytest.fixture
def made():
    made = []

    def make(**settings) -> Playground:
        made.append(Playground(**settings))
        return made[-1]

    yield make
    for playground in made:
        playground.close()


def turn_until(playground: Playground, done, seconds: float = 60) -> None:
    """What the task on the kernel's loop does, until something is done."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        playground._turn()
    assert done()


def finish(playground: Playground) -> None:
    turn_until(playground, lambda: playground.session.ended and not playground.mailbox)
    playground._turn()


def test_controls_restart_or_act_live_as_marked(made) -> None:
    playground = made(config="steps=2000 hidden=4 window=10 layers=2")
    for name, control in CONTROLS.items():
        turn_until(playground, lambda: playground.session.step_count >= 5)
        assert not playground.session.ended
        session, weights = playground.session, playground.session.model.rnn.weight_hh_l0.clone()
        value = next(v for v in control.options if v != session.settings[name])
        playground.controls[name].value = value
        assert playground.mailbox
        assert playground.session.settings[name] != value  # nothing happens in the callback
        playground.drain()
        assert playground.session.settings[name] == value
        assert (playground.session is session) == control.live
        if control.live:
            assert torch.equal(playground.session.model.rnn.weight_hh_l0, weights)
        else:
            assert playground.session.step_count == 0


def test_buttons(made) -> None:
    playground = made(config="steps=100 hidden=4")

    def press(name: str) -> None:
        playground.buttons[name].click()

    press("Pause")
    playground._turn()
    count = playground.session.step_count
    for more in (1, 2):
        press("Step")
        playground._turn()
        playground._turn()
        assert playground.session.step_count == count + more
    losses = list(playground.session.losses)
    press("Reset")
    playground._turn()
    assert playground.session.step_count == 0
    assert not playground._training
    press("Play")
    finish(playground)
    assert playground.session.losses[: len(losses)] == losses
    assert playground.session.step_count == 100


def test_history_undo_and_clear(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    playground.controls["hidden"].value = 8
    finish(playground)
    names = [record.name for record in playground.history]
    assert names == ["hidden size 4, steps budget 100", "hidden size 8"]
    playground.runs.value = 1
    finish(playground)
    assert playground.session.settings["hidden"] == playground.controls["hidden"].value == 4
    assert playground.session.losses  # the settings are back, and it has trained
    playground.buttons["Undo"].click()
    finish(playground)
    assert playground.session.settings["hidden"] == playground.controls["hidden"].value == 8
    kept = list(playground.history)
    playground.buttons["Clear"].click()
    playground._turn()
    assert playground.history == []
    playground.buttons["Undo"].click()
    playground.drain()
    assert playground.history == kept


def test_bad_share_text_changes_nothing(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    session, shared = playground.session, playground.share.value
    playground.share.value = "hidden=7"
    playground._turn()
    assert "allowed for hidden are 1, 2, 4" in playground.status.value
    assert playground.session is session
    assert playground.share.value == shared


def test_share_text_reproduces_a_run_with_live_changes(made) -> None:
    playground = made(config="steps=200 hidden=4")
    turn_until(playground, lambda: playground.session.step_count >= 20)
    playground.controls["lr"].value = 0.1
    finish(playground)
    losses, text = list(playground.session.losses), playground.share.value
    assert re.search(r"@\d+ lr=0.1$", text)
    playground.controls["hidden"].value = 8
    finish(playground)
    playground.share.value = text
    finish(playground)
    assert playground.session.losses == losses
    assert playground.controls["lr"].value == 0.1


def test_after_the_end_a_live_setting_restarts_and_a_larger_budget_goes_on(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    first = playground.session
    playground.controls["steps"].value = 200
    playground.drain()
    assert playground.session is first
    finish(playground)
    assert first.step_count == 200
    playground.controls["lr"].value = 0.1
    playground.drain()
    assert playground.session.settings == {**first.settings, "lr": 0.1}
    assert (playground.session.step_count, playground.session.changes) == (0, [])
    turn_until(playground, lambda: playground.session.step_count >= 20)
    playground.buttons["Undo"].click()
    playground.drain()
    assert playground.session.settings == first.settings
    assert playground.session.step_count == 0


def test_undo_of_a_live_change_keeps_the_weights(made) -> None:
    playground = made(config="steps=200 hidden=4")
    turn_until(playground, lambda: playground.session.step_count >= 20)
    session = playground.session
    playground.controls["lr"].value = 0.1
    playground.drain()
    playground.buttons["Undo"].click()
    playground.drain()
    assert playground.session is session
    assert session.settings["lr"] == 0.01


@pytest.mark.parametrize("name", CHALLENGES)
def test_no_challenge_is_met_by_its_start_or_without_noise(name: str) -> None:
    start = {**CHALLENGES[name].start, "steps": 100}
    for settings in (start, {**start, "noise": 0.0}, {**start, "noise": 0.5}):
        run = Run(settings)
        run.run(100)
        if name != "illusion":  # which is about a network that has had its time
            assert not CHALLENGES[name].reached(run, [])


def test_divergence_is_shown_and_reset_recovers(made) -> None:
    playground = made(config="optimizer=SGD lr=3 cell=RNN")
    finish(playground)
    assert playground.session.diverged
    assert playground.history[-1].diverged
    assert "diverged" in playground.runs.options[1][0]
    playground.controls["clip"].value = 0.01
    playground.buttons["Reset"].click()
    playground.buttons["Play"].click()
    finish(playground)
    assert not playground.session.diverged


def test_run_and_set_without_background_updates(made) -> None:
    playground = made(config="steps=100")
    playground.set(hidden=4, signal="two sines")
    assert playground.controls["hidden"].value == 4
    picture = playground.run(60)
    assert playground.session.step_count == 60
    assert picture.data == playground.image.value
    playground.run(60)
    assert playground.session.step_count == 100
    playground.run(30)
    assert playground.session.step_count == 30
    with pytest.raises(ValueError, match="steps is 0; allowed: a whole number"):
        playground.run(0)
    with pytest.raises(ValueError, match="'hidden=5': allowed for hidden"):
        playground.set(hidden=5)


def test_what_teachers_choose(made) -> None:
    for part in PARTS_TO_HIDE:
        made(hide=[part])
    few = made(hide=["signal", "noise", "points", "window", "history", "share"])
    shown = module._all_widgets(few)
    assert few.controls["noise"] not in shown
    assert few.controls["hidden"] in shown
    assert few.runs not in shown
    assert made(challenge="rescue").session.settings == CHALLENGES["rescue"].start
    for bad in ({"hide": ["sped"]}, {"challenge": "11"}, {"config": "x=1"}):
        with pytest.raises(ValueError, match="allowed"):
            made(**bad)


def test_only_the_last_playground_lives(made) -> None:
    async def two() -> tuple[Playground, Playground]:
        first, second = made(), made()
        await asyncio.sleep(0.05)
        return first, second

    first, second = asyncio.run(two())
    assert first._task.cancelled()
    assert Playground._alive is second


def test_without_a_kernel_there_is_a_finished_picture(made) -> None:
    bundle = made(config="steps=100 hidden=4")._repr_mimebundle_()
    assert set(bundle) >= {"image/png", "text/plain", "application/vnd.jupyter.widget-view+json"}


def test_callbacks_only_leave_a_message() -> None:
    assert check_callbacks(Path(module.__file__).read_text(encoding="utf-8")) == []


# ==== Challenges: a text that reaches the goal, and one that nearly does

SQUARE = to_text(CHALLENGES["forget"].start)
GAP = to_text(CHALLENGES["gap"].start)
SLOW = to_text(CHALLENGES["live"].start)
ATTEMPTS = {  # name: (lines that reach it, lines that do not)
    "floor": (["lr=0.001"], ["steps=100 lr=0.001"]),
    "rescue": (["optimizer=SGD lr=3 cell=RNN clip=0.01"], ["optimizer=SGD lr=3 cell=RNN clip=0.1"]),
    "live": ([f"{SLOW} @100 lr=0.01"], [f"{SLOW} @1500 lr=0.0003"]),
    "small": (["hidden=2 noise=0.2 steps=1000"], ["hidden=4 noise=0.2 steps=1000"]),
    "illusion": (["noise=0 window=5"], ["noise=0 window=50"]),
    "gap": (
        [GAP, GAP.replace("cell=RNN", "cell=LSTM")],
        [GAP.replace("cell=RNN", "cell=LSTM"), GAP.replace("seed=1", "seed=2")],
    ),
    "forget": ([SQUARE.replace("bias=1", "bias=-2")], [SQUARE]),
    "family": (
        ["signal=family-of-waves window=50 hidden=32 steps=2000"],
        ["signal=family-of-waves window=5 hidden=32 steps=2000"],
    ),
    "budget": (
        ["signal=two-sines steps=200 hidden=32 batch=32 window=50"],
        ["signal=two-sines steps=200 hidden=8 batch=4 window=20 lr=0.01"],
    ),
}


def test_every_challenge_is_tried() -> None:
    assert set(ATTEMPTS) == set(CHALLENGES)
    assert len(CHALLENGES) >= 8


@pytest.mark.parametrize("reaches", [True, False], ids=["solution", "near miss"])
@pytest.mark.parametrize("name", CHALLENGES)
def test_challenge(name: str, reaches: bool, made) -> None:
    playground, challenge = made(challenge=name), CHALLENGES[name]
    assert playground.task.value == challenge.question
    for line in ATTEMPTS[name][not reaches]:
        playground.share.value = line
        playground.drain()
        assert playground.session.step_count == 0
        playground.buttons["Play"].click()
        finish(playground)
        assert playground.challenge is challenge
    if reaches:
        assert playground.status.value == f"<b>Reached.</b> {challenge.explanation}"
    else:
        assert playground.status.value.startswith("Not yet")
        assert challenge.hint in playground.status.value
        assert re.search(r"This run: [\d.]+ times persistence", playground.status.value)


@pytest.mark.parametrize("name", [name for name in CHALLENGES if name != "gap"])
def test_a_line_is_enough_to_check_a_challenge(name: str) -> None:
    """As lesson 05 tells teachers; "gap" compares two runs."""
    reached = []
    for lines in ATTEMPTS[name]:
        run = Run(*from_text(lines[-1]))
        run.run(run.settings["steps"])
        reached.append(CHALLENGES[name].reached(run, []))
    assert reached == [True, False]
    assert {type(answer) for answer in reached} == {bool}


# ==== A real kernel, over the comm protocol

SETUP = f"""import sys
sys.path[:0] = [{str(NOTEBOOKS.parent)!r}, {str(NOTEBOOKS)!r}]
from playground import *
p = Playground(config="steps=200 hidden=4")
print(dict(alive=p.comm.comm_id))"""


class Kernel:
    """A kernel of this Python; code is run and widgets are moved as a front end does."""

    def __init__(self) -> None:
        self.manager = KernelManager(
            kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=NbvalKernelspecManager()
        )
        self.manager.start_kernel(stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str) -> str:
        """What a cell prints; fails if it raises or writes to stderr."""
        printed = []

        def hook(message: dict) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                assert content["name"] == "stdout", content["text"]
                printed.append(content["text"])
            assert message["msg_type"] != "error", "\n".join(content.get("traceback", []))

        self.client.execute_interactive(code, output_hook=hook, timeout=120)
        return "".join(printed).strip()

    def subshell(self) -> str | None:
        """A new subshell's id; None where the kernel knows none (ipykernel 6)."""
        if "kernel subshells" not in self._info().get("supported_features", []):
            return None
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        return self.client.get_control_msg(timeout=10)["content"]["subshell_id"]

    def _info(self) -> dict:
        self.client.kernel_info()
        return self.client.get_shell_msg(timeout=10)["content"]

    def send(self, model: str, data: dict, subshell: str | None) -> None:
        message = self.client.session.msg("comm_msg", {"comm_id": model, "data": data})
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def move(self, model: str, state: dict, subshell: str | None) -> None:
        self.send(model, {"method": "update", "state": state, "buffer_paths": []}, subshell)

    def click(self, model: str, subshell: str | None) -> None:
        self.send(model, {"method": "custom", "content": {"event": "click"}}, subshell)

    def quiet(self) -> None:
        """Forget the messages that have come in, of which a test may make thousands."""
        for channel in (self.client.iopub_channel, self.client.shell_channel):
            while True:
                try:
                    channel.get_msg(timeout=0)
                except Empty:
                    break

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.close()


MODELS = """import json
named = {**p.controls, **p.views, **p.buttons}
print(json.dumps({name: w.comm.comm_id for name, w in named.items()}))"""
STATE = """import asyncio
for _ in range(200):
    await asyncio.sleep(0.02)
    if not p.mailbox and not p._training:
        break
tasks = [t for t in asyncio.all_tasks() if "_live" in repr(t)]
print(json.dumps(dict(settings=p.session.settings, steps=p.session.step_count, view=p.view,
    faults=list(p.faults), tasks=len(tasks), playing=p.playing)))"""


@pytest.mark.parametrize("with_subshell", [False, True], ids=["main shell", "subshell"])
def test_every_control_acts_over_the_comm_protocol(kernel, with_subshell: bool) -> None:
    subshell = kernel.subshell() if with_subshell else None
    if with_subshell and subshell is None:
        pytest.skip("this kernel has no subshells")
    kernel.run(SETUP)
    models = json.loads(kernel.run(MODELS))
    for name, control in CONTROLS.items():
        state = json.loads(kernel.run(STATE))
        old = control.options.index(state["settings"][name])
        new = (old + 1) % len(control.options)
        kernel.move(models[name], {"index": new}, subshell)
        time.sleep(0.1)
        after = json.loads(kernel.run(STATE))
        assert after["settings"][name] == control.options[new], name
        assert (after["steps"] > 0, after["faults"], after["tasks"]) == (True, [], 1), name
        kernel.move(models[name], {"index": old}, subshell)
        time.sleep(0.05)
    kernel.move(models["what"], {"index": 3}, subshell)
    for name, steps in (("Pause", None), ("Reset", 0), ("Step", 1), ("Step", 2), ("Play", 200)):
        kernel.click(models[name], subshell)
        time.sleep(0.1)
        after = json.loads(kernel.run(STATE))
        assert steps is None or after["steps"] == steps, name
    assert after["view"]["what"] == INSIDE[3]
    assert after["faults"] == []
    kernel.quiet()


def test_the_cell_run_again_leaves_one_task(kernel) -> None:
    for _ in range(3):
        kernel.run(SETUP)
    assert json.loads(kernel.run(MODELS + "\n" + STATE).splitlines()[-1])["tasks"] == 1


LOSSES = """p.set(**{n: v for n, v in from_text(line)[0].items()})
p.buttons["Reset"].click(); p.drain(); p.run(50)
print(json.dumps(p.session.losses))"""
MEMORY = "print(open('/proc/self/status').read().split('VmRSS:')[1].split()[0])"


def test_torture() -> None:
    """2,000 random moves and presses: no fault, one task, no growth, and the same losses after."""
    kernel = Kernel()
    try:
        torture(kernel)
    finally:
        kernel.close()


def torture(kernel: Kernel) -> None:
    line = to_text({**DEFAULTS, "hidden": 8, "cell": "GRU"})
    kernel.run(SETUP)
    models = json.loads(kernel.run(MODELS))
    rng = random.Random(1)
    # Sizes that make a step slow are left out: here the number of messages counts.
    small = {"hidden": 5, "window": 6, "layers": 2, "steps": 3}

    def torment(count: int) -> None:
        for _ in range(count):
            name = rng.choice(list(models))
            if name in module.VIEW or name in CONTROLS:
                size = {"what": 5, "layer": 3, "speed": 4}.get(name)
                index = rng.randrange(size or small.get(name) or len(CONTROLS[name].options))
                kernel.move(models[name], {"index": index}, None)
            else:
                kernel.click(models[name], None)
            time.sleep(0.004)
            kernel.quiet()  # as a front end reads along: ZeroMQ drops what is not fetched
        for _ in range(100):
            time.sleep(0.1)
            if kernel.run("print(len(p.mailbox))") == "0":
                break
        kernel.quiet()

    # oneDNN keeps up to 1024 compiled shapes, some 30 MB in the end: most of them come first.
    torment(1500)
    before = int(kernel.run(MEMORY))
    torment(2000)
    grown = (int(kernel.run(MEMORY)) - before) / 1024
    state = json.loads(kernel.run(STATE))
    assert state["faults"] == []
    assert state["tasks"] == 1
    assert grown < 20, f"{grown:.1f} MB"
    after = kernel.run(f"line = {line!r}\n{LOSSES}")
    fresh = Kernel()
    try:
        fresh.run(SETUP + "\nimport json")
        assert fresh.run(f"line = {line!r}\n{LOSSES}") == after
    finally:
        fresh.close()


def test_forecaster_is_helpers_own() -> None:
    """The playground trains the series' network, not one of its own."""
    assert type(Run(SMALL).model) is Forecaster
    assert isinstance(Run(SMALL).model.rnn, nn.LSTM)
