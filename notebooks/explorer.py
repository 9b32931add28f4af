"""Widgets that stay alive: sliders beside one picture, and what the playground shares with them.

Front ends may deliver a widget's message on a thread of its own, where drawing is not safe. So a
callback only leaves the message in a mailbox, which wakes one task on the kernel's main loop; the
task acts and draws. It sleeps for as long as nothing is due.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import html
import io
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import ClassVar

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import Image as Picture
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from accessible import accessible


class Mailbox(deque):
    """What the callbacks leave: (name, value), from any thread. Each message wakes the task."""

    def __init__(self) -> None:
        super().__init__()
        self.wake: Callable[[], object] = lambda: None

    def append(self, message: tuple[str, object]) -> None:
        super().append(message)
        self.wake()


class Live(widgets.Box):
    """A box of widgets that act on the messages in their mailbox, in `turn`.

    A subclass builds itself inside ``with self.starting():``, so that one which fails leaves
    nothing behind, and defines `turn`, `still` and `show_fault`. A cell that is run again
    closes what it made before; outside a notebook nothing is closed but by `close`.
    """

    stand_in = "run the notebook to use it"  # for readers without a kernel
    _places: ClassVar[dict[Hashable, tuple[Hashable, list[Live]]]] = {}
    _task: asyncio.Task | None = None

    @classmethod
    def living(cls) -> list[Live]:
        """All that are alive, in the order in which they were made within each cell."""
        return [live for _, made in Live._places.values() for live in made if isinstance(live, cls)]

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        super().__init__()
        self.mailbox, self.faults = Mailbox(), deque(maxlen=20)
        try:
            yield
        except BaseException:
            self.close()
            raise
        place, visit = self._place()
        before, made = Live._places.get(place, (visit, []))
        if before != visit:
            for earlier in list(made):
                earlier.close()
            made = []
        made.append(self)
        Live._places[place] = (visit, made)
        with contextlib.suppress(RuntimeError):  # no loop, as in a plain script: call turn by hand
            loop = asyncio.get_running_loop()
            self._awake = asyncio.Event()
            self.mailbox.wake = lambda: _call_soon(loop, self._awake.set)
            self._task = loop.create_task(self._live(), name=type(self).__name__)

    def _place(self) -> tuple[Hashable, Hashable]:
        """The cell that is running, and how many cells have run: another visit closes the first."""
        shell = get_ipython()
        if not hasattr(shell, "get_parent"):
            return self.model_id, None
        cell = shell.get_parent().get("metadata", {}).get("cellId")
        return cell or shell.user_ns["In"][-1], shell.execution_count

    def _post(self, name: str, value) -> None:
        self.mailbox.append((name, value))

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._awake.clear()
            try:
                pause = self.turn()
            except Exception as error:  # shown, and the controls go on working
                self.faults.append(repr(error))
                self.show_fault(error)
                pause = None
            if pause == 0:  # a message takes the loop a few rounds, not a millisecond's rest
                for _ in range(5):
                    await asyncio.sleep(0)
                continue
            alarm = None if pause is None else loop.call_later(pause, self._awake.set)
            await self._awake.wait()
            if alarm:
                alarm.cancel()

    def turn(self) -> float | None:
        """Act on what is in the mailbox; seconds until something is due, None for nothing."""
        raise NotImplementedError

    def still(self) -> bytes:
        """The picture, as PNG, that stands for the widget where there is no kernel."""
        raise NotImplementedError

    def show_fault(self, error: Exception) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """End the task and remove the widgets from the page."""
        if self._task:
            self._task.cancel()
        for place, (_, made) in list(Live._places.items()):
            if self in made:
                made.remove(self)
            if not made:
                del Live._places[place]
        for widget in _descendants(self):
            widget.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["text/plain"] = self.stand_in
        bundle["image/png"] = base64.b64encode(self.image.value).decode()
        return bundle


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody is left to act
        loop.call_soon_threadsafe(function)


def _descendants(box: widgets.Box) -> list[widgets.Widget]:
    found = []
    for child in box.children:
        found += [*_descendants(child), child] if isinstance(child, widgets.Box) else [child]
    return found


def show_text(widget: widgets.HTML, text: str, strong: str = "") -> None:
    """Show text as text: whatever somebody typed, or an exception says, must not act as markup."""
    bold = f"<b>{html.escape(strong)}</b> " if strong else ""
    widget.value = bold + html.escape(text)


class Explorer(Live):
    """Controls beside one picture that follows them.

    ``draw(figure)`` is called once. It draws the picture on a `matplotlib.figure.Figure` and
    returns ``update(**values)``, which changes it to the controls' values; the keywords are the
    controls' names, which label those without a description. Where there is no event loop, `turn`
    draws what the controls' messages ask. Raises ValueError if `draw` returns no function, or a
    control has no value.
    """

    def __init__(
        self,
        draw: Callable[[Figure], Callable[..., None]],
        figsize: tuple[float, float] = (6.6, 3.6),
        **controls: widgets.ValueWidget,
    ) -> None:
        with self.starting():
            for name, control in controls.items():
                if not isinstance(control, widgets.ValueWidget):
                    raise ValueError(f"{name} is {control!r}; allowed: a widget with a value")
                control.description = control.description or name
                # Without one, ipywidgets writes "null"
                control.tooltip = control.tooltip or control.description
            dpi = plt.rcParams["figure.dpi"]
            self.controls = controls
            self.image, self._note = _picture(round(figsize[0] * dpi)), widgets.HTML()
            self._note.add_class("lstm-status")
            column = widgets.VBox([*controls.values(), self._note])
            column.layout.flex = "0 1 310px"
            self.children = [column, self.image, accessible(self)]
            self.layout.flex_flow, self.layout.align_items = "row wrap", "center"
            self.figure = Figure(figsize=figsize, dpi=dpi, layout="none")
            self.canvas = FigureCanvasAgg(self.figure)
            self._update = draw(self.figure)
            if not callable(self._update):
                message = (
                    f"draw has returned {self._update!r}; allowed: a function update(**values)"
                )
                raise ValueError(message)
            self.values = {name: control.value for name, control in controls.items()}
            self._redraw()
            labels = ", ".join(control.description for control in controls.values())
            self.stand_in = f"Sliders ({labels}) beside a picture: run the notebook to move them"
            for name, control in controls.items():
                control.style = {"description_width": "112px"}
                control.observe(lambda c, name=name: self._post(name, c["new"]), names="value")

    def turn(self) -> None:
        """Draw once for all the changes that have come in since the last call."""
        if self.mailbox:
            while self.mailbox:
                name, value = self.mailbox.popleft()
                self.values[name] = value
            self._redraw()
            show_text(self._note, "")

    def set(self, **values) -> Picture:
        """Set controls by name, and give the picture: for where none comes between two cells.

        Raises ValueError for a name that is no control's.
        """
        for name, value in values.items():
            if name not in self.controls:
                allowed = ", ".join(self.controls)
                raise ValueError(f"the name of a control is {name!r}; allowed: {allowed}")
            self.controls[name].value = value
        self.turn()
        return Picture(self.image.value)

    def _redraw(self) -> None:
        self._update(**self.values)
        self.canvas.draw()
        buffer = io.BytesIO()
        picture = Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB")
        picture.save(buffer, "PNG", compress_level=1)
        self.image.value = buffer.getvalue()

    def still(self) -> bytes:
        return self.image.value

    def show_fault(self, error: Exception) -> None:
        """Beside the picture, until a picture succeeds; the sliders go on working."""
        show_text(self._note, f"{type(error).__name__}: {error}")


def _picture(width: int) -> widgets.Image:
    """An image of `width` pixels that shrinks where there is less room, and then wraps below."""
    layout = {"flex": "1 1 440px", "min_width": "0", "max_width": f"{width}px", "margin": "0 8px"}
    return widgets.Image(format="png", layout=layout)
