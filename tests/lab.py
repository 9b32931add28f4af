"""A real JupyterLab in Chromium, for tests, benchmark and screenshot: cells run, sliders moved.

Tests are skipped where Playwright or Chromium is missing; but in CI (the variable CI is set) they
fail.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from build import KERNEL_ENVIRONMENT, NOTEBOOKS

ROOT = NOTEBOOKS.parent
RUN_TIMEOUT = 600_000  # ms, for all cells of a notebook
SLIDER_TIMEOUT = 10_000  # ms, generous: that it answers counts here, not how fast

# Chromium refuses a sandbox to root, which is what CI and containers run as.
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
# Windowing would keep cells that are out of sight out of the page.
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}

# A step on a slider, the way back, and the way to its end for those that need more than a step.
STEPS_UP = ("ArrowRight", "ArrowLeft", "End")
STEPS_DOWN = ("ArrowLeft", "ArrowRight", "Home")

NOTEBOOK = "window.jupyterapp.shell.currentWidget"
RUN_ALL = """() => {
    window.ranAll = undefined;
    window.jupyterapp.commands.execute("notebook:run-all-cells").then(ok => window.ranAll = ok);
}"""
# Ready: the notebook has its kernel, or has asked the reader for one.
READY = f"""() => document.querySelector(".jp-Dialog")
    || {NOTEBOOK}?.sessionContext?.session?.kernel"""
OPEN_INSTEAD = f"""async path => {{
    const before = {NOTEBOOK};
    const widget = await window.jupyterapp.commands.execute("docmanager:open", {{ path }});
    await before.sessionContext.shutdown();
    before.dispose();
    await Promise.all([widget.context.ready, widget.revealed]);
}}"""
# The picture beside a slider: the first one met on the way up from its handle.
PICTURE = """handle => {
    let box = handle;
    while (box && !box.querySelector("img")) box = box.parentElement;
    return box && box.querySelector("img");
}"""


def missing(what: str) -> None:
    reason = f"{what} is not installed, so nothing is tried in a browser"
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab over a copy of the project."""

    project: Path
    port: int
    token: str
    where: str = "lab/tree"  # that it opens notebooks under

    def address(self, path: Path) -> str:
        where = f"http://127.0.0.1:{self.port}/{self.where}/{path.as_posix()}"
        return f"{where}?token={self.token}&reset"


def project_in(folder: Path) -> tuple[Path, dict[str, str]]:
    """A copy of the project in `folder`, and an environment with no settings but ours."""
    project = folder / "project"
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    for name, values in SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    env = {**os.environ, **{name: str(folder / place) for name, place in places.items()}}
    # One thread: torch's and the browser would fight for the cores.
    return project, env | KERNEL_ENVIRONMENT


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(arguments: list[str], env: dict[str, str], address: str, log: Path) -> Iterator[None]:
    """A server, which ``python -m`` starts with these arguments, once it answers at `address`."""
    command = [sys.executable, "-m", *arguments]
    with open(log, "w", encoding="utf-8") as file:
        server = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    try:
        wait_for_server(address, server, log)
        yield
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:  # Notebook 7 asks on its terminal, sometimes
            server.kill()


@contextmanager
def jupyterlab(
    folder: Path, module: str = "jupyterlab", app: str = "LabApp", where: str = "lab/tree"
) -> Iterator[Lab]:
    """A JupyterLab over a copy of the project in `folder`; or another of its kind."""
    project, env = project_in(folder)
    port, token = free_port(), secrets.token_hex(8)
    arguments = [module, "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    arguments += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={project}"]
    arguments += [f"--{app}.expose_app_in_browser=True"]
    api = f"http://127.0.0.1:{port}/api?token={token}"
    with served(arguments, env, api, folder / "lab.log"):
        yield Lab(project, port, token, where)


def wait_for_server(address: str, lab: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.25)
        if lab.poll() is not None:
            break
    raise RuntimeError(f"The server did not start:\n{log.read_text('utf-8', errors='replace')}")


@contextmanager
def chromium() -> Iterator:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        missing("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser, address: str) -> Iterator[tuple]:
    """A page on a notebook, and the list of errors that the browser goes on to report."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    try:
        page.goto(address)
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        yield page, errors
        page.evaluate(f"{NOTEBOOK}.sessionContext.shutdown()")
    finally:
        page.close()


def open_instead(page, path: Path) -> None:
    """Open another notebook of the project on this page, and close the one that is there."""
    page.evaluate(OPEN_INSTEAD, path.as_posix())
    page.wait_for_function(READY, timeout=120_000)
    assert page.evaluate(f"{NOTEBOOK}.context.path") == path.as_posix()


def run_all(page) -> list[str]:
    """Run all cells; what went wrong."""
    page.wait_for_function(READY, timeout=120_000)
    if page.locator(".jp-Dialog").count():
        return [f"a dialog: {page.locator('.jp-Dialog').first.inner_text()}"]
    page.evaluate(RUN_ALL)
    page.wait_for_function("window.ranAll !== undefined", timeout=RUN_TIMEOUT)
    problems = [] if page.evaluate("window.ranAll") else ["a cell has stopped the run"]
    # An error's traceback has the one or the other type, depending on the version.
    types = [f"[data-mime-type='application/vnd.jupyter.{kind}']" for kind in ("stderr", "error")]
    return problems + page.locator(", ".join(types)).all_inner_texts()


def move_sliders(page, timeout: int = SLIDER_TIMEOUT) -> list[str]:
    """Move each slider until the picture beside it changes; those that change none."""
    problems = []
    for handle in page.locator(".widget-slider .noUi-handle").all():
        name = handle.evaluate("e => e.closest('.widget-slider').innerText")
        picture = handle.evaluate_handle(PICTURE)
        page.wait_for_function("picture => picture?.naturalWidth", arg=picture, timeout=timeout)
        at_end = handle.evaluate("e => e.ariaValueNow === e.ariaValueMax")
        step, back, leap = STEPS_DOWN if at_end else STEPS_UP
        if press(page, handle, step, picture, timeout // 4):
            # As it was, for the next slider: with one gate shut, another may change nothing.
            press(page, handle, back, picture, timeout)
        elif not press(page, handle, leap, picture, timeout):
            problems.append(f"slider {name!r} does not change its picture")
    return problems


def press(page, handle, key: str, picture, timeout: int) -> bool:
    """Press a key on a slider; whether another picture comes within `timeout` ms."""
    from playwright.sync_api import TimeoutError as Unchanged

    before = picture.get_property("src").json_value()
    handle.focus()
    page.keyboard.press(key)
    changed = "([picture, before]) => picture.src !== before"
    try:
        page.wait_for_function(changed, arg=[picture, before], timeout=timeout)
    except Unchanged:
        return False
    return True


def notebook_of(lab: Lab, source: str, kernel: str = "python3") -> str:
    """The address of a new notebook with one cell."""
    cells = [nbformat.v4.new_code_cell(source)]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel}} if kernel else {}
    path = lab.project / f"{secrets.token_hex(4)}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return lab.address(path.relative_to(lab.project))


# Every output, and every picture in it, that reaches beyond the cell it belongs to; and pictures
# of widgets too small to be read.
TOO_WIDE = """() => [...document.querySelectorAll(".jp-OutputArea-output")].flatMap(output => {
    const room = output.getBoundingClientRect();
    return [output, ...output.querySelectorAll("img, .widget-box, button")].filter(e => {
        const box = e.getBoundingClientRect();
        const hidden = box.width > 0 && (box.right > room.right + 1 || box.left < room.left - 1);
        const cut = e === output && e.scrollWidth > e.clientWidth + 1;
        const small = e.matches("img.widget-image") && box.width < Math.min(330, room.width - 40);
        return hidden || cut || small;
    }).map(e => `${e.tagName} ${e.className.slice(0, 60)}: ${JSON.stringify(
        e.getBoundingClientRect())} in ${JSON.stringify(room)}, scrolls ${e.scrollWidth}`);
})"""
WIDTHS = (1920, 1366, 1024)


def too_wide(page, widths: tuple[int, ...] = WIDTHS) -> list[str]:
    """Outputs that do not fit their cell, at some widths, with the side bar open and closed."""
    problems, height = [], page.viewport_size["height"]
    for _ in ("as it is", "the other way"):
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
        for width in widths:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(300)
            problems += [f"at {width} px: {problem}" for problem in page.evaluate(TOO_WIDE)]
    return problems
