"""The playground's widgets, their places, and the one rule for what they say and are told."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from .challenges import NUMBERED
from .run import INSIDE
from .settings import CONTROLS, Control, label_of

SPEEDS = {"full speed": float("inf"), "100 steps/s": 100.0, "20 steps/s": 20.0, "5 steps/s": 5.0}
BUTTONS = ("Play", "Pause", "Step", "Reset", "Undo", "Clear", "Hint")
VIEWS = {"what": INSIDE, "layer": (1, 2, 3), "speed": tuple(SPEEDS)}
PARTS_TO_HIDE = (*CONTROLS, *VIEWS, "challenges", "history", "share")
# Dark enough to be read at 11 px: more than 4.5 to 1 on white.
MARKS = {True: ("live", "#00704F"), False: ("restarts", "#5F5F5F")}
# ipywidgets reserves 80 px for a slider's value, and leaves 60 to the slider.
STYLE = """<style>
.lstm-playground .widget-readout { min-width: 46px; width: 46px }
.lstm-playground .widget-html-content { line-height: 1.4 }
</style>"""
HEADING = {"margin": "5px 0 1px 0"}


def parts_to_hide(names: str | tuple | list) -> set[str]:
    """One name, or several, of `PARTS_TO_HIDE`. ValueError for any other."""
    hide = {names} if isinstance(names, str) else set(names)
    for name in sorted(hide - set(PARTS_TO_HIDE), key=str):
        raise ValueError(f"hide has {name!r}; allowed: {', '.join(PARTS_TO_HIDE)}")
    return hide


class Panel:
    """All widgets: `controls`, `views`, `buttons` by name, and those that are there once.

    What is true comes from elsewhere, and is told. A widget is told again when that has changed,
    not while a reader uses it; and what it then reports is an echo, which `heard` knows.
    """

    def __init__(self) -> None:
        self.controls = {name: make_control(control) for name, control in CONTROLS.items()}
        self.views = {
            name: _menu(name.replace("what", "look at"), options, width)
            for (name, options), width in zip(VIEWS.items(), (190, 100, 160), strict=True)
        }
        self.buttons = {
            name: widgets.Button(description=name, layout={"width": "64px", "flex": "0 0 auto"})
            for name in BUTTONS
        }
        self.picker = widgets.Dropdown(
            options=[("choose ...", ""), *((title, key) for key, title in NUMBERED.items())],
            layout={"flex": "1 1 0", "min_width": "0"},
        )
        self.runs = widgets.Select(rows=3, layout={"flex": "1 1 0", "min_width": "0"})
        self.runs.layout.height = "64px"
        self.share = widgets.Text(continuous_update=False, layout={"width": "100%"})
        self.status, self.question = widgets.HTML(), widgets.HTML()
        self.image = widgets.Image(format="png", layout={"max_width": "100%"})

        rest = {"challenge": self.picker, "history": self.runs, "share": self.share}
        self.named = {**self.controls, **self.views, **rest}  # by the names of their messages
        self._said = {name: widget.value for name, widget in self.named.items()}
        self._told = dict(self._said)

    def listen(self, post: Callable[[str, object], None]) -> None:
        """Send what widgets report to `post(name, value)`, from whatever thread it comes on."""
        for name, widget in self.named.items():
            widget.observe(lambda change, name=name: post(name, change["new"]), names="value")
        for name, button in self.buttons.items():
            button.on_click(lambda _, name=name: post(name, None))

    def heard(self, name: str, value) -> bool:
        """Note what a widget has said; whether it is news, and no echo of what it was told."""
        news = self._said[name] != value
        self._said[name] = value
        return news

    def tell(self, true: dict[str, object], runs: list[tuple[str, int | None]]) -> None:
        """Bring the widgets to what is true, where that is new and not what they have said."""
        if list(self.runs.options) != runs:
            self.runs.options = runs  # which selects the first
            self._said["history"] = None
        for name, value in true.items():
            if self._told[name] != value:
                self._told[name] = value
                if self._said[name] != value:
                    self._said[name] = value
                    self.named[name].value = value

    def columns(self, hide: set[str]) -> list[widgets.VBox]:
        """The controls, and beside them (below, where it is narrow) all else."""
        left = self._controls(hide)
        views = [widget for name, widget in self.views.items() if name not in hide]
        main = [self.buttons[name] for name in ("Play", "Pause", "Step", "Reset")]
        row = widgets.HBox([*main, *views], layout={"flex_flow": "row wrap"})
        row.children = (*row.children, widgets.HTML(STYLE, layout={"display": "none"}))
        right = [row, self.status, self.image]
        if "challenges" not in hide:
            picked = widgets.HBox([self.picker, self.buttons["Hint"]], layout={"width": "312px"})
            left += [widgets.HTML("<b>Challenge</b>", layout=HEADING), picked]
            right.insert(1, self.question)
        if "history" not in hide:
            buttons = [self.buttons["Undo"], self.buttons["Clear"]]
            buttons = widgets.VBox(buttons, layout={"flex": "0 0 70px"})
            right.append(widgets.HBox([self.runs, buttons]))
        if "share" not in hide:
            shared = [widgets.HTML("<b>Share</b>"), self.share]
            right.append(widgets.HBox(shared, layout={"align_items": "center"}))
        wide = {"flex": "1 1 480px", "min_width": "0", "max_width": "780px"}
        return [
            widgets.VBox(left, layout={"flex": "0 1 326px", "overflow": "hidden"}),
            widgets.VBox(right, layout=wide),
        ]

    def _controls(self, hide: set[str]) -> list[widgets.Widget]:
        column = []
        for group in dict.fromkeys(control.group for control in CONTROLS.values()):
            shown = [n for n, c in CONTROLS.items() if c.group == group and n not in hide]
            if shown:
                column.append(widgets.HTML(f"<b>{group}</b>", layout=HEADING))
                column += [self._marked(name) for name in shown]
        return column

    def _marked(self, name: str) -> widgets.HBox:
        mark, color = MARKS[CONTROLS[name].live]
        text = f"<span style='color:{color};font-size:11px'>{mark}</span>"
        mark = widgets.HTML(text, layout={"margin": "0 0 0 4px", "flex": "0 0 auto"})
        return widgets.HBox([self.controls[name], mark], layout={"align_items": "center"})


def make_control(control: Control) -> widgets.ValueWidget:
    """A slider where all options are numbers, else a menu; each option under its label."""
    numbers = not any(isinstance(option, str) for option in control.options)
    kind = widgets.SelectionSlider if numbers else widgets.Dropdown
    return kind(
        options=[(label_of(option), option) for option in control.options],
        value=control.default,
        description=control.label,
        tooltip=f"{control.label}: {MARKS[control.live][0]}",
        style={"description_width": "116px"},
        layout={"flex": "0 1 272px", "min_width": "0", "margin": "0"},
    )


def _menu(label: str, options: tuple, width: int) -> widgets.Dropdown:
    menu = widgets.Dropdown(options=options, description=label, layout={"width": f"{width}px"})
    menu.style.description_width = "initial"
    return menu
