"""The settings of a run: one entry each in `CONTROLS`, and nowhere else; and a line that holds all.

Widgets, labels, the words of the line and the table in the lesson follow from the entry. So does
what a setting does, if it is an `argument` of the network or the optimiser.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass

import numpy as np

from helpers import CELLS

from .signals import SIGNALS


@dataclass(frozen=True)
class Needs:
    """That another setting has one of some options; `words` say so beside a control."""

    setting: str
    options: tuple
    words: str

    def met(self, settings: Settings) -> bool:
        return settings[self.setting] in self.options


CONSTANT = Needs("schedule", ("constant",), "set by cycle")


@dataclass(frozen=True)
class Control:
    """A setting: its label, its group, what it may be, where it starts, and what it acts on.

    `of` is "data", "network" or "training". `argument` names the keyword of `Forecaster` or of the
    optimiser that the value is handed to; without one, `run` or `data` reads the setting itself. A
    `live` setting takes effect at once and keeps the weights, as long as what it is `live_with` is
    met; any other restarts the run. Where its `needs` are not met, it does nothing. One with a
    `caption` stands in the picture.
    """

    label: str
    group: str
    options: tuple
    default: object
    of: str
    meaning: str
    argument: str = ""
    live: bool = False
    caption: bool = False
    needs: Needs | None = None
    live_with: Needs | None = None


Settings = dict[str, object]
Changes = tuple[tuple[int, str, object], ...]  # (after this many steps, live setting, value)
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
CONTROLS = {
    "signal": Control(
        "signal",
        "Signal",
        tuple(SIGNALS),
        "sine",
        "data",
        "the wave; in a *family of waves* every series has a period of its own",
    ),
    "noise": Control(
        "noise",
        "Signal",
        (0.0, 0.05, 0.1, 0.2, 0.3, 0.5),
        0.1,
        "data",
        "standard deviation of the noise on every value; it sets the floor",
    ),
    "points": Control(
        "points per period",
        "Signal",
        (8, 12, 16, 20, 25, 30, 40, 50, 60, 63),
        25,
        "data",
        "samples in one period of the wave",
    ),
    "window": Control(
        "window length",
        "Signal",
        (2, 5, 10, 15, 20, 30, 40, 50, 75, 100),
        50,
        "data",
        "values in a training window, and so the age that a state reaches in training. Another "
        "length also has other validation windows: compare ratios to the floor, not losses",
    ),
    "cell": Control(
        "cell type", "Network", CELLS, "LSTM", "network", "the recurrent layer", argument="cell"
    ),
    "hidden": Control(
        "hidden size",
        "Network",
        (1, 2, 4, 8, 16, 32, 50, 64),
        16,
        "network",
        "units in a layer",
        argument="hidden_size",
    ),
    "layers": Control(
        "layers",
        "Network",
        (1, 2, 3),
        1,
        "network",
        "recurrent layers, one on top of the other",
        argument="num_layers",
    ),
    "dropout": Control(
        "dropout",
        "Network",
        (0.0, 0.1, 0.2, 0.3, 0.5),
        0.0,
        "network",
        "share of the values between two layers that training sets to 0",
        live=True,
        caption=True,
        needs=Needs("layers", (2, 3), "2+ layers"),
    ),
    "bias": Control(
        "forget bias",
        "Network",
        ("as drawn", -2.0, 0.0, 1.0, 3.0),
        "as drawn",
        "network",
        "where the bias of an LSTM's forget gate starts; *as drawn* is PyTorch's own start",
        needs=Needs("cell", ("LSTM",), "LSTM only"),
    ),
    "optimizer": Control(
        "optimiser",
        "Optimiser",
        ("SGD", "Adam", "AdamW"),
        "Adam",
        "training",
        "the rule that makes a step of a gradient: lessons 04 and 05; AdamW differs from Adam in "
        "its weight decay alone",
    ),
    "lr": Control(
        "learning rate",
        "Optimiser",
        RATES,
        0.01,
        "training",
        "the length of a step, as the optimiser understands it; with one-cycle, its peak",
        argument="lr",
        live=True,
        caption=True,
        live_with=CONSTANT,
    ),
    "schedule": Control(
        "schedule",
        "Optimiser",
        ("constant", "one-cycle"),
        "constant",
        "training",
        "how the rate changes over the budget; *one-cycle* rises to its peak and falls to almost "
        "nothing, and moves the momentum between 0.85 and 0.95: lesson 05",
    ),
    "momentum": Control(
        "momentum, β₁",
        "Optimiser",
        ("as usual", 0.0, 0.5, 0.8, 0.9, 0.95),
        "as usual",
        "training",
        "the memory of the mean gradient: 0.9 is about ten steps; *as usual* is 0 in SGD and 0.9 "
        "in Adam",
        live=True,
        needs=CONSTANT,
    ),
    "beta2": Control(
        "Adam's β₂",
        "Optimiser",
        (0.9, 0.95, 0.99, 0.999),
        0.999,
        "training",
        "the memory of a gradient's size: 0.95 is about twenty steps, 0.999 a thousand",
        live=True,
        needs=Needs("optimizer", ("Adam", "AdamW"), "Adam only"),
    ),
    "decay": Control(
        "weight decay",
        "Optimiser",
        (0.0, 0.0001, 0.001, 0.01, 0.1),
        0.0,
        "training",
        "pulls the weights to 0; in SGD and Adam as part of the gradient, in AdamW beside it",
        argument="weight_decay",
        live=True,
    ),
    "batch": Control(
        "batch size",
        "Optimiser",
        (1, 2, 4, 8, 16, 32, "all"),
        16,
        "training",
        "windows in a step, drawn at random; or *all* of the training part in every step",
        live=True,
        caption=True,
    ),
    "clip": Control(
        "clipping",
        "Optimiser",
        ("off", 10.0, 1.0, 0.1, 0.01),
        "off",
        "training",
        "the longest gradient that is let through; a longer one is scaled down to it",
        live=True,
        caption=True,
    ),
    "loss": Control(
        "loss on",
        "Optimiser",
        ("last output", "every output"),
        "every output",
        "data",
        "*last output*: the error at the end of each window. *Every output*: at each of its steps "
        "but the first five; a window of five or less has its last one only",
    ),
    "steps": Control(
        "steps budget",
        "Optimiser",
        (100, 200, 300, 400, 500, 1000, 2000),
        300,
        "training",
        "optimiser steps in a run",
        live=True,
        live_with=CONSTANT,
    ),
    "seed": Control(
        "seed",
        "Optimiser",
        tuple(range(10)),
        0,
        "data",
        "of the noise, the choice of windows, the first weights and dropout",
    ),
}
DEFAULTS = {name: control.default for name, control in CONTROLS.items()}


def idle(name: str, settings: Settings) -> str:
    """Why a control cannot act with these settings, in two or three words; "" where it can."""
    needs = CONTROLS[name].needs
    return "" if needs is None or needs.met(settings) else needs.words


def is_live(name: str, settings: Settings) -> bool:
    """Whether a control acts on a running network; else it makes a new one."""
    control = CONTROLS[name]
    return control.live and (control.live_with is None or control.live_with.met(settings))


def label_of(value) -> str:
    """How a value is written for a reader: on a control, in a table, in a name."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def word_of(value) -> str:
    """How a value is written in a line of settings: without spaces."""
    return label_of(value).replace(" ", "-")


def arguments(settings: Settings, of: str) -> dict[str, object]:
    """The keyword arguments for the network, or for the optimiser ("training")."""
    handed = ((c.argument, settings[name]) for name, c in CONTROLS.items() if c.of == of)
    return {argument: value for argument, value in handed if argument}


# ==== Checks: a setting has one of its options, or the word for it


def checked(settings: Settings) -> Settings:
    """All settings, what is left out as by default. ValueError for a wrong name or value."""
    if not isinstance(settings, dict):
        raise ValueError(f"settings is {settings!r}; allowed: a dict of {', '.join(CONTROLS)}")
    return {**DEFAULTS, **{name: checked_value(name, value) for name, value in settings.items()}}


def checked_value(name: str, value) -> object:
    """The option that `value` is, or is the word for. ValueError if there is none."""
    if name not in CONTROLS:
        raise ValueError(f"the name of a setting is {name!r}; allowed: {', '.join(CONTROLS)}")
    options = CONTROLS[name].options
    for option in options:
        if isinstance(value, str) and value in (option, word_of(option)):
            return option
        if _is_number(value) and _is_number(option) and value == option:
            return option
    raise ValueError(f"{name} is {value!r}; allowed: {', '.join(map(word_of, options))}")


def _is_number(value) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def checked_changes(changes: Changes, settings: Settings) -> Changes:
    """Live changes of a run with these settings, in rising order of their step, checked too."""
    checked, last = [], 0
    for step, name, value in changes:
        if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step < last:
            raise ValueError(f"the step of a change is {step!r}; allowed: whole, {last} or more")
        check_is_live(name, settings)
        checked.append((int(step), name, checked_value(name, value)))
        last = step
    return tuple(checked)


def check_is_live(name: str, settings: Settings) -> None:
    """ValueError unless a control acts on a run that has these settings."""
    if name not in CONTROLS or not is_live(name, settings):
        live = [name for name in CONTROLS if is_live(name, settings)]
        raise ValueError(f"a change is of {name!r}; allowed: live settings, {', '.join(live)}")


# ==== The line of text


def to_text(settings: Settings, changes: Changes = ()) -> str:
    """All settings in one line: ``signal=sine noise=0.1 ... seed=0``.

    Live changes follow with their step: ``@120 lr=0.1`` came after 120 steps.
    """
    words = [f"{name}={word_of(settings[name])}" for name in CONTROLS]
    return " ".join(words + [f"@{step} {name}={word_of(value)}" for step, name, value in changes])


def from_text(text: str) -> tuple[Settings, Changes]:
    """The settings and live changes of a line by `to_text`; what is left out is as by default.

    Raises ValueError, naming the word that is wrong and what is allowed.
    """
    settings, changes, step = {}, [], None
    if not isinstance(text, str) or "\n" in text.strip():
        raise ValueError(f"the line is {text!r}; allowed: a text of one line")
    for word in text.split():
        if word.startswith("@"):
            step = _step(word, changes[-1][0] if changes else 0)
            continue
        name, value = _parse(word)
        if step is None:
            if name in settings:
                raise ValueError(f"{word!r}: {name} is given twice; allowed: once")
            settings[name] = value
        else:
            check_is_live(name, {**DEFAULTS, **settings})
            changes.append((step, name, value))
    return {**DEFAULTS, **settings}, tuple(changes)


def _step(word: str, least: int) -> int:
    step = math.nan
    if word[1:].isascii() and word[1:].isdecimal() and len(word) < 10:
        step = int(word[1:])
    if not step >= least:
        raise ValueError(f"{word[:40]!r}; allowed: @ and a step, in rising order")
    return step


def _parse(word: str) -> tuple[str, object]:
    name, equals, value = word.partition("=")
    if name not in CONTROLS or not equals:
        raise ValueError(f"{word!r}; allowed: name=value, with a name of {', '.join(CONTROLS)}")
    options = CONTROLS[name].options
    words = {word_of(option): option for option in options}
    with contextlib.suppress(KeyError):
        return name, words[value]
    raise ValueError(f"{word!r}; allowed for {name}: {', '.join(words)}")


def differences(settings: Settings, other: Settings, was: bool = False) -> str:
    """What is different in `settings`: "hidden size 32, learning rate 0.1".

    With `was`, what it is in the other as well: "hidden size 32 (there 16)".
    """
    changed = [name for name in CONTROLS if settings[name] != other[name]]
    there = {name: f" (there {label_of(other[name])})" if was else "" for name in changed}
    return ", ".join(
        f"{CONTROLS[name].label} {label_of(settings[name])}{there[name]}" for name in changed
    )


@dataclass(frozen=True)
class Scene:
    """One run of a replay, and what is said of it."""

    caption: str
    settings: Settings
    changes: Changes


def from_lines(text: str) -> tuple[Scene, ...]:
    """The runs of a text with a line of settings each; lines with # before one are its caption.

    Raises ValueError, naming the line that is wrong, or for a text without a line of settings.
    """
    scenes, caption = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith("#"):
            caption.append(line.strip("# \t"))
        elif line.strip():
            try:
                scenes.append(Scene(" ".join(caption), *from_text(line)))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
            caption = []
    if not scenes:
        raise ValueError(f"the replay is {text[:40]!r}; allowed: a text with lines of settings")
    return tuple(scenes)
