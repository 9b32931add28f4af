"""The playground's widgets, their places, and the one rule for what they say and are told."""

from __future__ import annotations

import base64
import html
import threading
from collections.abc import Callable, Collection, Sequence

import ipywidgets as widgets

from .challenges import NUMBERED
from .presets import PRESETS
from .run import INSIDE, Record
from .session import lines_of, listed
from .settings import CONTROLS, Control, Settings, idle, is_live, label_of

SPEEDS = {"full speed": float("inf"), "100 steps/s": 100.0, "20 steps/s": 20.0, "5 steps/s": 5.0}
BUTTONS = (
    *("Play", "Pause", "Step", "Reset", "Undo", "Clear"),
    *("Back", "Next", "Hint", "Replay", "Code"),
)
VIEWS = {
    "what": INSIDE,
    "layer": (1, 2, 3),
    "speed": tuple(SPEEDS),
    "shows": ("values", "minus the reference"),
}
LABELS = {"what": "look at", "shows": "heat map"}  # of those that are not called by their name
PARTS = ("presets", "challenges", "history", "reference", "share", "code")
PARTS_TO_HIDE = (*CONTROLS, *VIEWS, *PARTS)
EARLIER, NO_REFERENCE = "Earlier runs: choose one to bring its settings back", "no run"
# What a control does, and its colour in `accessible`: more than 4.5 to 1 in either theme.
MARKS = {True: ("live", "var(--lstm-live)"), False: ("restarts", "var(--lstm-quiet)")}
# ipywidgets reserves 80 px for a slider's value, and leaves 60 to the slider.
STYLE = """<style>
.lstm-playground .widget-readout { min-width: 46px; width: 46px }
.lstm-playground .widget-html-content { line-height: 1.4 }
.lstm-playground .lstm-marked { box-shadow: inset 3px 0 0 #E69F00 }
.lstm-playground .lstm-card { border-left: 3px solid #E69F00; padding-left: 6px }
.lstm-playground a { text-decoration: underline }
.lstm-playground pre { max-height: 320px; overflow: auto; font-size: 12px }
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
    not while a reader uses it; what it then reports from the same thread is not passed on.
    """

    def __init__(self) -> None:
        self.controls = {name: make_control(control) for name, control in CONTROLS.items()}
        self.marks = {
            name: widgets.HTML(layout={"margin": "0 0 0 4px", "flex": "0 0 auto"})
            for name in CONTROLS
        }
        self.rows = {
            name: widgets.HBox([control, self.marks[name]], layout={"align_items": "center"})
            for name, control in self.controls.items()
        }
        self.views = {
            name: _menu(LABELS.get(name, name), options, width)
            for (name, options), width in zip(VIEWS.items(), (190, 100, 160, 230), strict=True)
        }
        self.buttons = {name: _button(name, "64px") for name in BUTTONS}
        self.presets = {name: _button(name, "150px") for name in PRESETS}
        rest = {"flex": "1 1 200px", "min_width": "0"}  # where it is narrow, a line of its own
        titles = [("none", ""), *((title, key) for key, title in NUMBERED.items())]
        self.picker = widgets.Dropdown(options=titles, description="challenge", layout=rest)
        self.runs = widgets.Select(
            rows=3, tooltip="Earlier runs", layout={**rest, "height": "64px"}
        )
        self.compare = widgets.Dropdown(
            options=listed((), NO_REFERENCE, none=0), description="compare with", layout=rest
        )
        self.share = widgets.Text(continuous_update=False, tooltip="Settings to share", layout=rest)
        self.file = widgets.FileUpload(
            accept=".txt", description="File", layout={"width": "92px", "flex": "0 0 auto"}
        )
        self.image = widgets.Image(format="png", layout={"max_width": "100%"})
        words = ("status", "question", "goal", "hint", "between", "saved", "code", "described")
        for name in words:
            setattr(self, name, widgets.HTML())
        for menu in (self.picker, self.compare):
            menu.style.description_width = "initial"
        self.code.layout.display = "none"
        for news in (self.status, self.question, self.hint, self.between):
            news.add_class("lstm-status")
        self.described.add_class("lstm-alt").add_class("lstm-hidden")

        rest = {"challenge": self.picker, "history": self.runs, "share": self.share}
        self.named = {**self.controls, **self.views, **rest, "compare": self.compare}
        self._said = {name: widget.value for name, widget in self.named.items()}
        self._told = dict(self._said)
        self._listed: tuple[int | None, ...] = ()
        self._marked: Collection[str] = ()
        self._telling: int | None = None  # the thread that does

    def listen(self, post: Callable[[str, object], None]) -> None:
        """Send what widgets report to `post(name, value)`, from whatever thread it comes on."""

        def pass_on(name: str, value) -> None:
            if self._telling != threading.get_ident():  # else it is what it is being told
                post(name, value)

        for name, widget in self.named.items():
            widget.observe(lambda change, name=name: pass_on(name, change["new"]), names="value")
        for name, button in self.buttons.items():
            button.on_click(lambda _, name=name: post(name, None))
        for name, button in self.presets.items():
            button.on_click(lambda _, name=name: post("preset", name))
        self.file.observe(lambda change: pass_on("file", change["new"]), names="value")

    def heard(self, name: str, value) -> bool:
        """Note what a widget has said; whether it is news, and no echo of what it was told."""
        if name not in self._said:
            return True
        news = self._said[name] != value
        self._said[name] = value
        return news

    def tell(
        self, true: dict[str, object], settings: Settings, records: Sequence[Record], reference
    ) -> None:
        """Bring the widgets to what is true, where that is new and not what they have said."""
        self._telling = threading.get_ident()
        try:
            self._tell(true, settings, records, reference)
        finally:
            self._telling = None

    def _tell(self, true, settings: Settings, records: Sequence[Record], reference) -> None:
        listing = tuple(record and record.number for record in (*records, reference))
        if listing != self._listed:
            self._listed = listing
            kept = [reference] if reference and reference.number not in listing[:-1] else []
            self.runs.options = listed(records, EARLIER)  # which selects the first
            self.compare.options = listed([*kept, *records], NO_REFERENCE, none=0)
            self.saved.value = _link(lines_of(records), "replay.txt", "Save") if records else ""
            self._said["history"], self._said["compare"], self._told["compare"] = None, 0, 0
        if self.file.value:
            self.file.value = ()  # else the same file, chosen again, would be no change
        for name, value in true.items():
            if self._told[name] != value:
                self._told[name] = value
                if self._said[name] != value:
                    self._said[name] = value
                    self.named[name].value = value
        for name, control in self.controls.items():
            reason = idle(name, settings)
            control.disabled = bool(reason)
            self.marks[name].value = _mark(reason, is_live(name, settings))

    def mark(self, names: Collection[str]) -> None:
        """Mark the controls that a challenge speaks of."""
        if names != self._marked:
            self._marked = names
            for name, row in self.rows.items():
                (row.add_class if name in names else row.remove_class)("lstm-marked")

    def show_code(self, source: str) -> None:
        """Show a script, to copy and to save; none if it is empty."""
        self.code.layout.display = "" if source else "none"
        if source:
            copy = (  # navigator.clipboard is there on https and localhost alone
                "const pre = this.parentNode.querySelector('pre');"
                "getSelection().selectAllChildren(pre);"
                "document.execCommand('copy') || navigator.clipboard.writeText(pre.innerText)"
            )
            self.code.value = (
                f"{_link(source, 'run.py', 'Save as run.py')} "
                f'<button class="jupyter-button" onclick="{copy}">Copy</button>'
                f'<pre tabindex="0">{html.escape(source)}</pre>'
            )

    def columns(self, hide: set[str]) -> list[widgets.VBox]:
        """The controls, and beside them (below, where it is narrow) all else."""
        buttons, views = self.buttons, {n: v for n, v in self.views.items() if n not in hide}
        main = [buttons[name] for name in ("Play", "Pause", "Step", "Reset")]
        style = widgets.HTML(STYLE, layout={"display": "none"})
        first = [*main, *(view for name, view in views.items() if name != "shows"), style]
        right: list = [widgets.HBox(first, layout={"flex_flow": "row wrap"})]
        if "challenges" not in hide:
            row = [self.picker, *(buttons[name] for name in ("Back", "Next", "Hint"))]
            row = widgets.HBox(row, layout={"flex_flow": "row wrap"})
            card = widgets.VBox([row, self.question, self.goal, self.hint])
            card.add_class("lstm-card")
            right.append(card)
        right += [self.status, self.image, self.described]
        if "history" not in hide:
            column = widgets.VBox([buttons["Undo"], buttons["Clear"]])
            column.layout.flex = "0 0 70px"
            right.append(widgets.HBox([self.runs, column, self.saved]))
        if "reference" not in hide:
            compared = [self.compare, *(view for name, view in views.items() if name == "shows")]
            right += [widgets.HBox(compared, layout={"flex_flow": "row wrap"}), self.between]
        shared: list[widgets.Widget] = []
        if "share" not in hide:
            shared += [widgets.HTML("<b>Share</b>"), self.share, buttons["Replay"], self.file]
        if "code" not in hide:
            shared.append(buttons["Code"])
        wrapped = {"align_items": "center", "flex_flow": "row wrap"}
        right += [widgets.HBox(shared, layout=wrapped), self.code]
        wide = {"flex": "1 1 480px", "min_width": "0", "max_width": "780px"}
        return [
            widgets.VBox(self._controls(hide), layout={"flex": "0 1 326px", "overflow": "hidden"}),
            widgets.VBox(right, layout=wide),
        ]

    def _controls(self, hide: set[str]) -> list[widgets.Widget]:
        column: list[widgets.Widget] = []
        if "presets" not in hide:
            presets = widgets.HBox([*self.presets.values()], layout={"flex_flow": "row wrap"})
            column += [widgets.HTML("<b>Begin with</b>", layout=HEADING), presets]
        for group in dict.fromkeys(control.group for control in CONTROLS.values()):
            shown = [n for n, c in CONTROLS.items() if c.group == group and n not in hide]
            if shown:
                column.append(widgets.HTML(f"<b>{group}</b>", layout=HEADING))
                column += [self.rows[name] for name in shown]
        return column


def make_control(control: Control) -> widgets.ValueWidget:
    """A slider where all options are numbers, else a menu; each option under its label."""
    numbers = not any(isinstance(option, str) for option in control.options)
    kind = widgets.SelectionSlider if numbers else widgets.Dropdown
    made = kind(
        options=[(label_of(option), option) for option in control.options],
        value=control.default,
        description=control.label,
        tooltip=control.label,
        style={"description_width": "116px"},
        layout={"flex": "0 1 272px", "min_width": "0", "margin": "0"},
    )
    return made.add_class("lstm-choice") if numbers else made


def _mark(reason: str, live: bool) -> str:
    text, color = (reason, MARKS[False][1]) if reason else MARKS[live]
    return f"<span style='color:{color};font-size:11px'>{text}</span>"


def _link(text: str, file: str, label: str) -> str:
    """A link under which the browser saves a text, wherever the kernel may run."""
    data = base64.b64encode(text.encode()).decode()
    return f'<a download="{file}" href="data:text/plain;charset=utf-8;base64,{data}">{label}</a>'


def _button(name: str, width: str) -> widgets.Button:
    return widgets.Button(description=name, layout={"width": width, "flex": "0 0 auto"})


def _menu(label: str, options: tuple, width: int) -> widgets.Dropdown:
    menu = widgets.Dropdown(options=options, description=label, layout={"width": f"{width}px"})
    menu.style.description_width = "initial"
    return menu
