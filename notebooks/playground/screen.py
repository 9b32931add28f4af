"""Draws a run into one picture."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from helpers import CELLS, COLORS

from .data import AHEAD, PAST
from .run import Record, Run
from .settings import CONTROLS, label_of

HISTORY = 8  # earlier runs that are drawn
LEAST, MOST = 1e-5, 10.0  # of the loss axis


class Screen:
    """One persistent figure. Only what changes is drawn anew, over a copy of what does not."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(8.0, 5.2), dpi=100, facecolor="white", layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self._settled: list = []  # labels, truth, rivals, earlier runs: new with the settings
        self._slow: list = []  # forecast and heat map: new every second or two
        self._fast: list = []  # losses: new in every picture
        self._loss_axes()
        self._forecast_axes()
        self._heat_map()
        self.state = ""  # written by Pillow, which is ten times as fast as matplotlib there
        file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
        self._font = ImageFont.truetype(file, 12.5)
        self._palette = _palette()
        self._caption = self._text(self._settled, 0.988, 0.965, "", fontsize=9, ha="right")
        self.canvas.draw()
        self._base = self.canvas.copy_from_bbox(self.figure.bbox)
        self._with_settled = self._with_slow = self._base
        self._settled_for: tuple = ()

    def _axes(self, place: list[float], title: str) -> object:
        ax = self.figure.add_axes(place)
        ax.set_title(title, loc="left", fontsize=10, color="#333333")
        ax.tick_params(labelsize=8.5, colors="#555555")
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def _line(self, group: list, ax, color: str, style: str = "-", width: float = 1.6, **kwargs):
        (line,) = ax.plot([], [], style, color=color, lw=width, animated=True, **kwargs)
        group.append(line)
        return line

    def _text(self, group: list, x: float, y: float, text: str, ax=None, **kwargs):
        owner = ax or self.figure
        kwargs = {"fontsize": 8.5, "va": "center", "animated": True, **kwargs}
        group.append(owner.text(x, y, text, **kwargs))
        return group[-1]

    def _loss_axes(self) -> None:
        ax = self._axes([0.07, 0.56, 0.36, 0.34], "Loss (MSE)")
        ax.set(yscale="log", xlim=(0, 1.28), ylim=(LEAST, MOST))
        ax.set_xticks([0, 0.5, 1], ["", "", ""])
        ax.set_xlabel("optimiser step", fontsize=9, color="#333333", labelpad=14)
        ax.minorticks_off()
        self._ticks = [
            self._text(self._settled, x, 3.2e-6, "", ax, ha="center", color="#555555")
            for x in (0, 0.5, 1)
        ]
        self._earlier = [self._line(self._settled, ax, "#BBBBBB", width=1) for _ in range(HISTORY)]
        dashes = {"persistence": "--", "AR": "-", "noise floor": ":"}
        self._samples = {"persistence": "- -", "AR": "—", "noise floor": "···"}
        self._rivals = {
            name: self._line(self._settled, ax, COLORS["baseline"], dash, 1.2)
            for name, dash in dashes.items()
        }
        self._rival_names = {
            name: self._text(self._settled, 1.02, 1, "", ax, color=COLORS["baseline"])
            for name in dashes
        }
        self._training = self._line(self._fast, ax, "k", width=0.7)
        self._validation = self._line(self._fast, ax, COLORS["truth"], "-o", 1.6, markersize=2.5)
        ax.text(0.3, 5, "validation", fontsize=8.5, color=COLORS["truth"], va="center")
        self._training_name = self._text(self._settled, 0.03, 5, "training", ax)
        self._message = self._text(
            self._fast, 0.5, 0.9, "", ax, ha="center", weight="bold", color=COLORS["RNN"]
        )

    def _forecast_axes(self) -> None:
        ax = self._axes([0.52, 0.56, 0.465, 0.34], "Forecast")
        ax.set(xlim=(-PAST, AHEAD), ylim=(-2, 2))
        ax.set_xlabel("steps from the forecast origin", fontsize=9, color="#333333")
        ax.axvspan(0, AHEAD, color=COLORS["shade"], lw=0, zorder=0)
        ax.text(-48, 1.78, "truth", fontsize=8.5, va="center", color=COLORS["truth"])
        self._truth = self._line(self._settled, ax, COLORS["truth"], width=1)
        self._one_step = self._line(self._slow, ax, "k", "--", 1.2)
        self._loop = self._line(self._slow, ax, "k", width=2)
        self._names = [
            self._text(self._settled, -22, 1.78, "dashed: one step ahead", ax),
            self._text(self._settled, 33, 1.78, "solid: closed loop", ax),
        ]

    def _heat_map(self) -> None:
        ax = self._axes([0.07, 0.075, 0.855, 0.33], "")
        ax.set(xlim=(-PAST, AHEAD), ylim=(0, 1), yticks=[])
        ax.set_ylabel("units", fontsize=9, color="#333333")
        extent = (-PAST, AHEAD, 0, 1)
        self._inside = ax.imshow(
            np.zeros((2, 2)),
            extent=extent,
            aspect="auto",
            cmap="cividis",
            interpolation="nearest",
            animated=True,
        )
        self._slow.append(self._inside)
        self._line(self._slow, ax, "white", ":", 1.2).set_data([0, 0], [0, 1])
        self._inside_name = self._text(
            self._settled, -PAST, 1.055, "", ax, fontsize=10, color="#333333"
        )
        bar = self.figure.add_axes([0.94, 0.075, 0.014, 0.33])
        bar.imshow(np.linspace(1, 0, 64)[:, None], aspect="auto", cmap="cividis")
        bar.set(xticks=[], yticks=[])
        self._ends = [self._text(self._settled, 0.959, y, "", fontsize=8.5) for y in (0.085, 0.395)]

    def show_slow(self, run: Run, earlier: Sequence[Record], what: str, layer: int) -> None:
        """Draw anew what costs a pass through the network, and after a change what settings say."""
        past = slice(run.data.lead - PAST, None)
        x = np.arange(-PAST, AHEAD)
        self._one_step.set_data(x[1:], np.clip(run.one_step()[past, 0], -9, 9)[-len(x) + 1 :])
        self._loop.set_data(x[PAST:], np.clip(run.forecast()[:, 0], -9, 9))
        title, values = run.inside(layer, what)
        low = 0 if title.endswith(("gate", "keep)")) else -1
        self._inside.set_data(np.nan_to_num(values[past]).T)
        self._inside.set_clim(low, 1)
        numbers = tuple(record.number for record in earlier)
        caption = ", ".join(
            f"{control.label} {label_of(run.settings[name])}"
            for name, control in CONTROLS.items()
            if control.caption
        )
        settled_for = (run, run.settings["steps"], numbers, title, layer, caption)
        if settled_for != self._settled_for:
            self._settled_for = settled_for
            self._show_yardsticks(run, earlier)
            self._caption.set_text(caption)
            self._truth.set_data(x, run.data.stretch[past, 0])
            cell, number = run.settings["cell"], min(layer, run.settings["layers"])
            for artist in (self._one_step, self._loop, *self._names):
                artist.set_color(COLORS[cell])
            self._inside_name.set_text(f"{cell}, layer {number}: {title} of each unit, over time")
            for text, end in zip(self._ends, (low, 1), strict=True):
                text.set_text(f"{end}")
            self._paint(self._base, self._settled)
            self._with_settled = self.canvas.copy_from_bbox(self.figure.bbox)
        self._paint(self._with_settled, self._slow)
        self._with_slow = self.canvas.copy_from_bbox(self.figure.bbox)

    def show_fast(self, run: Run, state: str = "finished") -> None:
        """Draw the loss curves anew, over what `show_slow` drew last."""
        budget = run.settings["steps"]
        color = COLORS[run.settings["cell"]]
        stride = max(1, run.step_count // 300)
        losses = np.clip(run.losses[::stride], LEAST, MOST)
        self._training.set_data(np.arange(1, run.step_count + 1, stride) / budget, losses)
        self._training.set_color(color)
        checks = np.array(run.checks)
        self._validation.set_data(checks[:, 0] / budget, np.clip(checks[:, 1], LEAST, MOST))
        at = run.step_count
        self.message = f"diverged at step {at}: press Reset" if run.diverged else ""
        self._message.set_text(self.message)
        self.state = f"{run.parameters:,} parameters, step {at} of {budget}, {state}"
        self._paint(self._with_slow, self._fast)

    def _show_yardsticks(self, run: Run, earlier: Sequence[Record]) -> None:
        budget = run.settings["steps"]
        for k, line in enumerate(self._earlier):
            checks = np.array(earlier[k].checks if k < len(earlier) else np.zeros((0, 2)))
            line.set_data(checks[:, 0] / budget, np.clip(checks[:, 1], LEAST, MOST))
        for text, share in zip(self._ticks, (0, 0.5, 1), strict=True):
            text.set_text(f"{budget * share:g}")
        self._training_name.set_color(COLORS[run.settings["cell"]])
        self._show_rivals(run.data.rivals)

    def _show_rivals(self, rivals: dict[str, float]) -> None:
        below = math.inf  # the names, from the top, at least 0.45 decades apart
        names = sorted(self._rivals, key=lambda name: -rivals.get(name, 0))
        for name in names:
            text, line = self._rival_names[name], self._rivals[name]
            seen = name in rivals and rivals[name] > LEAST
            text.set_text(f"{self._samples[name]} {name}" if seen else "")
            line.set_data([0, 1] if seen else [], [rivals[name]] * 2 if seen else [])
            if seen:
                below = min(rivals[name], below / 10**0.45)
                text.set_y(below)

    def _paint(self, background, artists: list) -> None:
        self.canvas.restore_region(background)
        renderer = self.canvas.get_renderer()
        for artist in artists:
            artist.draw(renderer)  # an empty text or line costs next to nothing

    def picture(self) -> bytes:
        """The picture as PNG, in the colours of `_palette`: half the time and size of all."""
        image = Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB")
        ImageDraw.Draw(image).text((10, 11), self.state, "black", self._font)
        buffer = io.BytesIO()
        few = image.quantize(palette=self._palette, dither=Image.Dither.NONE)
        few.save(buffer, "png", compress_level=1)
        return buffer.getvalue()


def _palette() -> Image.Image:
    """256 colours: cividis, greys, and each cell's colour fading into white or shade.

    Pillow looks colours up in steps of 8, so no grey comes near white or shade.
    """
    parts = [matplotlib.colormaps["cividis"](np.linspace(0, 1, 136))[:, :3]]
    parts.append(np.linspace(0, 0.86, 48)[:, None] * np.ones(3))
    for color, ground in itertools.product(CELLS, ("white", COLORS["shade"])):
        ends = [matplotlib.colors.to_rgb(c) for c in (COLORS[color], ground)]
        parts.append(np.linspace(*ends, 12))
    image = Image.new("P", (1, 1))
    image.putpalette((255 * np.concatenate(parts)).round().astype(np.uint8).tobytes())
    return image
