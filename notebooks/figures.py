"""The figures' style: one meaning a colour, names beside lines, a row of dots for each setting."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from matplotlib.ticker import LogLocator

from experiments import verdict

# Okabe and Ito's colours, apart for colour-blind readers too.
COLORS = {"truth": "#1A1A1A", "LSTM": "#0072B2", "RNN": "#D55E00", "GRU": "#009E73"}
COLORS |= {"forget": "#E69F00", "input": "#56B4E9", "output": "#CC79A7", "candidate": "#F0E442"}
COLORS |= {"baseline": "#7F7F7F", "shade": "#EFEFEF"}


def use_style() -> None:
    """Opaque white figures that read at 100 %, in cells even where MPLBACKEND=Agg hides them.

    From here on a NameError in a cell says what to do, too.
    """
    if hasattr(get_ipython(), "kernel"):
        if plt.get_backend().lower() == "agg":
            get_ipython().run_line_magic("matplotlib", "inline")
        get_ipython().set_custom_exc((NameError,), _show_name_error)
    plt.rc("figure", figsize=(8.4, 3.2), dpi=110, facecolor="white")
    plt.rc("figure.constrained_layout", use=True)
    plt.rc("savefig", facecolor="white")
    plt.rc("font", size=10.5)
    plt.rc("axes", titlesize=11.5, titlelocation="left", titleweight="bold")
    plt.rc("axes", edgecolor="#555555", labelcolor="#333333")
    plt.rc("axes.spines", top=False, right=False)
    plt.rc(("xtick", "ytick"), color="#555555")
    plt.rc("lines", linewidth=1.8, solid_capstyle="round")
    plt.rc("legend", frameon=False)


def _show_name_error(shell, kind, error, traceback, tb_offset=None) -> None:
    """As ever, with a hint: mostly a cell above has not run."""
    advice = "If a cell above defines it, choose Run > Run All Above Selected Cell."
    error.args = (f"{error}. {advice}",)
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)


def label(ax, x: float, y: float, text: str, color: str, **kwargs) -> None:
    """Write `text` in the colour of its line at data coordinates (x, y), haloed in white."""
    halo = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    ax.text(x, y, text, color=color, bbox=halo, **{"va": "center", "fontsize": 10, **kwargs})


def shade_future(ax, start: float, end: float) -> None:
    """Shade the future, from the forecast origin `start` to `end`, behind everything else."""
    ax.axvspan(start, end, color=COLORS["shade"], linewidth=0, zorder=0)
    ax.axvline(start, color="#999999", linewidth=0.8, zorder=0)


def dots(ax, results: dict, colors: dict | None = None) -> None:
    """A row for each of `results`, {name: values}: a dot a seed, and a bar at their median."""
    for row, (name, values) in enumerate(results.items()):
        color = colors[name] if colors else COLORS["LSTM"]
        ax.plot(values, [row] * len(values), "o", color=color, alpha=0.5, markersize=6)
        ax.plot(np.median(values), row, "|", color=COLORS["truth"], markersize=15)
    ax.set_yticks(range(len(results)), results)
    ax.set_ylim(len(results) - 0.4, -0.6)
    ax.grid(axis="x", color="#EEEEEE")


def compare(ax, results: dict, xlabel: str) -> None:
    """`dots` beside the medians and each row's `verdict` against the first, whose range is shaded.

    Errors on a log axis, {name: values}, a value a seed. The medians have as many decimals as
    give the smallest three digits, with their points below each other.
    """
    dots(ax, results)
    medians = [np.median(values) for values in results.values()]
    decimals = max(0, 2 - int(np.floor(np.log10(min(medians)))))
    texts = [f"{median:.{decimals}f}" for median in medians]
    widest = max(map(len, texts))
    first = next(iter(results.values()))
    ax.axvspan(np.min(first), np.max(first), color=COLORS["shade"], linewidth=0, zorder=0)
    for row, values in enumerate(results.values()):
        # A figure space is as wide as a digit.
        text = texts[row].rjust(widest, "\N{FIGURE SPACE}") + "  "
        text += verdict(values, first) if row else "the yardstick"
        ax.text(1.02, row, text, transform=ax.get_yaxis_transform(), va="center")
    ends = [end(values) for end in (np.min, np.max) for values in results.values()]
    ax.set(xscale="log", xlabel=xlabel, xlim=(min(ends) / 1.1, max(ends) * 1.1))
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
