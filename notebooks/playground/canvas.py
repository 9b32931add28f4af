"""One figure in layers: only what changes is drawn anew, over a copy of what does not."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from figures import COLORS
from helpers import CELLS

REFERENCE = "#7B3FA0"  # an earlier run, to which this one is compared
FRESH = (480, 240)  # pixels at the left and top, within which all that is fast is drawn


class Canvas:
    """A figure whose artists belong to one of three groups, each drawn over those before.

    `settled`: new with the settings; `slow`: new every second or two; `fast`: new in every
    picture, within `FRESH`.
    """

    def __init__(self) -> None:
        self.figure = Figure(figsize=(8.0, 5.2), dpi=100, facecolor="white", layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self.settled: list = []
        self.slow: list = []
        self.fast: list = []
        file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
        self._font = ImageFont.truetype(file, 12.5)
        self._palette = _palette()

    def axes(self, place: list[float], title: str):
        ax = self.figure.add_axes(place)
        # Whatever a lesson's style says: words stand beside the title.
        ax.set_title(title, loc="left", fontsize=10, weight="normal", color="#333333")
        ax.tick_params(labelsize=8.5, colors="#555555")
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def line(self, group: list, ax, color: str, style: str = "-", width: float = 1.6, **kwargs):
        (line,) = ax.plot([], [], style, color=color, lw=width, animated=True, **kwargs)
        group.append(line)
        return line

    def text(self, group: list, x: float, y: float, text: str, ax=None, **kwargs):
        owner = ax or self.figure
        kwargs = {"fontsize": 8.5, "va": "center", "animated": True, **kwargs}
        group.append(owner.text(x, y, text, **kwargs))
        return group[-1]

    def start(self) -> None:
        """Draw what never changes, when all axes are there."""
        self.canvas.draw()
        self._base = self.canvas.copy_from_bbox(self.figure.bbox)

    def paint_settled(self) -> None:
        self._with_settled = self._paint(self._base, self.settled)

    def paint_slow(self) -> None:
        self._with_slow = self._paint(self._with_settled, self.slow)
        self._still = self._in_few_colours(self._image(*self.canvas.get_width_height()))

    def paint_fast(self) -> None:
        self._paint(self._with_slow, self.fast, copy=False)

    def _paint(self, background, artists: list, copy: bool = True):
        self.canvas.restore_region(background)
        renderer = self.canvas.get_renderer()
        for artist in artists:
            artist.draw(renderer)  # an empty text or line costs next to nothing
        return self.canvas.copy_from_bbox(self.figure.bbox) if copy else None

    def picture(self, *words: tuple[tuple[int, int], str]) -> bytes:
        """The picture as PNG, in the colours of `_palette`: half the time and size of all.

        `words`, each with its place, are written by Pillow, ten times as fast as by matplotlib.
        """
        fresh, picture, buffer = self._image(*FRESH), self._still.copy(), io.BytesIO()
        for place, text in words:
            ImageDraw.Draw(fresh).text(place, text, "black", self._font)
        picture.paste(self._in_few_colours(fresh))
        picture.save(buffer, "png", compress_level=1)
        return buffer.getvalue()

    def _image(self, width: int, height: int) -> Image.Image:
        """What is drawn so far, at the left and top."""
        drawn = np.asarray(self.canvas.buffer_rgba())[:height, :width]
        return Image.fromarray(drawn).convert("RGB")

    def _in_few_colours(self, image: Image.Image) -> Image.Image:
        return image.quantize(palette=self._palette, dither=Image.Dither.NONE)


def _palette() -> Image.Image:
    """256 colours: cividis, greys, and each line's colour fading into white or shade.

    Pillow looks colours up in steps of 8, so no grey comes near white or shade.
    """
    parts = [matplotlib.colormaps["cividis"](np.linspace(0, 1, 112))[:, :3]]
    parts.append(np.linspace(0, 0.86, 48)[:, None] * np.ones(3))
    colors = [*(COLORS[cell] for cell in CELLS), REFERENCE]
    for color, ground in itertools.product(colors, ("white", COLORS["shade"])):
        ends = [matplotlib.colors.to_rgb(c) for c in (color, ground)]
        parts.append(np.linspace(*ends, 12))
    image = Image.new("P", (1, 1))
    image.putpalette((255 * np.concatenate(parts)).round().astype(np.uint8).tobytes())
    return image
