"""The explorers: sliders beside one picture, without and with a kernel."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Callable

import ipywidgets as widgets
import pytest
from bs4 import BeautifulSoup

import sweep
from accessible import SCRIPT, accessible
from explorer import Explorer, Live, show_text
from kernel import PATH, Kernel
from texts import MARKUP, shown_texts


def draw_line(figure):
    ax = figure.subplots()
    (line,) = ax.plot([0, 1], [0, 0])
    ax.set_ylim(0, 10)
    return lambda height: line.set_ydata([0, height])


def draw_fault(figure):
    def update(x):
        if x == 2:
            raise ValueError(f"two is not drawn {MARKUP}")

    return update


def height() -> widgets.IntSlider:
    return widgets.IntSlider(1, 0, 10, description="height")


def test_explorer_draws_in_turn_and_not_in_the_callback() -> None:
    explorer = Explorer(draw_line, height=height())
    before = explorer.still()
    explorer.controls["height"].value = 9
    assert explorer.still() == before
    explorer.turn()
    assert explorer.still() != before
    explorer.close()


def test_one_turn_draws_all_that_was_moved() -> None:
    drawn = []
    sliders = {name: widgets.IntSlider(1, 0, 10) for name in ("a", "b")}
    explorer = Explorer(lambda figure: lambda **values: drawn.append(values), **sliders)
    sliders["a"].value, sliders["b"].value = 3, 5
    explorer.turn()
    assert drawn == [{"a": 1, "b": 1}, {"a": 3, "b": 5}]
    explorer.close()


def test_words_are_text_strong_ones_too() -> None:
    line = widgets.HTML()
    show_text(line, MARKUP, strong=MARKUP)
    assert line.value.startswith("<b>&lt;") and "<img" not in line.value
    show_text(line, "")
    assert line.value == ""


def test_what_makes_a_box_accessible_is_hidden_and_whole() -> None:
    box = widgets.VBox()
    hidden = accessible(box)
    assert "lstm-accessible" in box._dom_classes
    assert {"lstm-hidden", "lstm-script"} <= {*hidden._dom_classes}
    (element,) = BeautifulSoup(hidden.value, "html.parser")("i")
    assert element["onanimationstart"] == SCRIPT


def test_a_control_without_a_description_has_its_name() -> None:
    explorer = Explorer(draw_line, height=widgets.IntSlider(1, 0, 10))
    assert explorer.controls["height"].description == "height"
    explorer.close()


def test_two_explorers_whose_functions_share_a_name_live_side_by_side() -> None:
    first, second = Explorer(draw_line, height=height()), Explorer(draw_line, height=height())
    assert first.comm is not None
    assert Live.living()[-2:] == [first, second]
    first.close()
    assert first not in Live.living()
    second.close()


def test_explorer_stores_a_picture_and_a_note_for_readers_without_a_kernel() -> None:
    explorer = Explorer(draw_line, height=height())
    bundle = explorer._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
    assert "height" in bundle["text/plain"]
    explorer.close()


def test_a_fault_is_shown_as_text_until_a_picture_succeeds() -> None:
    async def story() -> list[str]:
        explorer = Explorer(draw_fault, x=widgets.IntSlider(1, 0, 10, description="x"))
        texts = []
        for x, seconds in ((2, 0.3), (3, 0.1)):
            explorer.controls["x"].value = x
            await asyncio.sleep(seconds)
            texts += shown_texts(explorer)
        explorer.close()
        return texts

    fault, after = asyncio.run(story())
    assert fault.startswith("ValueError: two is not drawn &lt;img")
    assert after == ""


def test_the_task_sleeps_until_there_is_a_message() -> None:
    async def story() -> tuple[int, int]:
        explorer, turns = Explorer(draw_line, height=height()), []
        turn = explorer.turn
        explorer.turn = lambda: turns.append(1) or turn()
        await asyncio.sleep(0.2)
        idle = len(turns)
        explorer.controls["height"].value = 5
        await asyncio.sleep(0.05)
        explorer.close()
        return idle, len(turns)

    idle, after = asyncio.run(story())
    assert idle <= 1
    assert after > idle


def test_what_is_closed_acts_no_more() -> None:
    async def story() -> list[str]:
        explorer = Explorer(draw_line, height=height())
        await asyncio.sleep(0)
        explorer.close()
        await asyncio.sleep(0)
        return [task.get_name() for task in asyncio.all_tasks()]

    assert "Explorer" not in asyncio.run(story())


@pytest.mark.parametrize(
    ("draw", "controls", "message"),
    [
        (lambda figure: None, {"x": height()}, "draw has returned None; allowed: a function"),
        (draw_line, {"height": 3}, "height is 3; allowed: a widget with a value"),
        (draw_line, {"other": height()}, "unexpected keyword"),
    ],
    ids=["no update", "no widget", "other name"],
)
def test_a_constructor_that_fails_leaves_nothing_behind(draw, controls, message, capsys) -> None:
    before = Live.living()
    with pytest.raises((ValueError, TypeError), match=message):
        Explorer(draw, **controls)
    gc.collect()
    assert Live.living() == before
    for control in controls.values():
        assert not isinstance(control, widgets.Widget) or control.comm is None
    assert "Exception ignored" not in capsys.readouterr().err


# ==== In a kernel: which cell an explorer belongs to

DRAW = (
    PATH
    + """import ipywidgets as widgets
from explorer import Explorer, Live
def draw(figure):
    return lambda x: None
def make():
    return Explorer(draw, x=widgets.IntSlider())
"""
)
ALIVE = "print([one.model_id for one in Live.living()])"


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    kernel.run(DRAW)
    yield kernel
    kernel.close()


@pytest.mark.parametrize("named", [True, False], ids=["cellId", "no cellId"])
def test_a_cell_run_again_closes_what_it_made_and_no_other(kernel, named: bool) -> None:
    kernel.run("for one in Live.living(): one.close()")
    cells = {"a": "first, second = make(), make()  # two in one cell", "b": "third = make()"}

    def run(cell: str) -> list[str]:
        kernel.run(cells[cell], **({"cellId": cell} if named else {}))
        return json.loads(kernel.run(ALIVE).replace("'", '"'))

    two = run("a")
    assert len(two) == 2
    three = run("b")
    assert three[:2] == two
    again = run("a")
    assert len(again) == 3
    assert not set(two) & set(again)
    assert three[2] in again


def test_a_fault_in_a_kernel_is_survived(kernel) -> None:
    kernel.run("""def fails(figure):
    def update(x):
        if x == 2:
            raise ValueError("two")
    return update
e = Explorer(fails, x=widgets.IntSlider(1))""")
    model = kernel.run("print(e.controls['x'].model_id)")
    for value, fault in ((2, "ValueError: two"), (3, "")):
        kernel.move(model, {"value": value})
        time.sleep(0.3)
        assert kernel.run("print(e.values['x'], e.children[0].children[-1].value)").split(
            maxsplit=1
        ) == [str(value), *([fault] if fault else [])]
    kernel.quiet()


# ==== The sweep, which every lesson's explorers go through


def test_an_explorer_that_is_missing_is_seen() -> None:
    alive = len(Explorer.living())
    assert f"{alive} explorers alive, not {alive + 1}" in sweep.problems(alive + 1)


def follower(update: Callable, x: widgets.ValueWidget) -> Explorer:
    """An explorer whose picture is a line; `update` is given the line and the slider's value."""

    def draw_line(figure):
        (line,) = figure.subplots().plot([0, 0])
        return lambda x: update(line, x)

    return Explorer(draw_line, figsize=(2, 1), x=x)


def rise(line, x) -> None:
    line.set_ydata([0, x / 100])


def fail_at_the_end(line, x) -> None:
    if x == 100:
        raise ValueError("too far")
    rise(line, x)


def wander(line, x) -> None:
    line.set_ydata([0, line.get_ydata()[1] + 0.001])


@pytest.mark.parametrize(
    "control",
    [
        widgets.IntSlider(50),
        widgets.FloatLogSlider(10, min=0, max=2),
        widgets.SelectionSlider(options=[1, 50, 100]),
        widgets.Dropdown(options=[("low", 1), ("high", 100)]),
        widgets.Checkbox(),
    ],
    ids=lambda control: type(control).__name__,
)
def test_live_control_passes(control) -> None:
    assert sweep.check_explorer(follower(rise, control)) == []


@pytest.mark.parametrize(
    ("update", "word"),
    [
        (lambda line, x: None, "x does not change the picture"),
        (fail_at_the_end, "{'x': 100} raises ValueError('too far')"),
        (wander, "x, moved back, does not give the first picture again"),
    ],
    ids=["dead", "fails at its maximum", "wanders"],
)
def test_broken_slider_is_seen(update: Callable, word: str) -> None:
    assert word in sweep.check_explorer(follower(update, widgets.IntSlider(50)))


def test_an_explorer_is_set_in_a_cell_where_no_picture_comes_between_cells() -> None:
    def draw(figure):
        (line,) = figure.subplots().plot([0, 1], [0, 1])
        return lambda slope: line.set_ydata([0, slope])

    explorer = Explorer(draw, slope=widgets.IntSlider(1, 0, 9))
    before = explorer.image.value
    assert explorer.set(slope=3).data == explorer.image.value != before
    assert explorer.set(slope=1).data == before
    with pytest.raises(ValueError, match="the name of a control is 'slop'; allowed: slope"):
        explorer.set(slop=3)
    explorer.close()
