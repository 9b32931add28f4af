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
class Control:
    """A setting: its label, its group, what it may be, where it starts, and what it acts on.

    `of` is "data", "network" or "training". `argument` names the keyword of `Forecaster` or of the
    optimiser that the value is handed to; without one, `run` or `data` reads the setting itself. A
    `live` setting takes effect at once and keeps the weights; any other restarts the run. One
    with a `caption` stands in the picture.
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
        (8, 12, 16, 20, 25, 30, 40, 50, 60),
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
        (1, 2, 4, 8, 16, 32, 64),
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
    ),
    "bias": Control(
        "forget bias",
        "Network",
        ("as drawn", -2.0, 0.0, 1.0, 3.0),
        "as drawn",
        "network",
        "where the bias of an LSTM's forget gate starts; *as drawn* is PyTorch's own start",
    ),
    "optimizer": Control(
        "optimiser",
        "Optimiser",
        ("SGD", "Adam"),
        "Adam",
        "training",
        "the rule that makes a step of a gradient: lessons 04 and 05",
    ),
    "lr": Control(
        "learning rate",
        "Optimiser",
        RATES,
        0.01,
        "training",
        "the length of a step, as the optimiser understands it",
        argument="lr",
        live=True,
        caption=True,
    ),
    "batch": Control(
        "batch size",
        "Optimiser",
        (1, 2, 4, 8, 16, 32),
        16,
        "training",
        "windows in a step, drawn at random",
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
        (100, 200, 300, 500, 1000, 2000),
        300,
        "training",
        "optimiser steps in a run",
        live=True,
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
LIVE = [name for name, control in CONTROLS.items() if control.live]
Settings = dict[str, object]
Changes = tuple[tuple[int, str, object], ...]  # (after this many steps, live setting, value)


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


def checked_changes(changes: Changes) -> Changes:
    """Live changes in rising order of their step, checked like settings."""
    checked, last = [], 0
    for step, name, value in changes:
        if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step < last:
            raise ValueError(f"the step of a change is {step!r}; allowed: whole, {last} or more")
        if name not in LIVE:
            raise ValueError(f"a change is of {name!r}; allowed: live settings, {', '.join(LIVE)}")
        checked.append((int(step), name, checked_value(name, value)))
        last = step
    return tuple(checked)


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
        elif name in LIVE:
            changes.append((step, name, value))
        else:
            raise ValueError(f"{word!r} after a step; allowed: live settings, {', '.join(LIVE)}")
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


def differences(settings: Settings, other: Settings) -> str:
    """What is different in `settings`: "hidden size 32, learning rate 0.1"."""
    changed = [name for name in CONTROLS if settings[name] != other[name]]
    return ", ".join(f"{CONTROLS[name].label} {label_of(settings[name])}" for name in changed)
