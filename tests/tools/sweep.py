"""Move every control of the explorers that are alive to its ends, and see that pictures follow.

To be run in a kernel, after a notebook's cells: ``print(json.dumps(problems(COUNT)))``.
"""

from __future__ import annotations

import ast
import io

import ipywidgets as widgets
from PIL import Image

from explorer import Explorer


def explorer_calls(sources: list[str]) -> int:
    """How many explorers the code of these cells makes."""
    trees = [ast.parse(source) for source in sources if "Explorer(" in source]
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sum(isinstance(func, ast.Name) and func.id == "Explorer" for func in calls)


def positions(control: widgets.ValueWidget) -> tuple[str, list]:
    """The trait that moves a control, and where to: both ends of its range, or every option."""
    if hasattr(control, "options"):
        return "index", list(range(len(control.options)))
    if isinstance(control.value, bool):
        return "value", [False, True]
    if isinstance(control, widgets.FloatLogSlider):
        return "value", [control.base**control.min, control.base**control.max]
    return "value", [control.min, control.max]


def move(explorer: Explorer, settings: dict[str, object]) -> bytes:
    """Set controls, given as {name: position}, as a reader would; the picture that follows."""
    for name, position in settings.items():
        control = explorer.controls[name]
        setattr(control, positions(control)[0], position)
    explorer.turn()
    picture = explorer.still()
    Image.open(io.BytesIO(picture), formats=["PNG"]).verify()
    return picture


def check_explorer(explorer: Explorer) -> list[str]:
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


def problems(count: int) -> list[str]:
    """The problems of all explorers that are alive; there must be `count`."""
    explorers = Explorer.living()
    found = [] if len(explorers) == count else [f"{len(explorers)} explorers alive, not {count}"]
    for number, explorer in enumerate(explorers, 1):
        found += [f"explorer {number}: {problem}" for problem in check_explorer(explorer)]
    return found
