"""Before class: are this Python, this machine and this browser fit for the lessons?

    python notebooks/preflight.py

says what it finds, with a verdict. In a notebook `preflight()` tries the browser as well: the
kernel sends pictures one after the other, and the page answers each when it is there to be seen.
"""

from __future__ import annotations

import html
import io
import re
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements.txt"
NEEDED = 1.0  # GB free: half for a running lesson, the rest for the server and the browser
# Measured on a machine with two cores: a step of the recipe, in ms, the fastest of 25 runs of 20
# steps; and all cells of lesson 05 while nothing else ran, in seconds.
STEP, LESSON_05 = 4.3, 67
SLOW = 4  # times as slow as that: then a lesson does not fit into its session
PICTURES = 20  # that the browser is sent
LATE = 250  # ms that a picture may take, there and back; from 100 on one notices
SILENT = "No answer from the browser yet. If this line stays, pictures do not move here."
STAND_IN = (
    "Run this cell: what it finds appears here. If this line stays, no widgets are shown here: "
    "use python notebooks/preflight.py, and JupyterLab for the lessons."
)


@dataclass(frozen=True)
class Finding:
    """What was found; and, if something is wrong, what to do about it."""

    what: str
    found: str
    remedy: str = ""


# ==== Without a browser


def check_versions(requirements: Path = REQUIREMENTS) -> list[Finding]:
    """Python, and the packages that `requirements` lists, against the ranges there.

    Raises ValueError for a line that is no requirement.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    old = sys.version_info < (3, 10)
    findings = [Finding("Python", python, "install Python 3.10 or newer" if old else "")]
    install = "pip install -r requirements.txt, with the pip of this Python"
    for line in requirements.read_text(encoding="utf-8").splitlines():
        parts = re.fullmatch(r"([\w-]+)([<>=!~].*)", line.strip())
        if not parts:
            raise ValueError(f"requirements has {line!r}; allowed: a name and a range, as a>=1,<2")
        name, allowed = parts.groups()
        try:
            here = version(name)
        except PackageNotFoundError:
            findings.append(Finding(name, "not installed", install))
            continue
        fits = here in _range(allowed)
        findings.append(Finding(name, here, "" if fits else f"{allowed} is tested; {install}"))
    return findings


def _range(allowed: str):
    from packaging.specifiers import SpecifierSet  # which matplotlib brings

    return SpecifierSet(allowed, prereleases=True)


def check_memory(free: float | None = None) -> Finding:
    """Memory that is free, in GB (2**30 bytes): by default that of this machine."""
    free = free_memory() if free is None else free
    remedy = "shut down other kernels, close other programs" if free < NEEDED else ""
    return Finding("memory", f"{free:.1f} GB free; a running lesson takes half a GB", remedy)


def free_memory() -> float:
    """GB that this process may still have: of the machine, and of the container's limit."""
    import psutil  # which ipykernel brings

    amounts = [psutil.virtual_memory().available]
    folder = Path("/sys/fs/cgroup")
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            most, now = (int((folder / name).read_text()) for name in (limit, used))
        except (OSError, ValueError):  # no container, or one without a limit ("max")
            continue
        amounts.append(most - now)
    return min(amounts) / 2**30


def check_speed(step: float | None = None) -> Finding:
    """Milliseconds of a training step of the recipe: by default as measured now, in two seconds."""
    step = time_step() if step is None else step
    times = step / STEP
    minutes = max(1, round(times * LESSON_05 / 60))
    remedy = "run the cells before class, and close what else computes" if times > SLOW else ""
    found = f"{step:.1f} ms, where the lessons assume {STEP:g}: all cells of lesson 05 take about "
    found += f"{minutes} min, those of the longest lesson twice that"
    return Finding("a training step", found, remedy)


def time_step(steps: int = 60, repeats: int = 5) -> float:
    """Milliseconds that a step of the recipe takes, the median of some runs of `steps`."""
    import numpy as np
    import torch

    sys.path[:0] = [str(REQUIREMENTS.parent)]
    from helpers import Forecaster, fit, make_wave

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the lessons
    series, model, times = make_wave(1000, 50), Forecaster(), []
    try:
        fit(model, series, steps=10)  # the first use costs more
        for _ in range(repeats):
            start = time.perf_counter()
            fit(model, series, steps=steps)
            times.append(1000 * (time.perf_counter() - start) / steps)
    finally:
        torch.set_num_threads(threads)
    return float(np.median(times))


def check_all() -> list[Finding]:
    """All but the browser. Memory and speed are left out where a package is missing."""
    findings = check_versions()
    if not any(finding.found == "not installed" for finding in findings):
        findings += [check_memory(), check_speed()]
    return findings


def verdict(findings: list[Finding], waiting: bool = False) -> str:
    """One line: whether class can begin."""
    faults = [finding.what for finding in findings if finding.remedy]
    if faults:
        return f"Verdict: not yet. Look at: {', '.join(faults)}."
    return "Verdict: wait for the browser." if waiting else "Verdict: ready."


def lines(findings: list[Finding]) -> list[str]:
    """What a reader gets to see, a line for each finding."""
    remedies = [f". To do: {finding.remedy}" if finding.remedy else "" for finding in findings]
    return [f"{f.what}: {f.found}{remedy}" for f, remedy in zip(findings, remedies, strict=True)]


# ==== With a browser

# The page writes the width of each picture that it shows into a hidden field, as a reader types.
# Its element's animation starts it, as in accessible.py.
SCRIPT = """
const box = this.closest('.lstm-preflight');
const field = box.querySelector('.lstm-answer input');
const image = box.querySelector('img');
const answer = () => {
  field.value = String(image.naturalWidth);
  ['input', 'change'].forEach(e => field.dispatchEvent(new Event(e, {bubbles: true})));
};
image.addEventListener('load', answer);
image.complete && answer();
"""
STYLE = """<style>.lstm-answer { position: absolute; width: 1px; height: 1px; margin: 0;
clip-path: inset(50%); overflow: hidden } .lstm-go { animation: lstm-go 1ms }
@keyframes lstm-go { to { opacity: 0 } }</style>"""


def picture(number: int) -> bytes:
    """A bar that has come so far, as PNG; 100 KB, as the playground's. Its width tells `number`."""
    from PIL import Image

    width = 360 + number
    image = Image.new("RGB", (width, 92), "white")
    image.paste("#0072B2", (0, 30, round(width * number / PICTURES), 62))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


def check_browser(times: list[float]) -> Finding:
    """What the browser's answers say: `times` in ms, from sending a picture to its answer."""
    middle = sorted(times)[len(times) // 2]
    found = f"{len(times)} pictures came, each within {middle:.0f} ms there and back (median)"
    remedy = "the way from kernel to browser is slow: a nearer hub, or a cable" * (middle > LATE)
    return Finding("browser", found, remedy)


def preflight() -> None:
    """Show what was found, and go on to the browser; the last line is the verdict."""
    import ipywidgets as widgets
    from IPython.display import display

    findings, times, sent = check_all(), [], {}
    text = widgets.HTML()
    image = widgets.Image(value=picture(0), format="png", layout={"width": "360px"})
    field = widgets.Text().add_class("lstm-answer")
    start = f"<i class='lstm-go' onanimationstart='{html.escape(SCRIPT)}'></i>"
    box = widgets.VBox([text, image, field, widgets.HTML(STYLE + start)])
    box.add_class("lstm-preflight")

    def show(found: list[Finding], last: str) -> None:
        rows = [*lines(found), last]
        text.value = "<br>".join(map(html.escape, rows))

    def answered(change: dict) -> None:  # may come on a thread of its own, so it draws no figure
        number = int(change["new"] or 0) - 360
        if number in sent:
            times.append(1000 * (time.perf_counter() - sent.pop(number)))
        if number == PICTURES:
            every = [*findings, check_browser(times)]
            show(every, verdict(every))
        elif number == len(times):
            sent[number + 1] = time.perf_counter()
            image.value = picture(number + 1)

    field.observe(answered, names="value")
    show([*findings, Finding("browser", SILENT)], verdict(findings, waiting=True))
    view = {"model_id": box.model_id, "version_major": 2, "version_minor": 0}
    shown = {"application/vnd.jupyter.widget-view+json": view, "text/plain": STAND_IN}
    display(shown, raw=True)


if __name__ == "__main__":
    found = check_all()
    print(*lines(found), verdict(found), sep="\n")
    print("The browser was not tried: open notebooks/preflight.ipynb for that.")
    sys.exit(any(finding.remedy for finding in found))
