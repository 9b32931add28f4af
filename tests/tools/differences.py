"""What differs between the stored results of a notebook and those of a fresh run."""

from __future__ import annotations

import base64
import configparser
import difflib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nbformat import NotebookNode
from PIL import Image

SANITIZE = Path(__file__).resolve().parents[1] / "sanitize.cfg"


@dataclass(frozen=True)
class Difference:
    """In the results of a cell: a line of text, or a picture.

    `must` is False where the two may differ: in a number behind ≈, which depends on the processor,
    and in a picture, which may show such numbers. `stored` and `fresh` are a line's text, or PNG.
    """

    cell: str
    must: bool
    stored: str | bytes
    fresh: str | bytes

    def __str__(self) -> str:
        if isinstance(self.stored, bytes):
            return f"  {self.cell}: a picture, by {apart(self.stored, self.fresh):.1f} of 255"
        sign = "!" if self.must else " "
        return f"{sign} {self.cell}: {self.stored!r}\n{sign} {' ' * len(self.cell)}  {self.fresh!r}"


def differences(stored: NotebookNode, fresh: NotebookNode) -> Iterator[Difference]:
    """All differences between the results of two notebooks that have the same code cells."""
    for old, new in _pairs(stored, fresh):
        yield from in_text(old, new)
        pictures, shown = _pictures(old), _pictures(new)
        if len(pictures) != len(shown):
            counts = (f"{len(each)} pictures" for each in (pictures, shown))
            yield Difference(old.id, True, *counts)
        else:
            pairs = zip(pictures, shown, strict=True)
            yield from (Difference(old.id, False, *pair) for pair in pairs if len({*pair}) > 1)


def first_wrong_text(stored: NotebookNode, fresh: NotebookNode) -> Difference | None:
    """The first text that differs and must not; pictures are not looked at."""
    every = (each for pair in _pairs(stored, fresh) for each in in_text(*pair))
    return next((each for each in every if each.must), None)


def _pairs(stored: NotebookNode, fresh: NotebookNode) -> Iterator[tuple]:
    cells = [[c for c in nb.cells if c.cell_type == "code"] for nb in (stored, fresh)]
    return zip(*cells, strict=True)


def in_text(old: NotebookNode, new: NotebookNode) -> Iterator[Difference]:
    """Differences between the lines that two cells give."""
    lines, now = _lines(old), _lines(new)
    masked = [[masking(line) for line in each] for each in (lines, now)]
    matcher = difflib.SequenceMatcher(None, *masked, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(lines[a:b], now[c:d], strict=True)
            yield from (Difference(old.id, False, *pair) for pair in pairs if len({*pair}) > 1)
        else:
            yield Difference(old.id, True, "\n".join(lines[a:b]), "\n".join(now[c:d]))


def masking(line: str) -> str:
    """A line as nbval compares it: without the numbers that depend on the processor."""
    config = configparser.ConfigParser()
    config.read(SANITIZE, encoding="utf-8")
    for section in config.sections():
        line = re.sub(config[section]["regex"], config[section]["replace"], line)
    return line


def _lines(cell: NotebookNode) -> list[str]:
    texts = (o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in cell.outputs)
    return "".join(text.rstrip("\n") + "\n" for text in texts if text).splitlines()


def _pictures(cell: NotebookNode) -> list[bytes]:
    found = (output.get("data", {}).get("image/png") for output in cell.outputs)
    return [base64.b64decode(png) for png in found if png]


def apart(png: bytes, other: bytes) -> float:
    """Mean difference of two pictures, of 255; 255 if their sizes differ."""
    a, b = (np.asarray(Image.open(io.BytesIO(p)).convert("RGB"), dtype=int) for p in (png, other))
    return float(np.abs(a - b).mean()) if a.shape == b.shape else 255.0


def side_by_side(png: bytes, other: bytes) -> bytes:
    """Two pictures in one: the stored left, the fresh right."""
    pictures = [Image.open(io.BytesIO(each)).convert("RGB") for each in (png, other)]
    size = sum(each.width for each in pictures), max(each.height for each in pictures)
    both, buffer = Image.new("RGB", size, "white"), io.BytesIO()
    both.paste(pictures[0], (0, 0))
    both.paste(pictures[1], (pictures[0].width, 0))
    both.save(buffer, "PNG")
    return buffer.getvalue()
