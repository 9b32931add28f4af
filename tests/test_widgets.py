"""The playground's widgets, without a kernel: turns are taken by hand."""

from __future__ import annotations

import asyncio
import base64
import datetime
import html
import re
import time

import ipywidgets as widgets
import pytest
import torch

from playground import CONTROLS, PRESETS, Playground, from_text, to_script
from playground.app import PICTURES
from playground.challenges import CHALLENGES
from playground.panel import PARTS_TO_HIDE
from playground.settings import is_live, label_of
from texts import MARKUP, shown_texts

torch.set_num_threads(1)


@pytest.fixture
def made():
    made = []

    def make(**settings) -> Playground:
        made.append(Playground(**settings))
        return made[-1]

    yield make
    for playground in made:
        playground.close()


def turn_until(playground: Playground, done, seconds: float = 60) -> None:
    """What the task on the kernel's loop does, until something is done."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        playground.turn()
    assert done()


def finish(playground: Playground) -> None:
    turn_until(playground, lambda: playground.session.run.ended and not playground.mailbox)
    for _ in range(3):
        playground.turn()


def all_widgets(box: widgets.Box) -> list[widgets.Widget]:
    found = []
    for child in box.children:
        found += [*all_widgets(child), child] if isinstance(child, widgets.Box) else [child]
    return found


def test_every_label_on_a_control_reads_back_as_its_value(made) -> None:
    """A menu showed 2 for a forget bias of -2 once."""
    for name, widget in made().controls.items():
        assert [value for _, value in widget.options] == list(CONTROLS[name].options)
        for label, value in widget.options:
            assert label == label_of(value)
            assert isinstance(value, str) or float(label) == value


def test_a_control_is_a_slider_if_its_options_are_numbers_however_many() -> None:
    from playground.panel import make_control
    from playground.settings import Control

    for options, kind in [
        ((1, 2), widgets.SelectionSlider),
        (tuple(range(30)), widgets.SelectionSlider),
        (("a", "b"), widgets.Dropdown),
        (tuple("abcdefghijkl"), widgets.Dropdown),
        (("off", 1.0), widgets.Dropdown),
    ]:
        control = Control("x", "Signal", options, options[0], "data", "")
        assert type(make_control(control)) is kind


def test_controls_restart_or_act_live_as_marked(made) -> None:
    playground = made(config="steps=2000 hidden=4 window=10 layers=2")
    for name, control in CONTROLS.items():
        turn_until(playground, lambda: playground.session.run.step_count >= 5)
        run = playground.session.run
        live = is_live(name, run.settings)
        weights = run.model.rnn.weight_hh_l0.clone()
        value = next(v for v in control.options if v != run.settings[name])
        playground.controls[name].value = value
        assert playground.mailbox
        assert run.settings[name] != value  # nothing happens in the callback
        playground.drain()
        assert playground.session.run.settings[name] == value
        assert (playground.session.run is run) == live
        if live:
            assert torch.equal(run.model.rnn.weight_hh_l0, weights)
        else:
            assert playground.session.run.step_count == 0


def test_buttons(made) -> None:
    playground = made(config="steps=100 hidden=4")

    def press(name: str) -> None:
        playground.buttons[name].click()
        for _ in range(2):
            playground.turn()

    press("Pause")
    count = playground.session.run.step_count
    for more in (1, 2):
        press("Step")
        assert playground.session.run.step_count == count + more
    losses = list(playground.session.run.losses)
    press("Reset")
    assert playground.session.run.step_count == 0
    assert not playground.training
    press("Play")
    finish(playground)
    assert playground.session.run.losses[: len(losses)] == losses
    assert playground.session.run.step_count == 100


def test_step_stops_a_run_that_plays(made) -> None:
    playground = made(config="steps=2000 hidden=1 window=2")
    assert playground.training
    playground.buttons["Step"].click()
    for _ in range(3):
        playground.turn()
    assert not playground.training
    assert playground.session.run.step_count == 1


def test_history_undo_and_clear_show_on_the_controls(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    playground.controls["hidden"].value = 8
    finish(playground)
    assert [text.split("; ")[1] for text, _ in playground.runs.options[1:]] == [
        "hidden size 8",
        "hidden size 4, steps budget 100",
    ]
    playground.runs.value = 1
    finish(playground)
    assert playground.session.run.settings["hidden"] == playground.controls["hidden"].value == 4
    playground.buttons["Undo"].click()
    finish(playground)
    assert playground.session.run.settings["hidden"] == playground.controls["hidden"].value == 8
    playground.buttons["Clear"].click()
    playground.turn()
    assert len(playground.runs.options) == 1


@pytest.mark.slow
def test_an_earlier_run_can_be_chosen_twice(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    playground.controls["hidden"].value = 8
    finish(playground)
    for _ in range(2):
        playground.runs.value = None
        playground.controls["seed"].value = (playground.controls["seed"].value + 1) % 10
        finish(playground)
        playground.runs.value = 1
        playground.turn()
        assert playground.session.run.text == playground.session.records[0].text
        finish(playground)


def test_a_control_may_be_moved_there_and_back(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    run = playground.session.run
    playground.controls["hidden"].value = 8
    playground.controls["hidden"].value = 4
    playground.turn()
    assert playground.session.run is run
    playground.controls["hidden"].value = 8  # what was said is known: this is no echo
    playground.turn()
    assert playground.session.run.settings["hidden"] == 8


def test_a_bad_line_changes_nothing_and_stays_to_be_mended(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    run, shared = playground.session.run, playground.share.value
    playground.share.value = "hidden=7"
    for _ in range(2):
        playground.turn()
    assert "allowed for hidden: 1, 2, 4" in playground.status.value
    assert playground.session.run is run
    assert playground.share.value == "hidden=7"
    playground.share.value = shared.replace("hidden=4", "hidden=2")
    playground.drain()
    assert playground.session.run.settings["hidden"] == 2


def test_why_a_line_was_refused_outlasts_the_end_of_the_run(made) -> None:
    playground = made(config="steps=100 hidden=4")
    turn_until(playground, lambda: playground.session.run.step_count >= 5)
    playground.share.value = "hidden=7"
    finish(playground)
    assert "Validation RMSE" in playground.status.value
    assert "Nothing was changed" in playground.status.value
    playground.buttons["Play"].click()
    finish(playground)
    assert "Nothing was changed" not in playground.status.value


@pytest.mark.slow
def test_a_shared_line_reproduces_a_run_with_live_changes(made) -> None:
    playground = made(config="steps=200 hidden=4")
    turn_until(playground, lambda: playground.session.run.step_count >= 20)
    playground.controls["lr"].value = 0.1
    finish(playground)
    losses, text = list(playground.session.run.losses), playground.share.value
    assert re.search(r"@\d+ lr=0.1$", text)
    playground.controls["hidden"].value = 8
    finish(playground)
    playground.share.value = text
    finish(playground)
    assert playground.session.run.losses == losses
    assert playground.controls["lr"].value == 0.1


def test_undo_across_a_change_of_challenge_brings_back_its_words(made) -> None:
    playground = made(challenge="gap")
    playground.panel.picker.value = "forget"
    playground.turn()
    assert CHALLENGES["forget"].question[:30] in playground.panel.question.value
    playground.buttons["Undo"].click()
    playground.turn()
    assert CHALLENGES["gap"].question[:30] in playground.panel.question.value
    assert playground.panel.goal.value.startswith("<b>Goal:</b> two runs with the settings")
    assert playground.panel.picker.value == "gap"
    assert playground.controls["points"].value == 16


def test_the_end_of_a_challenge_is_said(made) -> None:
    playground = made(challenge="illusion")
    assert not playground.training
    playground.controls["window"].value = 5
    playground.buttons["Play"].click()
    finish(playground)
    assert playground.status.value.startswith("<b>Reached.</b> At the end of a short window")
    playground.buttons["Hint"].click()
    playground.turn()
    assert playground.panel.hint.value.startswith("<b>Hint:</b> In closed loop the state lives")


def test_divergence_is_shown_and_reset_recovers(made) -> None:
    playground = made(config="optimizer=SGD lr=3 cell=RNN")
    finish(playground)
    assert playground.session.run.diverged
    assert "diverged" in playground.projector.screen.message
    assert "diverged" in playground.runs.options[1][0]
    playground.controls["clip"].value = 0.01
    playground.buttons["Reset"].click()
    playground.buttons["Play"].click()
    finish(playground)
    assert not playground.session.run.diverged


# ==== Text is text


@pytest.mark.parametrize("where", ["share", "fault"])
def test_nothing_typed_or_raised_acts_as_markup(made, where: str) -> None:
    playground = made(config="steps=100 hidden=4")
    if where == "share":
        playground.share.value = MARKUP
        playground.turn()
    else:
        playground.show_fault(ValueError(MARKUP))
    assert "&lt;img" in playground.status.value
    assert not any("<img" in text for text in shown_texts(playground))


# ==== The clock


def test_the_loop_sleeps_until_the_next_step_is_due(made) -> None:
    playground = made(config="steps=100 hidden=4")
    playground.view["speed"] = "5 steps/s"
    pictures = []
    playground.image.observe(lambda change: pictures.append(1), names="value")
    time.sleep(1 / PICTURES)  # since the first picture
    pauses = [playground.turn() for _ in range(4)]
    assert playground.session.run.step_count == 1  # the others were too early
    assert all(0.1 < pause <= 0.2 for pause in pauses)
    assert len(pictures) == 1  # one for what is new
    playground.buttons["Pause"].click()
    assert playground.turn() == 0
    assert playground.turn() is None
    assert playground.turn() is None


def test_a_picture_is_drawn_only_when_something_is_new(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    pictures = []
    playground.image.observe(lambda change: pictures.append(1), names="value")
    for _ in range(5):
        playground.turn()
    assert pictures == []
    playground.views["what"].value = "cell state"
    for _ in range(5):
        playground.turn()
    assert 1 <= len(pictures) <= 2


def test_speeds_are_kept() -> None:
    playground = Playground(config="steps=2000 hidden=1 window=2")
    playground.view["speed"] = "100 steps/s"
    start = time.perf_counter()
    while time.perf_counter() - start < 0.5:
        time.sleep(playground.turn() or 0)
    playground.close()
    assert 25 <= playground.session.run.step_count <= 55


# ==== Without background updates, and what teachers choose


def test_run_and_set_without_background_updates(made) -> None:
    playground = made(config="steps=100")
    playground.set(hidden=4, signal="two sines")
    assert playground.controls["hidden"].value == 4
    assert playground.controls["signal"].value == "two sines"
    picture = playground.run(60)
    assert playground.session.run.step_count == 60
    assert not playground.training  # by itself: the reader has the next word
    assert picture.data == playground.image.value
    playground.run(60)
    assert playground.session.run.step_count == 100
    playground.run(30)
    assert playground.session.run.step_count == 30
    with pytest.raises(ValueError, match="steps is 0; allowed: a whole number"):
        playground.run(0)
    with pytest.raises(ValueError, match="hidden is 5; allowed: 1, 2"):
        playground.set(hidden=5)
    with pytest.raises(ValueError, match="the name of a setting is 'size'; allowed"):
        playground.set(size=5)


def test_an_interrupted_run_can_be_run_on(made, monkeypatch) -> None:
    playground = made(config="steps=100 hidden=4")
    step, count = playground.session.run.step, []

    def interrupted() -> None:
        if len(count) == 30:
            raise KeyboardInterrupt
        count.append(1)
        step()

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(playground.session.run, "step", interrupted)
        playground.run(100)
    assert "step 30 of 100" in playground.projector.screen.state
    playground.run(100)
    assert playground.session.run.step_count == 100


@pytest.mark.slow
def test_what_teachers_choose(made) -> None:
    everything = made(hide=PARTS_TO_HIDE)
    shown = all_widgets(everything)
    named = [*everything.controls.values(), *everything.views.values()]
    assert not {*named, everything.panel.picker, everything.runs, everything.share} & {*shown}
    few = made(hide=["signal", "noise", "points", "window", "history", "share"])
    shown = all_widgets(few)
    assert few.controls["noise"] not in shown
    assert few.controls["hidden"] in shown
    assert few.runs not in shown
    one = made(hide="seed")
    assert one.controls["seed"] not in all_widgets(one)
    assert made(challenge="rescue").session.run.settings == CHALLENGES["rescue"].start
    for bad in (
        {"hide": ["sped"]},
        {"challenge": "11"},
        {"config": "x=1"},
        {"config": "lr=0.1", "challenge": "gap"},
    ):
        before = Playground.living()
        with pytest.raises(ValueError, match="allowed"):
            made(**bad)
        assert Playground.living() == before


def test_only_the_last_playground_lives(made) -> None:
    async def two() -> tuple[Playground, Playground]:
        first, second = made(), made()
        await asyncio.sleep(0.05)
        assert [t.get_name() for t in asyncio.all_tasks()].count("Playground") == 1
        return first, second

    first, second = asyncio.run(two())
    assert first.comm is None
    assert Playground.living() == [second]


def test_showing_a_playground_trains_nothing(made, monkeypatch) -> None:
    import playground.app as module

    playground = made(config="steps=2000")
    monkeypatch.setattr(module, "Run", None)
    bundle = playground._repr_mimebundle_()
    assert set(bundle) >= {"image/png", "text/plain", "application/vnd.jupyter.widget-view+json"}


def test_the_picture_that_is_stored_is_of_a_finished_run(made) -> None:
    playground = made(config="steps=100 hidden=4")
    before = playground.image.value
    still = playground.still()
    assert still.startswith(b"\x89PNG")
    assert still != before
    assert playground.session.run.step_count == 0


# ==== Presets, reference, replay, code, cards


def words(widget: widgets.HTML) -> str:
    return re.sub("<[^>]+>", "", widget.value)


def test_a_preset_sets_the_recipe_and_what_cannot_act_is_disabled(made) -> None:
    playground = made(config="steps=100 hidden=4")
    playground.panel.presets["our recipe"].click()
    playground.turn()
    assert playground.controls["schedule"].value == "one-cycle"
    assert playground.session.run.settings == from_text(PRESETS["our recipe"].line)[0]
    assert words(playground.status).startswith("Our recipe. The recipe of lesson 05")
    disabled = {name for name, control in playground.controls.items() if control.disabled}
    assert disabled == {"dropout", "momentum"}
    marks = playground.panel.marks
    assert [words(marks[name]) for name in ("lr", "clip", "dropout", "momentum")] == [
        "restarts",
        "live",
        "2+ layers",
        "set by cycle",
    ]
    playground.controls["schedule"].value = "constant"
    playground.turn()
    assert not playground.controls["momentum"].disabled
    assert words(marks["lr"]) == "live"


def test_a_reference_is_chosen_from_the_list_and_named_between_them(made) -> None:
    playground = made(config="steps=100 hidden=4")
    finish(playground)
    playground.controls["hidden"].value = 8
    finish(playground)
    playground.panel.compare.value = 1
    finish(playground)
    assert words(playground.panel.between) == "Against run 1: hidden size 8 (there 4)."
    playground.buttons["Clear"].click()
    playground.turn()
    assert playground.panel.compare.value == 1  # it stays, though the list is empty
    assert len(playground.panel.compare.options) == 2
    playground.views["shows"].value = "minus the reference"
    playground.turn()
    playground.turn()
    assert "run 1 has other units" in words(playground.panel.described)
    playground.panel.compare.value = 0
    playground.turn()
    assert playground.session.reference is None
    assert playground.panel.compare.index == 0  # with None as its value it would be blank
    assert words(playground.panel.between) == ""


def test_code_shows_the_run_as_a_script_and_follows_it(made) -> None:
    playground = made(config="steps=100 hidden=4")
    code = playground.panel.code
    assert code.layout.display == "none"
    playground.buttons["Code"].click()
    playground.turn()
    assert html.unescape(words(code)).endswith(to_script(playground.session.run))
    saved = re.search(
        'download="run.py" href="data:text/plain;charset=utf-8;base64,([^"]+)"', code.value
    )
    assert base64.b64decode(saved[1]).decode() == to_script(playground.session.run)
    turn_until(playground, lambda: playground.session.run.step_count >= 20)
    playground.controls["lr"].value = 0.1
    playground.turn()
    assert ": 0.1}.get(step" in html.unescape(code.value)
    playground.buttons["Code"].click()
    playground.turn()
    assert code.layout.display == "none"


def test_replay_plays_a_run_again_with_its_live_changes_on_the_controls(made) -> None:
    playground = made(config="steps=100 hidden=4 @30 lr=0.1")
    finish(playground)
    losses = list(playground.session.run.losses)
    playground.buttons["Replay"].click()
    playground.turn()
    assert playground.controls["lr"].value == 0.01
    finish(playground)
    assert playground.session.run.losses == losses
    assert playground.controls["lr"].value == 0.1


def upload(playground: Playground, text: str) -> None:
    content = memoryview(text.encode())
    file = {"name": "a.txt", "type": "text/plain", "size": len(text), "content": content}
    file["last_modified"] = datetime.datetime.now(datetime.timezone.utc)
    playground.panel.file.value = (file,)


def test_a_file_of_lines_is_played_one_by_one_by_play(made) -> None:
    playground = made(config="steps=100 hidden=4")
    upload(playground, f"# {MARKUP}\nhidden=2 steps=100\nhidden=1 steps=100\n")
    playground.turn()
    assert playground.status.value.startswith("<b>1 of 2.</b> &lt;img")
    assert playground.panel.file.value == ()  # so that the same file can be chosen again
    finish(playground)
    assert playground.session.run.settings["hidden"] == 2
    assert playground.status.value.endswith("Play goes on: 1 to come.")
    playground.buttons["Play"].click()
    finish(playground)
    assert playground.session.run.settings["hidden"] == 1
    upload(playground, "hidden=7")
    playground.turn()
    assert words(playground.status).startswith("Nothing was changed. line 1: &#x27;hidden=7")


@pytest.mark.slow
def test_a_replay_to_begin_with(made, tmp_path) -> None:
    file = tmp_path / "demo.txt"
    file.write_text("# First\nhidden=2 steps=100\nhidden=1 steps=100", encoding="utf-8")
    for replay in (file, file.read_text(encoding="utf-8")):
        playground = made(replay=replay)
        assert playground.session.run.settings["hidden"] == 2
        assert words(playground.status) == "1 of 2. First"
        playground.run(100)
        playground.run(100)
        assert playground.session.run.settings["hidden"] == 1
    with pytest.raises(ValueError, match="line 1: 'lr'; allowed: name=value"):
        made(replay="lr")


def test_cards_go_on_and_back_and_mark_their_controls(made) -> None:
    playground = made(config="steps=100 hidden=4")
    panel, keys = playground.panel, [*CHALLENGES]

    def marked() -> set[str]:
        return {name for name, row in panel.rows.items() if "lstm-marked" in row._dom_classes}

    for button, key in (("Next", keys[0]), ("Next", keys[1]), ("Back", keys[0])):
        playground.buttons[button].click()
        playground.turn()
        assert (playground.session.challenge, panel.picker.value) == (key, key)
        assert marked() == set()  # they would give the answer away
    assert words(panel.question).startswith(f"1 of {len(keys)}. How many steps")
    assert words(panel.hint) == ""
    playground.buttons["Hint"].click()
    playground.turn()
    assert words(panel.hint).startswith("Hint: The curve is still falling")
    assert marked() == {*CHALLENGES[keys[0]].controls}
    for _ in range(2):
        playground.buttons["Back"].click()
        playground.turn()
    assert playground.session.challenge == keys[-1]
    playground.buttons["Next"].click()
    playground.turn()
    assert (playground.session.challenge, marked()) == ("", set())
    assert words(panel.question) == ""
