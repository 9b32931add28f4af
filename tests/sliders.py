"""Move every control of a notebook's explorers to its ends, and see that the picture follows.

    python tests/sliders.py notebooks/01_data.ipynb

Prints one line a problem and exits with 1 if there is any. A process of its own, because the
notebook's code may change the state of torch and matplotlib.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import sys
from pathlib import Path

import ipywidgets as widgets
import matplotlib.pyplot as plt
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from build import code_cells, read

ROOT = Path(__file__).resolve().parents[1]


def explorer_calls(path: Path) -> int:
    """How many explorers the notebook's code makes."""
    trees = [ast.parse(cell.source) for cell in code_cells(read(path))]
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sum(isinstance(func, ast.Name) and func.id == "Explorer" for func in calls)


def run_cells(path: Path) -> None:
    """Execute the code cells in this process, in the notebook's folder, as IPython would."""
    os.chdir(path.resolve().parent)
    plt.switch_backend("Agg")
    shell = InteractiveShell.instance()
    for cell in code_cells(read(path.resolve())):
        with contextlib.redirect_stdout(io.StringIO()):
            shell.run_cell(cell.source, silent=True).raise_error()
        plt.close("all")


def positions(control: widgets.ValueWidget) -> tuple[str, list]:
    """The trait that moves a control, and where to: both ends of its range, or every option."""
    if hasattr(control, "options"):
        return "index", list(range(len(control.options)))
    if isinstance(control.value, bool):
        return "value", [False, True]
    if isinstance(control, widgets.FloatLogSlider):
        return "value", [control.base**control.min, control.base**control.max]
    return "value", [control.min, control.max]


def move(explorer, settings: dict[str, object]) -> bytes:
    """Set controls, given as {name: position}, as a reader would; the picture that follows."""
    for name, position in settings.items():
        control = explorer.controls[name]
        setattr(control, positions(control)[0], position)
    explorer.drain()
    picture = explorer._image.value
    Image.open(io.BytesIO(picture), formats=["PNG"]).verify()
    return picture


def check_explorer(explorer) -> list[str]:
    """What is wrong with an explorer: a position that raises, or a control that moves nothing."""
    problems = []
    places = {name: positions(control) for name, control in explorer.controls.items()}
    default = {name: getattr(explorer.controls[name], trait) for name, (trait, _) in places.items()}
    picture = move(explorer, default)

    def differs(settings: dict[str, object]) -> bool:
        try:
            return move(explorer, settings) != picture
        except Exception as error:
            problems.append(f"{settings} raises {error!r}")
            return True

    for name, (_, choices) in places.items():
        # A list, so that no position is left out once the picture has changed.
        if not any([differs({name: choice}) for choice in choices]):
            problems.append(f"{name} does not change the picture")
        if differs({name: default[name]}):
            problems.append(f"{name}, moved back, does not give the first picture again")
    for end in (0, -1):
        differs({name: choices[end] for name, (_, choices) in places.items()})
    return problems


def check_notebook(path: Path) -> list[str]:
    """The problems of all explorers that the notebook leaves alive; there must be one a call."""
    run_cells(path)
    explorers = sys.modules["helpers"].Explorer._open
    problems = []
    if len(explorers) < explorer_calls(path):
        problems.append(f"explorers with the draw function's name in common: {list(explorers)}")
    for name, explorer in explorers.items():
        problems += [f"{name}: {problem}" for problem in check_explorer(explorer)]
    return problems


if __name__ == "__main__":
    found = check_notebook(Path(sys.argv[1]).resolve())
    print("\n".join(found))
    sys.exit(bool(found))
