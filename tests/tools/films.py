"""Films: an explorer's picture at the positions of its sliders, for pages without a kernel.

A film is plain data, for JSON. Its pictures have few colours; one picture lies below, and each
frame holds only what differs from it, as a lossless WebP that is transparent elsewhere.

    controls   of each slider: label, the text of each position, and the position at the start
    grid       True: a frame for each combination, the last slider the fastest;
               False: a list for each slider, the others where they start
    at         the number of the frame, for each position in that order
    full       whether every position that the slider has in the notebook is there
    still      labels of the sliders that are left where they start
    size, below, frames
"""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PIL import Image

COLOURS = 32
GRID = 256  # frames at most of one explorer
LINE = 40  # positions at most of one slider, where there are too many combinations


def positions(control) -> tuple[list, list[str], int]:
    """All values of a control, their texts, and which of them it has now."""
    if hasattr(control, "options"):
        return list(control._options_values), list(control._options_labels), control.index
    count = round((control.max - control.min) / control.step) + 1
    kind = type(control.value)
    values = [kind(round(control.min + k * control.step, 10)) for k in range(count)]
    texts = [format(value, control.readout_format) for value in values]
    return values, texts, min(range(count), key=lambda k: abs(values[k] - control.value))


def thinned(count: int, start: int, most: int) -> list[int]:
    """At most `most` of `count` positions, evenly, with both ends and the start among them."""
    if count <= most:
        return list(range(count))
    even = np.linspace(0, count - 1, most).round().astype(int).tolist()
    inner = min(range(1, most - 1), key=lambda k: abs(even[k] - start), default=0)
    if start not in even:
        even[inner] = start
    return sorted({*even})


def plan(
    counts: Sequence[int], starts: Sequence[int], most: int, together: bool = False
) -> tuple[bool, list]:
    """Whether all combinations are shown, and the positions of each slider that are.

    Up to three sliders get a grid, with fewer positions of the longer ones if need be: a text may
    ask for two that are moved together. Of more with too many combinations, each moves alone,
    unless they are to move `together`.
    """
    if math.prod(counts) <= most or len(counts) <= 3 or together:
        allowed = list(counts)
        while math.prod(allowed) > most:
            longest = max(range(len(allowed)), key=allowed.__getitem__)
            allowed[longest] -= 1
        return True, [thinned(*each) for each in zip(counts, starts, allowed, strict=True)]
    each = min(LINE, most // len(counts))
    return False, [thinned(count, start, each) for count, start in zip(counts, starts, strict=True)]


def film_of(explorer, room: int, chosen: Sequence[Sequence[str]] = ()) -> dict:
    """A film of at most `room` bytes, with as many positions as that has room for.

    `chosen` has names of controls that move together, while all others stand still: the first
    that names controls of this explorer counts.
    """
    moved = next((names for names in chosen if {*names} <= {*explorer.controls}), ())
    few = _film_of(explorer, 24, moved)
    most = GRID
    while True:
        each = len(json.dumps(few)) / len(few["frames"])
        most = min(most, int(0.95 * room / each))
        film = _film_of(explorer, most, moved)
        if len(json.dumps(film)) <= room:
            return film
        few, most = film, most - 1


def _film_of(explorer, most: int, moved: Sequence[str]) -> dict:
    """Move an explorer through its positions; it is left as it was."""
    names = [name for name in explorer.controls if name in moved or not moved]
    controls = [explorer.controls[name] for name in names]
    found = [positions(control) for control in controls]
    starts = [start for _, _, start in found]
    grid, kept = plan([len(values) for values, _, _ in found], starts, most, bool(moved))

    def pictures(moves: Iterable[Sequence[int]]) -> Iterator[np.ndarray]:
        for move in moves:
            values = {n: f[0][k] for n, f, k in zip(names, found, move, strict=True)}
            yield picture_of(explorer.set(**values).data)

    moves = list(itertools.product(*kept) if grid else alone(kept, starts))
    ends = [[places[0], places[-1]] for places in kept]
    film = encoded(pictures(moves), [*pictures([starts]), *pictures(alone(ends, starts))])
    explorer.set(**{n: values[start] for n, (values, _, start) in zip(names, found, strict=True)})
    if not grid:
        at, film["at"] = iter(film["at"]), []
        film["at"] = [list(itertools.islice(at, len(places))) for places in kept]
    film["controls"] = [
        {
            "label": control.description,
            "texts": [texts[k] for k in places],
            "start": places.index(start),
        }
        for control, (_, texts, start), places in zip(controls, found, kept, strict=True)
    ]
    full = [len(p) == len(values) for p, (values, _, _) in zip(kept, found, strict=True)]
    still = [c.description for name, c in explorer.controls.items() if name not in names]
    return film | {"grid": grid, "full": all(full), "still": still}


def alone(kept: Sequence[Sequence[int]], starts: Sequence[int]) -> Iterator[list[int]]:
    """Each slider through its positions, the others where they start."""
    for k, places in enumerate(kept):
        for place in places:
            yield [*starts[:k], place, *starts[k + 1 :]]


def picture_of(png: bytes) -> np.ndarray:
    """RGB values, (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def encoded(pictures: Iterable[np.ndarray], sample: Sequence[np.ndarray]) -> dict:
    """Size, picture below, frames, and which frame each picture is; equal ones are kept once.

    The colours are those of the pictures in `sample`.
    """
    palette = few_colours(sample)
    indices, at, seen = [], [], {}
    for picture in pictures:
        key = hashlib.sha256(picture.tobytes()).digest()
        if key not in seen:
            seen[key] = len(indices)
            few = Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
            indices.append(np.asarray(few, dtype=np.uint8))
        at.append(seen[key])
    stack = np.stack(indices)
    counts = np.stack([(stack == colour).sum(0, dtype=np.uint16) for colour in range(COLOURS)])
    below = counts.argmax(0).astype(np.uint8)
    table = np.zeros((COLOURS, 3), np.uint8)
    colours = np.array(palette.getpalette(), np.uint8).reshape(-1, 3)[:COLOURS]
    table[: len(colours)] = colours
    frames = [
        webp(np.dstack([table[index], 255 * (index != below).astype(np.uint8)])) for index in stack
    ]
    size = [below.shape[1], below.shape[0]]
    return {"size": size, "below": webp(table[below]), "frames": frames, "at": at}


def few_colours(sample: Sequence[np.ndarray]) -> Image.Image:
    """An image whose palette does for these pictures; what is nearly white is white.

    A colour counts by the root of its area: else the many shades of grey at the edges of letters
    take the places of a thin coloured line.
    """
    found, counts = np.unique(
        np.concatenate([p.reshape(-1, 3) for p in sample]), axis=0, return_counts=True
    )
    pixels = np.repeat(found, np.ceil(np.sqrt(counts)).astype(int), axis=0)
    image = Image.fromarray(pixels[None]).quantize(COLOURS, dither=Image.Dither.NONE)
    palette = np.array(image.getpalette(), dtype=np.uint8).reshape(-1, 3)
    palette[(palette >= 248).all(1)] = 255
    image.putpalette(palette.ravel().tolist())
    return image


def webp(pixels: np.ndarray) -> str:
    """RGB or RGBA values as a lossless WebP, in base64."""
    pixels = pixels.copy()
    if pixels.shape[-1] == 4:
        pixels[pixels[..., 3] == 0] = 0  # what is not seen costs nothing
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=True, quality=80, method=4)
    return base64.b64encode(buffer.getvalue()).decode()


def decoded(film: dict, number: int) -> np.ndarray:
    """A frame over the picture below, as a browser shows it: RGB values."""
    below, over = (
        Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA")
        for text in (film["below"], film["frames"][number])
    )
    return np.asarray(Image.alpha_composite(below, over).convert("RGB"))
