"""Take README's picture: the playground of lesson 08, in a real JupyterLab in Chromium.

    python tests/tools/screenshot.py

Writes notebooks/pictures/playground.png. To be run again when the playground looks different.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS.parent / "notebooks"), str(TESTS)]

import build  # noqa: E402
import lab as browsing  # noqa: E402

SOURCE = """import sys; sys.path[:0] = [".", "notebooks"]
from playground import Playground
Playground()"""
RUNS = ("hidden=2", "cell=RNN", "signal=two-sines steps=1000 layers=2")  # the last one stays


def main() -> None:
    with (
        browsing.chromium() as browser,
        tempfile.TemporaryDirectory() as folder,
        browsing.jupyterlab(Path(folder)) as lab,
    ):
        address = browsing.notebook_of(lab, SOURCE)
        with browsing.opened(browser, address) as (page, _):
            page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
            page.set_viewport_size({"width": 1280, "height": 900})
            browsing.run_all(page)
            share = page.locator("input[type=text]").last
            for line in RUNS:
                page.wait_for_timeout(6000)  # the run before has ended
                share.fill(line)
                share.press("Enter")
            page.get_by_role("combobox", name="compare with").select_option(index=2)
            page.locator("select").filter(has_text="forget gate").select_option("cell state")
            page.wait_for_timeout(10000)
            page.mouse.move(0, 0)
            output = page.locator(".jp-OutputArea-output").first
            output.screenshot(path=build.NOTEBOOKS / "pictures" / "playground.png")


if __name__ == "__main__":
    main()
