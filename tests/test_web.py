"""The series as web pages: films, links, search, slides, and what a browser without a network does.

The films of one lesson and of one run of the playground are made here; the others as well would
take as long as all the rest of the tests.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import shutil
import textwrap
import zipfile
from pathlib import Path

import ipywidgets as widgets
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

import build
import checks
import films
import lab
import web
import written
from explorer import Explorer

FILMED = build.NOTEBOOKS / "03_model.ipynb"
ROOM = 400_000


# ==== Films


def draw_wave(figure):
    ax = figure.add_axes([0.1, 0.15, 0.85, 0.8])
    (line,) = ax.plot([], [], color="#0072B2")
    ax.set(xlim=(0, 10), ylim=(-3, 3))

    def update(height, period, kind, shift=0):
        x = np.linspace(0, 10, 200)
        line.set_data(x, height * np.sin(6 * x / period + shift))
        line.set_linestyle({"solid": "-", "dashed": "--"}[kind])

    return update


def wave(**more: widgets.ValueWidget) -> Explorer:
    return Explorer(
        draw_wave,
        figsize=(4, 2),
        height=widgets.FloatSlider(1, min=0, max=2, step=0.25),
        period=widgets.IntSlider(5, 2, 9),
        kind=widgets.SelectionSlider(options=["solid", "dashed"], value="dashed"),
        **more,
    )


def difference(film: dict, number: int, picture: bytes) -> float:
    """Mean difference of a frame to a picture, of 255."""
    true = films.picture_of(picture).astype(int)
    return float(np.abs(films.decoded(film, number) - true).mean())


@pytest.mark.slow
def test_a_film_shows_what_the_explorer_shows():
    explorer = wave()
    before = explorer.still()
    film = films.film_of(explorer, ROOM)
    assert film["grid"] and film["full"] and explorer.still() == before
    assert [len(control["texts"]) for control in film["controls"]] == [9, 8, 2]
    assert [control["start"] for control in film["controls"]] == [4, 3, 1]
    assert film["controls"][0]["texts"][:2] == ["0.00", "0.25"]
    every = list(itertools.product(range(9), range(8), range(2)))
    for number in (0, 1, 17, 80, 143):
        height, period, kind = every[number]
        values = {"height": height / 4, "period": 2 + period, "kind": ("solid", "dashed")[kind]}
        picture = explorer.set(**values).data
        assert difference(film, film["at"][number], picture) < 1
        other = film["at"][(number + 50) % 144]  # a frame that is not the right one is told apart
        assert difference(film, other, picture) > 1


@pytest.mark.slow
def test_a_film_of_three_sliders_has_fewer_positions_where_there_is_no_room():
    film = films.film_of(wave(), 100_000)
    assert film["grid"] and not film["full"] and len(json.dumps(film)) <= 100_000


@pytest.mark.slow
def test_a_film_of_four_sliders_moves_one_at_a_time():
    explorer = wave(shift=widgets.FloatSlider(0, min=0, max=3, step=0.5))
    film = films.film_of(explorer, ROOM)
    assert not film["grid"] and len(json.dumps(film)) <= ROOM
    for k, control in enumerate(film["controls"]):
        assert len(film["at"][k]) == len(control["texts"])
    starts = {film["at"][k][control["start"]] for k, control in enumerate(film["controls"])}
    assert len(starts) == 1  # all sliders where they start: one picture
    assert difference(film, *starts, explorer.still()) < 1


@pytest.mark.slow
def test_named_sliders_move_together_and_the_others_stand_still():
    explorer = wave(shift=widgets.FloatSlider(0, min=0, max=3, step=0.5, description="shift"))
    film = films.film_of(explorer, ROOM, [("weight",), ("height", "shift")])
    assert film["grid"] and film["still"] == ["period", "kind"]
    assert [control["label"] for control in film["controls"]] == ["height", "shift"]
    assert len(film["at"]) == 9 * 7
    assert difference(film, film["at"][-1], explorer.set(height=2.0, shift=3.0).data) < 1


PLANS = [
    ((9, 8, 2), 256, True),
    ((31, 200), 256, True),
    ((9, 9, 9), 99, True),
    ((9, 9, 9, 9), 99, False),
]


@pytest.mark.parametrize(("counts", "most", "grid"), PLANS)
def test_a_plan_keeps_ends_and_start_and_stays_within_its_frames(counts, most, grid):
    starts = [count // 3 for count in counts]
    is_grid, kept = films.plan(counts, starts, most)
    frames = np.prod([len(k) for k in kept]) if is_grid else sum(len(k) for k in kept)
    assert is_grid == grid and frames <= most
    for places, count, start in zip(kept, counts, starts, strict=True):
        assert {0, count - 1, start} <= {*places} and places == sorted({*places})


# ==== The site


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "site"
    (folder / "films").mkdir(parents=True)
    web.make_film(FILMED, folder)
    web.record_runs(folder, ("preset-1",))
    assert web.main(["--no-films", "--to", str(folder)]) == 0
    return folder


def hashes(folder: Path) -> dict[str, str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


@pytest.mark.slow
def test_the_site_has_a_page_and_a_deck_for_each_lesson(site):
    for each in written.lessons():
        name = each.file.replace(".ipynb", ".html")
        assert (site / name).is_file() and (site / "slides" / name).is_file()
    for path in build.NOTEBOOKS.glob("*.md"):
        assert (site / f"{path.stem}.html").is_file()
    with zipfile.ZipFile(site / web.ZIP) as archive:
        names = archive.namelist()
    assert "lstm-series/helpers.py" in names and "lstm-series/notebooks/explorer.py" in names
    assert "lstm-series/notebooks/playground/run.py" in names


@pytest.mark.slow
def test_two_builds_are_the_same(site, tmp_path):
    shutil.copytree(site / "films", tmp_path / "films")
    assert web.main(["--no-films", "--to", str(tmp_path)]) == 0
    assert hashes(tmp_path) == hashes(site)


@pytest.mark.slow
def test_films_are_made_again_when_the_code_has_changed(site, monkeypatch):
    assert web.kept_film(FILMED, site)
    assert web.kept_film(build.NOTEBOOKS / "01_data.ipynb", site) is None
    monkeypatch.setattr(web, "key_of", lambda path: "another")
    assert web.kept_film(FILMED, site) is None


GOOD = '<h1 id="top">T</h1><p id="a"><a href="#a">a</a><a href="other.html#top">b</a></p>'
FAULTS = {
    "leads nowhere": '<a href="nowhere.html">x</a>',
    "names a place that is not there": '<a href="other.html#nowhere">x</a>',
    "loads https": '<script src="https://example.org/x.js"></script>',
    "stands twice": '<p id="a"></p>',
    "raw formula": "<p>where $x_t$ is</p>",
    "films/none.js": '<div data-film="films/none.js"></div>',
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_site_is_found(tmp_path, fault):
    for name in ("one", "other"):
        (tmp_path / f"{name}.html").write_text(GOOD)
    assert web.problems(tmp_path) == []
    (tmp_path / "one.html").write_text(GOOD + FAULTS[fault])
    found = web.problems(tmp_path)
    assert len(found) == 1 and fault in found[0] and "one.html" in found[0]


def test_a_link_that_leads_nowhere_is_refused():
    page = web.Page("01_data.html", build.NOTEBOOKS / "01_data.ipynb", "Data")
    assert 'href="02_inside.html#A"' in web.relinked('<a href="02_inside.ipynb#A">x</a>', page)
    assert 'href="https://a.b/c"' in web.relinked('<a href="https://a.b/c">x</a>', page)
    with pytest.raises(web.WebError, match=r"01_data.*'gone.ipynb' leads nowhere"):
        web.relinked('<a href="gone.ipynb">x</a>', page)


def test_formulas_become_mathml_and_code_does_not():
    text = web.prose("## A $x_t$\n\nwith $c_t = f \\odot c$ and `$x$` for 5 $ or\n\n$$y = 2$$")
    assert text.count("<math") == 3 and "`" not in text and "<code>$x$</code>" in text
    assert 'display="block"' in text and "5 $ or" in text


def test_an_anchor_holds_whatever_a_heading_says() -> None:
    text = web.prose('## My "network" & I')
    assert BeautifulSoup(text, "html.parser").h2["id"] == 'My-"network"-&-I'


def test_a_page_in_a_folder_leads_out_of_it() -> None:
    page = web.Page("solutions/01_data.html", build.NOTEBOOKS / "solutions/01_data.ipynb", "Data")
    assert 'href="../01_data.html#A"' in web.relinked('<a href="../01_data.ipynb#A">x</a>', page)


def test_films_depend_on_the_code_of_a_lesson_and_not_on_its_questions(tmp_path) -> None:
    path, keys = tmp_path / "a.ipynb", []
    for code, question in (("x = 1", "quiz('1')"), ("x = 1", "quiz('2')"), ("x = 2", "quiz('2')")):
        asking = new_code_cell(question, metadata={"tags": ["quiz"]})
        nbformat.write(new_notebook(cells=[new_code_cell(code), asking]), path)
        keys.append(web.key_of(path))
    assert keys[0] == keys[1] != keys[2]


def test_a_long_text_gets_slides_of_its_own_and_its_end_stays_with_the_results():
    text = "\n\n".join(f"{k} " + "word " * 30 for k in range(7))
    found = web.portions(text, 70)
    assert [part.split()[0] for part in found] == ["0", "1", "3", "5"]
    assert "".join(found).split() == text.split()
    assert web.portions("short", 70) == ["short\n\n"]
    folded = "<details><summary>Hint</summary>\n\n" + "word " * 300 + "</details>"
    assert web.length(folded) == 1


def test_what_leads_to_something_stays_with_it():
    assert len(web.portions("word " * 60 + "\n\nso:\n\n" + "word " * 65, 70)) == 2
    assert web.portions("word " * 60 + "\n\nso:\n\n" + "word " * 69, 70)[1].startswith("so:")


def test_a_long_paragraph_or_list_is_divided_where_a_sentence_or_an_item_ends():
    text = " ".join(
        f"Sentence {k} has some words (and. More) in **it. All** of it." for k in range(20)
    )
    found = web.divided(text, 60)
    assert " ".join(found) == text and all(web.length(part) <= 110 for part in found)
    assert len(found) > 2 and all(part.startswith("Sentence") for part in found)
    items = "\n".join("- " + "word " * 30 for _ in range(4))
    assert "\n".join(web.divided(items, 60)) == items and len(web.divided(items, 60)) > 1
    code = "```python\n" + "word. Word " * 200 + "\n```"
    assert web.divided(code, 60) == [code]


@pytest.mark.parametrize(
    "whole", ["(One. Two.)", "**One. Two.**", "As in e.g. Paris.", "In `a. B`."]
)
def test_a_sentence_ends_outside_brackets_bold_and_code(whole: str):
    assert web.sentences(f"Before. {whole} After?") == ["Before.", *web.sentences(whole), "After?"]
    assert len(web.sentences(whole)) == 1


def test_what_a_text_finds_is_its_bold_sentence_or_its_first():
    text = "It is so. **This network is better than all the others.** A **word** is no finding."
    assert web.finding(text, first=False) == "**This network is better than all the others.**"
    assert web.finding("It is **so**. Really.", first=True) == "It is **so**."
    assert web.finding("It is **so**. Really.", first=False) == ""


def test_results_without_a_word_get_one_and_a_short_text_goes_on_with_the_next(tmp_path):
    (tmp_path / "img").mkdir()
    path = build.NOTEBOOKS / "11b_trend.ipynb"
    found = web.slides(web.Page("slides/11b_trend.html", path, "11b"), tmp_path)
    said = [web.plain(slide.said) for slide in found]
    assert any("13 weights by least squares are the better choice" in text for text in said)
    assert any(web.is_wordless(slide) and slide.said for slide in found)
    for slide, following in itertools.pairwise(found):
        said, then = (web.plain(markup).strip() for markup in (slide.said, following.text))
        assert not said or not then.startswith(said), f"{said} stands on two slides"
    assert all(web.length(web.plain(slide.text)) <= 2 * web.LONG for slide in found)


def test_a_sentence_is_rather_smaller_than_alone():
    beside = "Few words. " + "And then many others follow that stay beside the code. " * 2
    assert web.portions(beside, 20) == [f"{beside.strip()}\n\n"]
    assert len(web.portions(beside + "And some more. " * 5, 20)) > 1


def test_code_that_a_text_leads_to_is_open():
    """The first cell of it, where there is not room for all; beside results only a few lines."""
    cells = "".join(
        f'<details><summary>Code</summary><pre class="source">{"x" + 14 * chr(10)}</pre></details>'
        for _ in range(2)
    )
    page = web.Page("slides/a.html", build.NOTEBOOKS / "01_data.ipynb", "A")

    def opened(text: str, shown: str) -> int:
        slide = web.Slide("a", "A", "", text, shown)
        return web.in_parts(slide, page)[-1].cells.count("<details open>")

    assert opened("It is asked like this:", cells) == 1
    assert opened("It is asked like this.", cells) == 0
    assert opened("It is asked like this:", f"{cells}<samp>1</samp>") == 0
    assert opened("Short code.", cells[: len(cells) // 2]) == 1
    short = '<details><summary>Code</summary><pre class="source">x</pre></details><samp>1</samp>'
    assert opened("On something tiny:", short + short) == 1
    assert opened("On something tiny.", short) == 0
    assert opened("On something tiny:", f"{short}<figure></figure>") == 0


def test_what_checks_have_said_flows_and_what_else_is_printed_does_not():
    said = [f"{start}: {'word ' * 40}end of {start}." for start in ("Not yet", "Right")]
    printed = "\n".join(textwrap.fill(text, checks.WIDTH) for text in said)
    assert printed.count("\n") > 3
    assert web.messages(printed) == said
    assert web.is_prose(printed) and web.is_prose("Right: (1,  2)")
    columns = "LSTM  0.1\n" + "x" * 95 + "\nGRU   0.2"
    assert web.messages(columns) == [columns]


def test_a_narrow_window_shows_a_row_with_the_names_of_its_columns():
    table = "| a | b | |\n|---|---|---|\n| 1 | 2 | what it is, in a phrase of some length |\n"
    shown = web.prose(table)
    assert 'class="wide long"' in shown
    assert re.findall(r'data-name="([^"]*)"', shown) == ["a", "b"]
    assert "data-name" not in web.prose(table.replace(" of some length", ""))


def test_a_minus_is_true_before_a_number_and_nowhere_else():
    text = web.prose("## At -1\n\nfrom -0.07 (-2, 1e-10) to `-3`, 1921-55, f(-1), [a](b-1.html)")
    shown = web.plain(text)
    assert "from \u22120.07 (\u22122, 1e\u221210) to -3, 1921-55, f(-1)" in shown
    assert 'id="At--1"' in text and "b-1.html" in text
    found = web.sections(web.Page("a.html", web.ROOT, "A"), text)
    assert "from -0.07 (-2, 1e-10)" in found[0][2]
    quiz = web.signs_between("<p title='-1'>≈ -0.05, 2 %<code>-1</code></p>")
    assert quiz == "<p title='-1'>≈\u00a0\u22120.05, 2\u00a0%<code>-1</code></p>"
    assert web.signs("700 - 25 = 675, 1 - f") == "700 \u2212 25 = 675, 1 - f"
    assert '<span class="nobr">(<math' in web.prose("a ($x$ is large)")


def test_messages_blanks_and_what_is_wrapped():
    text = web.prose("```text\nValueError: no\n```\n\nName: ____________________ and `A`s")
    assert '<pre class="printed message"><samp>ValueError: no</samp></pre>' in text
    assert (
        'Name: <span class="blank"></span> and' in text and '<code class="joined">A</code>s' in text
    )
    assert web.is_prose("Not yet: " + "word " * 20)
    assert not web.is_prose("LSTM   0.12   0.13 " * 5) and not web.is_prose("short")


def test_a_text_is_parted_at_its_headings():
    assert web.parted("before\n\n## A\nx\n\ny\n\n### B\n\nz") == [
        ("", "before"),
        ("## A", "x\n\ny"),
        ("### B", "z"),
    ]


SHOWN = """import base64, json, sys
sys.path.insert(0, {tools!r})
import films
from explorer import Explorer
(one,) = Explorer.living()
starts, found = {{name: control.value for name, control in one.controls.items()}}, []
for k, (name, control) in enumerate(one.controls.items()):
    for place in (0, -1):
        values = starts | {{name: films.positions(control)[0][place]}}
        found.append((k, place, base64.b64encode(one.set(**values).data).decode()))
print(json.dumps(found))"""


@pytest.mark.slow
def test_a_film_shows_what_the_kernel_of_the_lesson_shows(site: Path):
    asked = SHOWN.format(tools=str(web.HERE))
    found = json.loads(build.run_and_ask(build.read(FILMED), FILMED.parent, asked))
    (film,) = web.kept_film(FILMED, site).values()
    assert film["full"] and len(found) == 2 * len(film["controls"])
    for k, place, picture in found:
        assert difference(film, film["at"][k][place], base64.b64decode(picture)) < 1
    apart = [film["at"][k][place] for k, place, _ in found]
    assert len({*apart}) > len(found) // 2  # not one picture for all


# ==== In a browser

ANOTHER_PICTURE = "before => document.querySelector('.film img').src !== before"

SLIDE_FITS = """() => {
    const slide = document.querySelector(".slide.now");
    const zoom = parseFloat(getComputedStyle(slide.querySelector(".content")).zoom);
    return slide.scrollHeight <= 720 && slide.scrollWidth <= 1280 && zoom >= 0.5;
}"""


@pytest.fixture(scope="module")
def offline():
    """Pages of a browser without a network, and what went wrong on them."""
    with lab.chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
        problems: list[str] = []

        def opened(file: Path, place: str = ""):
            page = context.new_page()
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("requestfailed", lambda request: problems.append(request.url))
            page.on(
                "console",
                lambda line: problems.append(line.text) if line.type == "error" else None,
            )
            page.goto(file.as_uri() + place)
            return page

        yield opened, problems


@pytest.mark.slow
@pytest.mark.browser
def test_every_page_opens_from_a_file_without_a_network(site, offline):
    opened, problems = offline
    for file in sorted(site.rglob("*.html")):
        page = opened(file)
        assert page.locator("h1").first.inner_text()
        narrow = {"width": 320, "height": 640}
        if file.parent == site:
            page.set_viewport_size(narrow)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, file.name
        page.close()
    assert problems == []


@pytest.mark.slow
@pytest.mark.browser
def test_sliders_move_their_pictures_by_keyboard_alone(site, offline):
    opened, problems = offline
    page = opened(site / f"{FILMED.stem}.html")
    sliders = page.locator(".film input[type=range]")
    assert sliders.count() == 5
    shown = page.locator(".film img")
    for slider in sliders.all():
        before, text = shown.get_attribute("src"), slider.get_attribute("aria-valuetext")
        slider.focus()
        key = "ArrowLeft" if slider.evaluate("s => s.value === s.max") else "ArrowRight"
        page.keyboard.press(key)
        page.wait_for_function(ANOTHER_PICTURE, arg=before)
        assert slider.get_attribute("aria-valuetext") != text
    assert "seq_len 7." in shown.get_attribute("alt")
    assert problems == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_choice_of_a_question_unfolds_by_keyboard(site, offline):
    opened, problems = offline
    page = opened(site / "01_data.html")
    choice = page.locator(".quiz summary").first
    said = page.locator(".quiz details p").first
    assert not said.is_visible()
    choice.focus()
    page.keyboard.press("Enter")
    assert said.inner_text().startswith(("No. ", "Right. "))
    page.close()
    assert problems == []


@pytest.mark.slow
@pytest.mark.browser
def test_recorded_runs_of_the_playground_are_chosen_and_scrubbed(site, offline):
    opened, problems = offline
    page = opened(site / f"{web.PLAYGROUND}.html")
    box = page.locator(".film")
    box.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.film .line').value !== ''")
    assert "noise=0 points=63 window=10" in box.locator(".line").input_value()
    assert "100 of 100 steps" in box.locator("output").inner_text()
    slider, shown = box.locator("input[type=range]"), box.locator("img")
    last = shown.get_attribute("src")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_function(ANOTHER_PICTURE, arg=last)
    assert "0 of 100 steps" in box.locator("output").inner_text()
    assert problems == []


@pytest.mark.slow
@pytest.mark.browser
def test_the_search_finds_a_section_and_leads_to_it(site, offline):
    opened, problems = offline
    page = opened(site / "index.html")
    page.get_by_label("Search").fill("vanishing gradient")
    first = page.locator(".results a").first
    first.wait_for()
    assert "with vanishing gradient" in page.locator(".results [role=status]").inner_text()
    page.get_by_label("Search").press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/02_inside.html#*")
    page.get_by_label("Search").fill("<b>no such thing</b>")
    page.wait_for_function("document.querySelector('.results p').textContent.startsWith('0 ')")
    assert problems == []


@pytest.mark.slow
@pytest.mark.browser
def test_no_slide_is_larger_than_a_screen_and_the_keys_turn_them(site, offline):
    opened, problems = offline
    found = []
    for deck in sorted((site / "slides").glob("*.html")):
        page = opened(deck)
        page.wait_for_load_state("load")
        count = page.locator(".slide").count()
        assert count >= 8
        for number in range(1, count + 1):
            if not page.evaluate(SLIDE_FITS):
                found.append(f"{deck.stem}: slide {number}")
            page.keyboard.press("PageDown")
        assert page.url.endswith(f"#{count}")
        page.keyboard.press("Home")
        assert page.url.endswith("#1")
        page.close()
    assert found == [] and problems == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(
    "name", ["index", "03_model", web.PLAYGROUND, "symptoms", "slides/02_inside"]
)
def test_a_page_has_no_serious_barrier(site, offline, name):
    from axe_playwright_python.sync_playwright import Axe

    opened, _ = offline
    page = opened(site / f"{name}.html")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    page.close()
