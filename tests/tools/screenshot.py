"""Take README's picture: the playground of lesson 05, in a real JupyterLab in Chromium.

    python tests/screenshot.py

Writes notebooks/playground.png. To be run again after a change of what the playground looks like.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import build
import test_browser

SOURCE = """import sys; sys.path.insert(0, "notebooks")
from playground import Playground
Playground()"""
RUNS = ("hidden=2", "cell=RNN", "signal=two-sines steps=1000 layers=2")  # the last one stays


def main() -> None:
    with (
        test_browser.chromium() as browser,
        tempfile.TemporaryDirectory() as folder,
        test_browser.jupyterlab(Path(folder)) as lab,
    ):
        address = test_browser.broken(lab, SOURCE)
        with test_browser.opened(browser, address) as (page, _):
            page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
            page.set_viewport_size({"width": 1280, "height": 900})
            test_browser.run_all(page)
            share = page.locator("input[type=text]").last
            for line in RUNS:
                page.wait_for_timeout(6000)  # the run before has ended
                share.fill(line)
                share.press("Enter")
            page.locator("select").filter(has_text="forget gate").select_option("cell state")
            page.wait_for_timeout(10000)
            page.mouse.move(0, 0)
            output = page.locator(".jp-OutputArea-output").first
            output.screenshot(path=build.NOTEBOOKS / "playground.png")


if __name__ == "__main__":
    main()
