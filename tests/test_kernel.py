"""The playground in a real kernel, over the comm protocol, as a front end speaks to it."""

from __future__ import annotations

import json
import random
import re
import time

import pytest

from build import NOTEBOOKS
from kernel import PATH, Kernel
from playground.settings import CONTROLS, DEFAULTS, to_text

SETUP = (
    PATH
    + """from playground import *
import asyncio, json
p = Playground(config="steps=200 hidden=4")
"""
)
MODELS = """named = {**p.controls, **p.views, **p.buttons, **p.panel.presets}
named |= {"compare": p.panel.compare, "challenge": p.panel.picker, "file": p.panel.file}
print(json.dumps({name: w.comm.comm_id for name, w in named.items()}))"""
# While a cell sleeps in `await`, the playground's task goes on.
STATE = """for _ in range(400):
    await asyncio.sleep(0.01)
    if not p.mailbox and not p.training:
        break
tasks = [t for t in asyncio.all_tasks() if t.get_name() == "Playground"]
run = p.session.run
print(json.dumps(dict(settings=run.settings, steps=run.step_count, view=p.view,
    faults=list(p.faults), tasks=len(tasks), playing=p.playing)))"""
LOSSES = """p.set(**from_text(line)[0])
p.buttons["Reset"].click(); p.drain(); p.run(50)
print(json.dumps(p.session.run.losses))"""
REPLAY = """lines = b"steps=100 hidden=4 @20 lr=0.1\\nhidden=2"
p.mailbox.append(("file", ({"content": lines},)))"""
MEMORY = "import psutil; print(psutil.Process().memory_info().rss)"


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.close()


@pytest.mark.slow
@pytest.mark.parametrize("with_subshell", [False, True], ids=["main shell", "subshell"])
def test_every_control_acts_over_the_comm_protocol(kernel, with_subshell: bool) -> None:
    subshell = kernel.subshell() if with_subshell else None
    if with_subshell and subshell is None:
        pytest.skip("this kernel has no subshells")
    kernel.run(SETUP)
    models = json.loads(kernel.run(MODELS))
    state = json.loads(kernel.run(STATE))
    for name, control in CONTROLS.items():
        old = control.options.index(state["settings"][name])
        new = (old + 1) % len(control.options)
        kernel.move(models[name], {"index": new}, subshell)
        time.sleep(0.02)
        after = json.loads(kernel.run(STATE))
        assert after["settings"][name] == control.options[new], name
        assert (after["steps"] > 0, after["faults"], after["tasks"]) == (True, [], 1), name
        kernel.move(models[name], {"index": old}, subshell)
        time.sleep(0.02)
    kernel.move(models["what"], {"index": 3}, subshell)
    for name, steps in (("Pause", None), ("Reset", 0), ("Step", 1), ("Step", 2), ("Play", 200)):
        kernel.click(models[name], subshell)
        time.sleep(0.05)
        after = json.loads(kernel.run(STATE))
        assert steps is None or after["steps"] == steps, name
    assert after["view"]["what"] == "cell state"
    assert after["faults"] == []
    kernel.quiet()


@pytest.mark.slow
def test_the_cell_run_again_leaves_one_task(kernel) -> None:
    for _ in range(3):
        kernel.run(SETUP)
    assert json.loads(kernel.run(STATE))["tasks"] == 1
    kernel.quiet()


@pytest.mark.slow
def test_the_task_sleeps_when_nothing_is_due(kernel) -> None:
    """The processor's share, of a playground that is paused, and of one at 5 steps a second."""
    kernel.run(SETUP)
    kernel.run(STATE)
    share = """import time
start, used = time.perf_counter(), time.process_time()
await asyncio.sleep(1)
print((time.process_time() - used) / (time.perf_counter() - start))"""
    assert float(kernel.run(share)) < 0.02
    kernel.run('p.set(steps=2000, hidden=16); p.view["speed"] = "5 steps/s"')
    kernel.run('p.mailbox.append(("Play", None))')
    assert 0 < float(kernel.run(share)) < 0.5
    kernel.quiet()


@pytest.mark.slow
def test_torture() -> None:
    """Random moves and presses: no fault, one task, no growth, and the same losses after."""
    kernel = Kernel()
    try:
        torture(kernel)
    finally:
        kernel.close()


def torture(kernel: Kernel) -> None:
    line = to_text({**DEFAULTS, "hidden": 8, "cell": "GRU"})
    kernel.run(SETUP)
    models = json.loads(kernel.run(MODELS))
    del models["our recipe"], models["the copied recipe"]  # whose steps are slow
    sizes = json.loads(
        kernel.run(
            "print(json.dumps({n: len(w.options) for n, w in {**p.controls, **p.views}.items()}))"
        )
    )
    # Sizes that make a step slow are left out: here the number of messages counts.
    sizes |= {"hidden": 5, "window": 6, "layers": 2, "steps": 3}
    sizes |= {"batch": 6, "compare": 2, "challenge": 3}
    rng = random.Random(1)

    def torment(count: int) -> None:
        for _ in range(count):
            name = rng.choice(list(models))
            if name in sizes:
                kernel.move(models[name], {"index": rng.randrange(sizes[name])})
            elif name == "file":
                kernel.run(REPLAY)
            else:
                kernel.click(models[name])
            time.sleep(0.004)
            kernel.quiet()  # as a front end reads along: ZeroMQ drops what is not fetched
        for _ in range(100):
            time.sleep(0.1)
            if kernel.run("print(len(p.mailbox))") == "0":
                break
        kernel.quiet()

    # oneDNN keeps up to 1024 compiled shapes, some 30 MB in the end: most of them come first.
    torment(1000)
    before = int(kernel.run(MEMORY))
    torment(500)
    grown = (int(kernel.run(MEMORY)) - before) / 2**20
    state = json.loads(kernel.run(STATE))
    assert state["faults"] == []
    assert state["tasks"] == 1
    assert grown < 20, f"{grown:.1f} MB"
    after = kernel.run(f"line = {line!r}\n{LOSSES}")
    fresh = Kernel()
    try:
        fresh.run(SETUP)
        assert fresh.run(f"line = {line!r}\n{LOSSES}") == after
    finally:
        fresh.close()


@pytest.mark.slow
def test_what_the_teachers_page_says_runs_from_the_notebooks_folder() -> None:
    text = (NOTEBOOKS / "teaching.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    plans = (NOTEBOOKS / "teaching_lessons.md").read_text(encoding="utf-8")
    calls = re.findall(r"`(Playground\([^`]*\))`", plans)
    kernel = Kernel()
    try:
        printed = [kernel.run(block) for block in blocks]
        assert calls
        assert not any(kernel.run(call) for call in calls)
    finally:
        kernel.close()
    (checked,) = [out for block, out in zip(blocks, printed, strict=True) if "solved_by" in block]
    assert [line.split()[0] for line in checked.splitlines()] == ["True", "False"]
