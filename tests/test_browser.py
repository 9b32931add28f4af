"""The notebooks as a reader has them: in a real JupyterLab, all cells run, sliders moved.

The first lessons and the preflight are run here. The others are opened as they are stored: nbval
runs them, and sweeps their sliders. ``EVERY_LESSON=1 pytest -m browser`` runs all of them here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from build import NOTEBOOKS, code_cells, read
from lab import (
    ROOT,
    SLIDER_TIMEOUT,
    Lab,
    chromium,
    jupyterlab,
    move_sliders,
    notebook_of,
    open_instead,
    opened,
    run_all,
    too_wide,
)
from sweep import explorer_calls
from texts import MARKUP

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
FIRST = ("00", "01", "02_", "03", "preflight")
RUN = [path for path in LESSONS if path.name.startswith(FIRST) or "EVERY_LESSON" in os.environ]


# For this module only: while Playwright lives, an event loop runs in this thread, and nbval and
# the explorers would run into it.
@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory) -> Iterator[Lab]:
    with jupyterlab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.name)
def test_in_jupyterlab(path: Path, browser, lab: Lab) -> None:
    sources = [cell.source for cell in code_cells(read(path))]
    with opened(browser, lab.address(path.relative_to(ROOT))) as (page, errors):
        assert run_all(page) == []
        count = explorer_calls(sources)
        shown = f"document.querySelectorAll('img.widget-image').length >= {count}"
        page.wait_for_function(shown, timeout=SLIDER_TIMEOUT)
        assert move_sliders(page) == []
        assert too_wide(page) == []
        assert errors == []


def test_as_stored_in_jupyterlab(browser, lab: Lab) -> None:
    first, *others = (path.relative_to(ROOT) for path in LESSONS if path not in RUN)
    with opened(browser, lab.address(first)) as (page, errors):
        assert too_wide(page) == []
        for path in others:
            open_instead(page, path)
            assert page.locator(".jp-Notebook .jp-OutputArea-output").count() > 5
            assert (path, too_wide(page)) == (path, [])
        assert errors == []


PLAYGROUND = """import sys; sys.path[:0] = [".", "notebooks"]
from playground import Playground
Playground(config="steps=100 hidden=4")"""


def test_playground_at_any_width_and_with_markup_pasted(browser, lab: Lab) -> None:
    """683 px are what a laptop of 1366 has at 200 %."""
    with opened(browser, notebook_of(lab, PLAYGROUND)) as (page, errors):
        assert run_all(page) == []
        page.wait_for_selector("img.widget-image")
        assert too_wide(page, (1920, 1366, 1024, 820, 683)) == []
        for name in ("Play", "Pause", "Step", "Reset", "Undo", "Hint"):
            assert page.get_by_role("button", name=name, exact=True).bounding_box()["width"] > 50
        share = page.locator(".lstm-playground input[type=text]").last
        share.fill(MARKUP)
        share.press("Enter")
        page.wait_for_function("document.body.innerText.includes('Nothing was changed')")
        assert MARKUP in page.inner_text(".lstm-playground")
        assert page.locator(".lstm-playground img[src=x]").count() == 0
        assert "PWNED" not in page.title()
        assert share.input_value() == MARKUP  # it stays, to be mended
        assert errors == []


def test_an_explorers_fault_is_shown_as_text(browser, lab: Lab) -> None:
    source = f"""import sys; sys.path[:0] = [".", "notebooks"]
import ipywidgets as widgets
from explorer import Explorer

def draw(figure):
    def update(x):
        if x:
            raise ValueError({MARKUP!r})
    return update

Explorer(draw, x=widgets.IntSlider(description="x"))"""
    with opened(browser, notebook_of(lab, source)) as (page, errors):
        assert run_all(page) == []
        page.locator(".widget-slider .noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.body.innerText.includes('ValueError: <img')")
        page.wait_for_timeout(300)
        assert MARKUP in page.inner_text(".jp-OutputArea")
        assert "PWNED" not in page.title()
        assert errors == []


# ==== Broken notebooks, which must not pass


def test_error_and_stderr_are_seen(browser, lab: Lab) -> None:
    source = "import sys\n\nprint('to stderr', file=sys.stderr)\n1 / 0"
    with opened(browser, notebook_of(lab, source)) as (page, _):
        stopped, stderr, error = run_all(page)
    assert stopped == "a cell has stopped the run"
    assert stderr.strip() == "to stderr"
    assert "ZeroDivisionError" in error


def test_missing_kernel_is_seen(browser, lab: Lab) -> None:
    with opened(browser, notebook_of(lab, "1", kernel="")) as (page, _):
        assert "Select Kernel" in run_all(page)[0]


def test_dead_slider_is_seen(browser, lab: Lab) -> None:
    source = """import sys

sys.path[:0] = [".", "notebooks"]
import ipywidgets as widgets
from explorer import Explorer

Explorer(lambda figure: lambda x: None, x=widgets.IntSlider(description="dead"))"""
    with opened(browser, notebook_of(lab, source)) as (page, _):
        assert run_all(page) == []
        assert len(move_sliders(page, timeout=1000)) == 1


def test_browser_error_is_seen(browser, lab: Lab) -> None:
    source = "from IPython.display import HTML\n\nHTML('<img src=\"nowhere.png\">')"
    with opened(browser, notebook_of(lab, source)) as (page, errors):
        assert run_all(page) == []
        page.wait_for_timeout(500)
        assert errors


def test_output_that_is_too_wide_is_seen(browser, lab: Lab) -> None:
    source = """import ipywidgets as widgets
widgets.HBox([widgets.Button(layout={"width": "1500px", "flex": "0 0 auto"})])"""
    with opened(browser, notebook_of(lab, source)) as (page, _):
        assert run_all(page) == []
        page.wait_for_selector("button.widget-button")
        assert too_wide(page, (1366,)) != []
