"""Measure the series side by side in one run, and print ratios with their spread.

    python tests/tools/benchmark.py                        # everything, over an hour
    python tests/tools/benchmark.py --only recipes steps   # parts of it
    python tests/tools/benchmark.py --only tree --against v1.0

recipes     The recipe that most tutorials copy against the series' own, over seeds: processor time,
            error one step ahead, and error in closed loop, on the same clean sine.
steps       A training step of lesson 02's hand-written LSTM against `nn.LSTM`'s; how the cost of
            a step grows with units, window and batch, by exponents that fit it.
playground  In a kernel: its training against a bare loop, its pictures' time and size, its share
            of a core while it trains slowly and while it rests.
site        The web pages without films, against a kernel that only imports the packages.
notebooks   Each from a cold start, and its kernel's peak memory, against that kernel.
sliders     Each in a real JupyterLab in Chromium: from a key press to the new picture; in the
            playground while it trains, with Pause and a whole retraining.
tree        The shared code of this tree against that of the commit after --against, by turns.

It is no test: nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import numpy as np
import torch
from torch import nn

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS.parent / "notebooks"), str(TESTS)]

import build  # noqa: E402
import kernel  # noqa: E402
import lab as browsing  # noqa: E402
from helpers import Forecaster, closed_loop, create_sequences, fit, train  # noqa: E402
from playground.app import SLOW_EVERY  # noqa: E402

WEB = TESTS / "tools" / "web.py"
CORE = TESTS / "tools" / "benchmark_core.py"
IMPORTS = "import ipywidgets, matplotlib.pyplot, numpy, torch"
# Not ru_maxrss, in which Linux counts the parent process before the kernel was started from it.
# Bytes; on macOS there is no peak, and what is in use at the end stands for it.
PEAK = """import pathlib, psutil
status, info = pathlib.Path("/proc/self/status"), psutil.Process().memory_info()
if status.exists():
    print(1024 * int(status.read_text().split("VmHWM:")[1].split()[0]))
else:
    print(getattr(info, "peak_wset", info.rss))"""


def spread(values: list[float] | np.ndarray, form: str = "5.2f") -> str:
    return f"{np.median(values):{form}} ({np.min(values):{form}} to {np.max(values):{form}})"


# ==== Notebooks


def cold_run(notebook: nbformat.NotebookNode, folder: Path) -> tuple[float, float]:
    """Seconds from the start of the kernel to its end, and its peak resident memory in MB."""
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    start = time.perf_counter()
    build.run(notebook, folder)
    seconds = time.perf_counter() - start
    return seconds, int(notebook.cells[-1].outputs[0].text) / 2**20


def only_imports() -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IMPORTS)])


def lessons() -> list[Path]:
    return sorted(build.NOTEBOOKS.glob("*.ipynb"))  # without solutions, which have the same names


def measure_notebooks(repeats: int) -> None:
    texts = {"only imports": nbformat.writes(only_imports())}
    texts |= {path.stem: path.read_text(encoding="utf-8") for path in lessons()}
    rounds = []
    for _ in range(repeats):
        runs = [cold_run(nbformat.reads(t, 4), build.NOTEBOOKS) for t in texts.values()]
        rounds.append(runs)
    figures = np.array(rounds)  # (repeats, notebooks, 2)
    ratios = figures / figures[:, :1]
    print(f"{'median (lowest to highest)':20} {'s':>22} {'ratio':>24} {'peak MB':>9} {'ratio':>22}")
    for k, name in enumerate(texts):
        seconds, megabytes = figures[:, k].T
        print(
            f"{name:20} {spread(seconds):>26} {spread(ratios[:, k, 0]):>24}"
            f" {np.median(megabytes):9.0f} {spread(ratios[:, k, 1]):>24}"
        )
    together = figures[:, 1:, 0].sum(axis=1)
    print(f"all notebooks, one after the other: {spread(together)} s\n")


# ==== Recipes

SERIES = np.sin(np.linspace(0, 100, 1000, dtype=np.float32))[:, None]
START = 800  # the first 80 % are for training


def copied_recipe(seed: int) -> tuple[Callable, int]:
    """Windows of 10, loss on the last output, 100 full-batch epochs; gives (forecast, window)."""
    torch.manual_seed(seed)
    model = Forecaster(hidden_size=50)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    windows = [torch.tensor(part) for part in create_sequences(SERIES[:START], 10)]
    list(train(model, nn.MSELoss(), optimizer, [windows] * 100))

    def forecast(context: np.ndarray, steps: int) -> np.ndarray:
        values = context  # as copied: each step reads the last ten values afresh, without a state
        for _ in range(steps):
            values = np.concatenate([values, closed_loop(model, values[:, -10:], 1)], axis=1)
        return values[:, -steps:]

    return forecast, 10


def series_recipe(seed: int) -> tuple[Callable, int]:
    torch.manual_seed(seed)
    model = Forecaster()
    fit(model, SERIES[:START], seed=seed)
    return lambda context, steps: closed_loop(model, context, steps), 100


def measure_recipe(recipe: Callable, seed: int) -> tuple[float, float, float]:
    """Processor seconds, one-step MSE on the test part, closed-loop MSE over its 200 steps."""
    start = time.process_time()
    forecast, window = recipe(seed)
    seconds = time.process_time() - start
    context, truth = create_sequences(SERIES[START - window :], window)
    one_step = np.mean((forecast(context, 1) - truth) ** 2)
    loop = np.mean((forecast(context[:1], len(truth))[0] - truth[:, 0]) ** 2)
    return seconds, float(one_step), float(loop)


def measure_recipes(seeds: int) -> None:
    torch.set_num_threads(1)
    recipes = {"copied recipe": copied_recipe, "the series' own": series_recipe}
    measure_recipe(series_recipe, 0)  # warm up, so that neither pays for the first use of torch
    figures = np.array(
        [[measure_recipe(recipe, seed) for recipe in recipes.values()] for seed in range(seeds)]
    )
    columns = ("CPU s", "one-step MSE", "closed-loop MSE")
    print(f"{seeds} seeds, median (lowest to highest)")
    for k, name in enumerate(recipes):
        for j, column in enumerate(columns):
            print(f"{name:16} {column:16} {spread(figures[:, k, j], '8.2g')}")
    for j, column in enumerate(columns):
        copied, own = figures[:, 0, j], figures[:, 1, j]
        medians, worst = np.median(own) / np.median(copied), own.max() / copied.max()
        print(f"own / copied     {column:16} medians {medians:6.3f}   worst seeds {worst:6.3f}")


# ==== The hand-written LSTM


HAND_WRITTEN = ("parameters_of", "weights", "gates", "lstm_cell", "HandLSTM")


def hand_written() -> type[nn.Module]:
    """The class HandLSTM, out of lesson 02's own cells."""
    space: dict = {"torch": torch, "nn": nn}
    for cell in build.code_cells(build.read(build.NOTEBOOKS / "02_inside.ipynb")):
        for node in ast.parse(cell.source).body:
            if getattr(node, "name", "") in HAND_WRITTEN:
                exec(ast.unparse(node), space)
        if "HandLSTM" in space:  # later cells break the gates on purpose
            return space["HandLSTM"]
    raise LookupError("lesson 02 defines no HandLSTM")


def seconds_per_step(model: Forecaster, steps: int = 30, window: int = 50, size: int = 8) -> float:
    dtype = next(model.parameters()).dtype
    windows = [torch.tensor(part, dtype=dtype) for part in create_sequences(SERIES, window)]
    batch = [part[:size] for part in windows]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    start = time.process_time()
    list(train(model, nn.MSELoss(), optimizer, [batch] * steps))
    return (time.process_time() - start) / steps


@contextlib.contextmanager
def float64() -> Iterator[None]:
    """As in lesson 02, whose own cells make tensors of the default type."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def measure_hand_written(repeats: int) -> None:
    with float64():
        library, by_hand = Forecaster(hidden_size=16), Forecaster(hidden_size=16)
        by_hand.rnn = hand_written()(1, 16)
        seconds_per_step(library)  # warm up
        pairs = [(seconds_per_step(by_hand), seconds_per_step(library)) for _ in range(repeats)]
    ratios = [hand / lib for hand, lib in pairs]
    print(f"a training step by hand / nn.LSTM, float64: {spread(ratios)}")


GROWS = {"units": (16, 32, 64, 128), "window": (25, 50, 100, 200), "batch": (8, 16, 32, 64, 128)}


def measure_growth(repeats: int) -> None:
    """Slopes on log axes: 1 where twice as much costs twice as much."""
    for what, sizes in GROWS.items():
        slopes, times = [], []
        for _ in range(repeats):
            row = []
            for size in sizes:
                given = {"units": 32, "window": 50, "batch": 16, what: size}
                model = Forecaster(hidden_size=given["units"])
                row.append(seconds_per_step(model, 20, given["window"], given["batch"]))
            slopes.append(np.polyfit(np.log(sizes), np.log(row), 1)[0])
            times.append(row)
        milliseconds = " ".join(f"{1000 * t:.1f}" for t in np.median(times, axis=0))
        print(
            f"cost of a step ~ {what}^k, {sizes[0]} to {sizes[-1]}: k = {spread(slopes)}"
            f"   ({milliseconds} ms)"
        )
    print()


# ==== This tree and another


def measure_tree(commit: str, repeats: int) -> None:
    root = TESTS.parent
    archive = subprocess.run(["git", "archive", commit], cwd=root, capture_output=True, check=True)
    figures: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder)
        for _ in range(repeats):
            pair = []
            for tree in (root, folder):
                command = [sys.executable, str(CORE), str(tree)]
                run = subprocess.run(command, capture_output=True, check=True, text=True)
                pair.append(json.loads(run.stdout))
            for name in pair[0]:
                figures.setdefault(name, []).append((pair[0][name], pair[1][name]))
    print(f"processor seconds here / at {commit}")
    for name, pairs in figures.items():
        here, there = np.array(pairs).T
        print(f"{name:26} {spread(here / there)}   ({np.median(here):.2f} s here)")
    print()


# ==== The web pages


def measure_site(repeats: int) -> None:
    ratios, took = [], []
    for _ in range(repeats):
        importing, _ = cold_run(only_imports(), build.NOTEBOOKS)
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            command = [sys.executable, str(WEB), "--no-films", "--to", folder]
            subprocess.run(command, capture_output=True, check=True)
            took.append(time.perf_counter() - start)
        ratios.append(took[-1] / importing)
    print(f"site without films: {spread(took)} s, against only imports {spread(ratios)}\n")


# ==== The playground

IN_KERNEL = """import asyncio, json, time
import torch
from playground import Playground, Run
from playground.run import INSIDE
async def ended():
    while p.training or p.mailbox:
        await asyncio.sleep(0.002)
async def inside():
    p.set(seed=(p.session.run.settings["seed"] + 1) % 10)
    p.playing, start = True, time.perf_counter()
    p.mailbox.append(("Play", None))
    await ended()
    return p.session.run.step_count / (time.perf_counter() - start)
def bare():
    run = Run(p.session.run.started_with)
    start = time.perf_counter()
    run.run()
    return run.step_count / (time.perf_counter() - start)
p = Playground(config="hidden=16 steps=2000")
await ended()
speeds = [(await inside(), bare()) for _ in range(REPEATS)]
screen, times, slow_times, sizes = p.projector.screen, [], [], []
for number in range(50):
    start = time.perf_counter()
    if number % 2:
        screen.show_slow(p.session.run, p.session.records, "forget gate", 1)
    screen.show_fast(p.session.run, "800 steps/s")
    picture = screen.picture()
    (times, slow_times)[number % 2].append(1000 * (time.perf_counter() - start))
    sizes.append(len(picture) / 1000)
for hidden in (16, 64):  # the more units, the larger
    run = Run({"signal": "two sines", "noise": 0.5, "hidden": hidden}).run(50)
    for what in INSIDE:
        screen.show_slow(run, p.session.records, what, 1)
        screen.show_fast(run, "800 steps/s")
        sizes.append(len(screen.picture()) / 1000)
print(json.dumps([speeds, times, slow_times, sizes]))"""
SHARE = """start, used = time.perf_counter(), time.process_time()
await asyncio.sleep(5)
print((time.process_time() - used) / (time.perf_counter() - start))"""


def measure_playground(repeats: int) -> None:
    with contextlib.closing(kernel.Kernel()) as one:
        text = one.run(kernel.PATH + IN_KERNEL.replace("REPEATS", str(repeats)))
        speeds, times, slow_times, sizes = json.loads(text)
        one.run('p.view["speed"] = "5 steps/s"; p.mailbox.append(("Play", None))')
        slowly = float(one.run(SHARE))
        one.run('p.mailbox.append(("Pause", None))')
        paused = float(one.run(SHARE))
    ratios = [inside / bare for inside, bare in speeds]
    print(f"playground: training speed / bare loop {spread(ratios)}")
    print(
        f"playground: a picture takes {spread(times)} ms; with a new forecast and heat map, "
        f"every {SLOW_EVERY} s, {spread(slow_times)} ms"
    )
    print(f"playground: a picture has {min(sizes):.0f} to {max(sizes):.0f} KB")
    print(f"playground: share of a core at 5 steps/s {slowly:.1%}, paused {paused:.2%}\n")


# Pictures come on their own as well while it trains. Here they are made rare, so that the first
# one after a key press is the control's.
PLAYGROUND = """import sys; sys.path[:0] = [".", "notebooks"]
import playground.app
playground.app.PICTURES = 0.1
p = playground.Playground(config="steps=2000 signal=two-sines")
p"""


def measure_playground_in_browser(browser, lab, presses: int) -> None:
    with browsing.opened(browser, browsing.notebook_of(lab, PLAYGROUND)) as (page, _):
        browsing.run_all(page)
        page.wait_for_selector("img.widget-image")
        page.wait_for_timeout(2000)
        for handle in page.locator(".widget-slider .noUi-handle").all():
            name = handle.evaluate("e => e.closest('.widget-slider').innerText").splitlines()[0]
            # At rest nothing contends for the kernel
            page.get_by_role("button", name="Play", exact=True).click()
            print_times(f"playground, training: {name}", time_slider(page, handle, presses))
        times = []
        for _ in range(presses):
            page.get_by_role("button", name="Reset").click()
            page.get_by_role("button", name="Play", exact=True).click()
            page.wait_for_timeout(400)
            page.locator("img.widget-image").element_handle().evaluate(LISTEN)
            page.evaluate(
                "window.addEventListener('mousedown', () => "
                "{ window.pressed = performance.now(); }, {capture: true, once: true})"
            )
            page.get_by_role("button", name="Pause").click()
            times.append(page.evaluate("window.shown.then(end => end - window.pressed)"))
        print_times("playground: Pause to the picture at rest", times)
    source = PLAYGROUND.replace("playground.app.PICTURES = 0.1\n", "").replace("steps=2000 ", "")
    with browsing.opened(browser, browsing.notebook_of(lab, source)) as (page, _):
        browsing.run_all(page)
        page.wait_for_timeout(2000)
        handle = page.locator(".widget-slider .noUi-handle").nth(3)
        times = []
        for press in range(presses):
            page.evaluate(RECORDED)
            handle.focus()
            page.keyboard.press(("ArrowLeft", "ArrowRight")[press % 2])
            took = page.evaluate("window.done.then(end => end - window.pressed)")
            times += [took] if press % 2 else []  # back to 16 units
        print_times("playground: 300 steps at hidden 16, drawn live", times)


# Until the list of earlier runs changes, which it does at the end of a run.
RECORDED = """() => {
    const list = document.querySelector(".widget-select select");
    document.addEventListener("keydown", () => { window.pressed = performance.now(); },
        {capture: true, once: true});
    window.done = new Promise(done => {
        const watch = new MutationObserver(() => { watch.disconnect(); done(performance.now()); });
        watch.observe(list, {childList: true});
    });
}"""


def print_times(name: str, times: list[float]) -> None:
    if not times:
        print(f"{name:52} not in use")
        return
    middle, late = np.percentile(times, [50, 95])
    print(f"{name:52} {middle:6.0f} ms {late:6.0f} ms", flush=True)


# ==== Sliders

LISTEN = """picture => {
    window.shown = new Promise(done => {
        picture.addEventListener("load", () => done(performance.now()), {once: true});
        setTimeout(() => done(NaN), 3000);
    });
    const start = () => { window.pressed = performance.now(); };
    document.addEventListener("keydown", start, {capture: true, once: true});
}"""


def time_slider(page, handle, presses: int) -> list[float]:
    """Milliseconds from key press to new picture, arrow keys right and left by turns."""
    times = []
    picture = handle.evaluate_handle(browsing.PICTURE)
    handle.focus()
    keys = ("ArrowLeft", "ArrowRight")
    if handle.evaluate("e => e.ariaValueNow === e.ariaValueMin"):
        keys = keys[::-1]
    for press in range(presses):
        picture.evaluate(LISTEN)
        page.keyboard.press(keys[press % 2])
        times.append(page.evaluate("window.shown.then(end => end - window.pressed)"))
        page.wait_for_timeout(50)
    return [t for t in times if np.isfinite(t)]  # at the end of a range nothing changes


def measure_sliders(presses: int) -> None:
    print(f"{'slider: key press to new picture':52} {'median':>9} {'95 %':>9}")
    with (
        browsing.chromium() as browser,
        tempfile.TemporaryDirectory() as folder,
        browsing.jupyterlab(Path(folder)) as lab,
    ):
        measure_playground_in_browser(browser, lab, presses)
        for path in lessons():
            if path.stem.startswith("08"):
                continue
            where = lab.address(path.relative_to(browsing.ROOT))
            with browsing.opened(browser, where) as (page, _):
                browsing.run_all(page)
                page.wait_for_timeout(1000)
                for handle in page.locator(".widget-slider .noUi-handle").all():
                    name = handle.evaluate("e => e.closest('.widget-slider').innerText")
                    name = f"{path.stem}: {name.splitlines()[0]}"
                    print_times(name, time_slider(page, handle, presses))


def measure_steps(options: argparse.Namespace) -> None:
    measure_hand_written(options.repeats)
    measure_growth(options.repeats)


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "recipes": lambda options: measure_recipes(options.seeds),
    "steps": measure_steps,
    "playground": lambda options: measure_playground(options.repeats),
    "site": lambda options: measure_site(options.repeats),
    "tree": lambda options: measure_tree(options.against, options.repeats),
    "notebooks": lambda options: measure_notebooks(options.repeats),
    "sliders": lambda options: measure_sliders(options.presses),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3, help="cold runs of each notebook")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each recipe")
    parser.add_argument("--presses", type=int, default=20, help="key presses on each slider")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=" ".join(PARTS))
    parser.add_argument("--against", metavar="COMMIT", help="for tree: what to compare with")
    options = parser.parse_args()
    parts = options.only or [part for part in PARTS if part != "tree" or options.against]
    if "tree" in parts and not options.against:
        parser.error("--only tree needs --against COMMIT")
    for part in parts:
        PARTS[part](options)
