"""One student in a real browser on a running hub: from a key press on a slider to the picture.

    CLASS_PASSWORD=... .venv/bin/python tests/tools/hub/browser.py

Beside students.py: a line every fifteen seconds, with the time, until it is interrupted.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / part) for part in ("", "notebooks", "tests", "tests/tools")]

import lab  # noqa: E402
from benchmark import LISTEN  # noqa: E402

PATIENCE = 300_000  # ms


def open_lesson(page, hub: str, name: str, lesson: str) -> None:
    """Log in, and run all cells of the lesson, over the menus."""
    page.goto(f"{hub}/hub/login?next=%2Fhub%2Fspawn")
    page.fill("[name=username]", name)
    page.fill("[name=password]", os.environ["CLASS_PASSWORD"])
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"**/user/{name}/lab**")
    page.goto(f"{hub}/user/{name}/lab/tree/lstm-series/{lesson}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE)
    page.wait_for_selector(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_selector(".widget-slider .noUi-handle", timeout=PATIENCE, state="attached")


def press(page, handle, picture, key: str) -> float:
    """Milliseconds from a key to the new picture."""
    picture.evaluate(LISTEN.replace("3000", "30000"))
    handle.focus()
    page.keyboard.press(key)
    return page.evaluate("window.shown.then(end => end - window.pressed)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hub", default="http://127.0.0.1:8000")
    parser.add_argument("--name", default="browser")
    parser.add_argument("--lesson", default="notebooks/01_data.ipynb")
    options = parser.parse_args()
    with lab.chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(PATIENCE)
        open_lesson(page, options.hub, options.name, options.lesson)
        handle = page.locator(".widget-slider .noUi-handle").first
        handle.scroll_into_view_if_needed()
        picture = handle.evaluate_handle(lab.PICTURE)
        while True:
            end, times = time.monotonic() + 15, []
            while time.monotonic() < end:
                times.append(
                    press(page, handle, picture, ("ArrowLeft", "ArrowRight")[len(times) % 2])
                )
                page.wait_for_timeout(500)
            middle, late = np.nanpercentile(times, [50, 95])
            print(
                f"{datetime.datetime.now():%H:%M:%S} {len(times)} {middle:.0f} {late:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
