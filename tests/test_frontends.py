"""The widgets elsewhere than in JupyterLab, and by keyboard: Notebook 7, and Voila.

Each front end is tried where it is installed (``pip install notebook voila``); in CI it must be.
The names are those of Chromium's accessibility tree.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from lab import (
    chromium,
    free_port,
    jupyterlab,
    missing,
    notebook_of,
    opened,
    project_in,
    run_all,
    served,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TIMEOUT = 30_000  # ms, generous: that it answers counts here, not how fast

WIDGETS = """import sys; sys.path[:0] = [".", "notebooks"]
import ipywidgets as widgets
from explorer import Explorer
from playground import Playground

def draw(figure):
    ax = figure.subplots()
    (line,) = ax.plot([0, 1], [0, 1])
    return lambda slope: line.set_ydata([0, slope])

display(Explorer(draw, slope=widgets.IntSlider(1, 0, 9, description="slope of it")))
display(Playground(config="steps=100 hidden=4"))"""

# What a reader hears of: no name, no value in words, no text.
SILENT = """() => [...document.querySelectorAll(`
    .lstm-accessible :is([role=slider], img.widget-image, select, input, button, .lstm-status)`)]
    .filter(e => !(e.getAttribute("aria-label") || e.alt || e.labels?.[0]?.textContent
        || e.matches("button") && e.textContent || e.role === "status"))
    .map(e => e.outerHTML.slice(0, 200))"""
ENDED = "n => document.querySelectorAll('.lstm-playground select[size] option').length > n"
SRC = "([e, before]) => e.src !== before"


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@contextmanager
def in_jupyter(browser, folder: Path, **kind: str) -> Iterator:
    with (
        jupyterlab(folder, **kind) as lab,
        opened(browser, notebook_of(lab, WIDGETS)) as (page, _),
    ):
        assert run_all(page) == []
        yield page


def in_notebook_7(browser, folder: Path) -> Iterator:
    kind = {"module": "notebook", "app": "JupyterNotebookApp", "where": "notebooks"}
    return in_jupyter(browser, folder, **kind)


@contextmanager
def in_voila(browser, folder: Path) -> Iterator:
    project, env = project_in(folder)
    cells = [nbformat.v4.new_code_cell(WIDGETS)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), project / "app.ipynb")
    port = free_port()
    arguments = ["voila", str(project / "app.ipynb"), "--no-browser", f"--port={port}"]
    ready = f"http://127.0.0.1:{port}/voila/files/notebooks/pictures/playground.png"
    with served(arguments, env, ready, folder / "voila.log"):
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(f"http://127.0.0.1:{port}", timeout=2 * TIMEOUT)
        yield page
        page.close()


FRONT_ENDS = {"jupyterlab": in_jupyter, "notebook": in_notebook_7, "voila": in_voila}


@pytest.fixture(scope="module", params=FRONT_ENDS)
def page(request, browser, tmp_path_factory) -> Iterator:
    if importlib.util.find_spec(request.param) is None:
        missing(request.param)
    show: Callable = FRONT_ENDS[request.param]
    with show(browser, tmp_path_factory.mktemp(request.param)) as page:
        page.wait_for_selector(".lstm-playground img.widget-image", timeout=2 * TIMEOUT)
        page.wait_for_function(ENDED, arg=1, timeout=2 * TIMEOUT)  # the run that it begins with
        yield page


def test_a_slider_moves_the_picture(page) -> None:
    handle = page.get_by_role("slider", name="slope of it")
    picture = page.locator("img.widget-image").first
    before = picture.get_attribute("src")
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(SRC, arg=[picture.element_handle(), before], timeout=TIMEOUT)
    assert handle.get_attribute("aria-valuetext") == "2"
    assert picture.get_attribute("alt") == "Picture for slope of it 2"


def test_play_trains(page) -> None:
    records = page.locator(".lstm-playground select[size] option")
    before = records.count()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(ENDED, arg=before, timeout=TIMEOUT)


def test_share_works_and_a_fault_is_news(page) -> None:
    line = page.get_by_role("textbox", name="Settings to share")
    line.fill("hidden=2 steps=100")
    line.press("Enter")
    heard = "text => document.querySelector(`[aria-label='hidden size']`).ariaValueText === text"
    page.wait_for_function(heard, arg="2", timeout=TIMEOUT)
    line.fill("nonsense")
    line.press("Enter")
    news = page.get_by_role("status").filter(has_text="Nothing was changed")
    news.wait_for(timeout=TIMEOUT)
    assert news.evaluate("e => e.classList.contains('lstm-status')")


def test_all_have_names_and_keep_them(page) -> None:
    assert page.evaluate(SILENT) == []
    tree = page.locator(".lstm-playground").aria_snapshot()
    nameless = ("- slider\n", "- combobox:", "- listbox:", "- textbox:", "- img\n", "- button\n")
    assert [role for role in nameless if role in tree + "\n"] == []
    assert "step 100 of 100" in page.locator(".lstm-playground img").get_attribute("alt")


def test_keys_reach_all_controls_and_stay_there(page) -> None:
    """In a notebook's command mode b would add a cell, x cut one, and arrows leave the control."""
    cells = page.locator(".jp-Cell").count()
    focused = "document.activeElement.ariaLabel || document.activeElement.labels?.[0]?.textContent"
    menu = page.get_by_role("combobox", name="signal")
    menu.focus()
    for key in "bx":
        page.keyboard.press(key)
        assert page.evaluate(focused) == "signal"
    for name in ("noise", "points per period", "window length", "cell type"):
        page.keyboard.press("Tab")  # not to the readouts: typing there does nothing
        assert page.evaluate(focused) == name
        outline = page.evaluate("getComputedStyle(document.activeElement).outline")
        assert "solid 2px" in outline
        for key in "bx":
            page.keyboard.press(key)
            assert page.evaluate(focused) == name
    assert page.locator(".jp-Cell").count() == cells
    code = page.get_by_role("button", name="Code", exact=True)
    code.click()
    for what in (".lstm-playground a[download='run.py']", ".lstm-playground pre"):
        page.locator(what).focus()
        for key in "bx":
            page.keyboard.press(key)
    assert page.locator(".jp-Cell").count() == cells
    code.click()
    menu.focus()
    before = menu.input_value()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "signal"
    assert menu.input_value() != before
