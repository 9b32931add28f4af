"""Draws a run into one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from figures import COLORS

from .canvas import REFERENCE, Canvas
from .data import AHEAD, PAST
from .run import Record, Run
from .settings import CONTROLS, label_of

HISTORY = 8  # earlier runs that are drawn
LEAST, MOST = 1e-7, 10.0  # of the loss axis


class Screen(Canvas):
    """Losses, forecast and heat map of a run, beside earlier runs and a reference."""

    def __init__(self) -> None:
        super().__init__()
        self._loss_axes()
        self._forecast_axes()
        self._heat_map()
        self.words = ""  # for those who do not see the picture
        self.state = self.error = ""
        self._compared: tuple = (None, None, None)  # data, reference, and its forecast
        self._caption = self.text(self.settled, 0.988, 0.971, "", fontsize=9, ha="right")
        self._settled_for: tuple = ()
        self.start()

    def _loss_axes(self) -> None:
        ax = self.axes([0.07, 0.56, 0.36, 0.34], "Loss (MSE)")
        ax.set(yscale="log", xlim=(0, 1.28), ylim=(LEAST, MOST))
        ax.set_xticks([0, 0.5, 1], ["", "", ""])
        ax.set_xlabel("optimiser step", fontsize=9, color="#333333", labelpad=14)
        ax.minorticks_off()
        self._ticks = [
            self.text(self.settled, x, 2.2e-8, "", ax, ha="center", color="#555555")
            for x in (0, 0.5, 1)
        ]
        self._earlier = [self.line(self.settled, ax, "#BBBBBB", width=1) for _ in range(HISTORY)]
        dashes = {"persistence": "--", "AR": "-", "noise floor": ":"}
        self._samples = {"persistence": "- -", "AR": "—", "noise floor": "···"}
        self._rivals = {
            name: self.line(self.settled, ax, COLORS["baseline"], dash, 1.2)
            for name, dash in dashes.items()
        }
        self._rival_names = {
            name: self.text(self.settled, 1.02, 1, "", ax, color=COLORS["baseline"])
            for name in dashes
        }
        self._reference_loss = self.line(self.settled, ax, REFERENCE, "-.", 1.4)
        self._training = self.line(self.fast, ax, "k", width=0.7)
        self._validation = self.line(self.fast, ax, COLORS["truth"], "-o", 1.6, markersize=2.5)
        ax.text(0.3, 5, "validation", fontsize=8.5, color=COLORS["truth"], va="center")
        self._training_name = self.text(self.settled, 0.03, 5, "training", ax)
        self._message = self.text(
            self.fast, 0.5, 0.9, "", ax, ha="center", weight="bold", color=COLORS["RNN"]
        )

    def _forecast_axes(self) -> None:
        ax = self.axes([0.52, 0.56, 0.465, 0.34], "Forecast")
        ax.set(xlim=(-PAST, AHEAD), ylim=(-2, 2))
        ax.set_xlabel("steps from the forecast origin", fontsize=9, color="#333333")
        ax.axvspan(0, AHEAD, color=COLORS["shade"], lw=0, zorder=0)
        ax.text(-48, 1.78, "truth", fontsize=8.5, va="center", color=COLORS["truth"])
        self._truth = self.line(self.settled, ax, COLORS["truth"], width=1)
        self._reference_loop = self.line(self.settled, ax, REFERENCE, "-.", 1.4)
        self._reference_name = self.text(self.settled, -48, -1.82, "", ax, color=REFERENCE)
        self._one_step = self.line(self.slow, ax, "k", "--", 1.2)
        self._loop = self.line(self.slow, ax, "k", width=2)
        self._names = [
            self.text(self.settled, -22, 1.78, "dashed: one step ahead", ax),
            self.text(self.settled, 33, 1.78, "solid: closed loop", ax),
        ]

    def _heat_map(self) -> None:
        ax = self.axes([0.07, 0.075, 0.855, 0.33], "")
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
        self.slow.append(self._inside)
        self.line(self.slow, ax, "white", ":", 1.2).set_data([0, 0], [0, 1])
        self._inside_name = self.text(
            self.settled, -PAST, 1.055, "", ax, fontsize=10, color="#333333"
        )
        bar = self.figure.add_axes([0.94, 0.075, 0.014, 0.33])
        bar.imshow(np.linspace(1, 0, 64)[:, None], aspect="auto", cmap="cividis")
        bar.set(xticks=[], yticks=[])
        self._ends = [self.text(self.settled, 0.959, y, "", fontsize=8.5) for y in (0.085, 0.395)]

    def show_slow(
        self,
        run: Run,
        earlier: Sequence[Record],
        what: str,
        layer: int,
        reference: Record | None = None,
        minus: bool = False,
    ) -> None:
        """Draw anew what costs a pass through the network, and after a change what settings say.

        `minus`: the heat map shows the difference to the reference, if there is one.
        """
        past = slice(run.data.lead - PAST, None)
        x = np.arange(-PAST, AHEAD)
        self._one_step.set_data(x[1:], np.clip(run.one_step()[past, 0], -9, 9)[-len(x) + 1 :])
        self._loop.set_data(x[PAST:], np.clip(run.forecast()[:, 0], -9, 9))
        title, values, low = _inside(run, what, layer, reference if minus else None)
        self._inside.set_data(np.nan_to_num(values[past]).T)
        self._inside.set_clim(low, 1)
        numbers = tuple(record.number for record in earlier), reference and reference.number
        caption = ", ".join(
            f"{control.label} {label_of(run.settings[name])}"
            for name, control in CONTROLS.items()
            if control.caption
        )
        settled_for = (run, run.settings["steps"], numbers, title, layer, caption)
        if settled_for != self._settled_for:
            self._settled_for = settled_for
            self._show_yardsticks(run, earlier)
            self._show_reference(run, reference)
            self._caption.set_text(caption)
            self._truth.set_data(x, run.data.stretch[past, 0])
            cell, number = run.settings["cell"], min(layer, run.settings["layers"])
            for artist in (self._one_step, self._loop, *self._names):
                artist.set_color(COLORS[cell])
            self._inside_name.set_text(f"{cell}, layer {number}: {title} of each unit, over time")
            for text, end in zip(self._ends, (low, 1), strict=True):
                text.set_text(f"{end}")
            self.paint_settled()
        self.paint_slow()
        self.words = f"{_words(run)} Heat map: {self._inside_name.get_text()}."

    def _show_reference(self, run: Run, reference: Record | None) -> None:
        data, other, _ = self._compared
        if data is not run.data or other is not reference:
            loop = run.forecast_by(reference)[:, 0] if reference else []
            self._compared = (run.data, reference, np.clip(loop, -9, 9))
        checks = np.array(reference.checks if reference else np.zeros((0, 2)))
        steps, losses = checks[:, 0] / run.settings["steps"], checks[:, 1]
        self._reference_loss.set_data(steps, np.clip(losses, LEAST, MOST))
        loop = self._compared[2]
        self._reference_loop.set_data(np.arange(len(loop)), loop)
        text = f"dash-dot: run {reference.number}, closed loop" if reference else ""
        self._reference_name.set_text(text)

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
        step, loss = run.checks[-1]
        self.error = "" if run.diverged else f"validation {in_units(loss)} at step {step}"
        self.paint_fast()

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
        below = math.inf  # the names, from the top, at least 0.6 decades apart
        names = sorted(self._rivals, key=lambda name: -rivals.get(name, 0))
        for name in names:
            text, line = self._rival_names[name], self._rivals[name]
            seen = name in rivals and rivals[name] > LEAST
            text.set_text(f"{self._samples[name]} {name}" if seen else "")
            line.set_data([0, 1] if seen else [], [rivals[name]] * 2 if seen else [])
            if seen:
                below = min(rivals[name], below / 10**0.6)
                text.set_y(below)

    def picture(self) -> bytes:
        """The picture as PNG, with what `show_slow` and `show_fast` have drawn last."""
        return super().picture(((10, 8), self.state), ((142, 31), self.error))


def in_units(loss: float) -> str:
    """A mean squared error in the wave's units: "RMSE 0.102"."""
    return f"RMSE {math.sqrt(loss):.3g}"


def _words(run: Run) -> str:
    s, scores = run.settings, run.scores()
    size = (
        f"{s['cell']} of {s['hidden']} units, {s['signal']}, step {run.step_count} of {s['steps']}"
    )
    if run.diverged:
        return f"Loss curves of a run that has diverged: {size}."
    yardsticks = [name for name in scores if name not in ("validation", "loop")]
    beside = ", ".join(f"{name} {math.sqrt(scores[name]):.3g}" for name in yardsticks)
    loop = f"Forecast in closed loop: {in_units(scores['loop'])}."
    return f"Loss curves: {size}. Validation {in_units(scores['validation'])}; {beside}. {loop}"


def _inside(
    run: Run, what: str, layer: int, reference: Record | None
) -> tuple[str, np.ndarray, int]:
    """A title, gates or states (time, units), and the lower end of their colours."""
    title, values = run.inside(layer, what)
    low = 0 if title.endswith(("gate", "keep)")) else -1
    if reference is None:
        return title, values, low
    other, its = run.inside(layer, what, reference.model)
    if (other, its.shape) != (title, values.shape):
        return f"{title} (run {reference.number} has other units: no difference)", values, low
    return f"{title}, minus run {reference.number}'s,", values - its, -1
