"""Each check on a notebook that is broken in just the way it looks for: it must say so."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import build
import hygiene
import written

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
LONG = new_output("execute_result", data={"text/plain": "1" * 2001}, execution_count=1)


def code_cell(source: str = "1", *outputs: NotebookNode, **metadata) -> NotebookNode:
    return new_code_cell(source, outputs=list(outputs), metadata=metadata)


def picture(data: dict | None = None, **metadata) -> NotebookNode:
    return new_output("display_data", data={"image/png": PNG, **(data or {})}, metadata=metadata)


def sound() -> list[NotebookNode]:
    """The cells of a notebook in which no check finds a fault."""
    return [
        new_markdown_cell("# A page\n\nSee [below](#The-end) and ![a wave](wave.png)."),
        code_cell("plot()", picture(), alt="A wave"),
        code_cell("print(1)", new_output("stream", name="stdout", text="1\n")),
        new_markdown_cell("## The end\n\n## Exercises"),
        *[code_cell("x = ...", tags=["exercise"]) for _ in range(3)],
    ]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[list[NotebookNode]], Path]:
    """A function that stores cells as a notebook in normal form."""

    def store(cells: list[NotebookNode]) -> Path:
        (tmp_path / "wave.png").touch()
        path = tmp_path / "page.ipynb"
        path.write_text(build.dumps(build.normalise(new_notebook(cells=cells))), encoding="utf-8")
        return path

    return store


def edit(path: Path, change: Callable[[NotebookNode], object]) -> Path:
    """Store a change as a front end would, past the normal form."""
    notebook = build.read(path)
    change(notebook)
    path.write_text(build.dumps(notebook), encoding="utf-8")
    return path


@pytest.mark.parametrize("check", [*hygiene.CHECKS, hygiene.check_exercises])
def test_sound_notebook_passes(check, write) -> None:
    assert check(write(sound())) == []


# ==== Cells that are broken, each with the check that must find it and a word of what it says

BROKEN_CELLS = {
    "error": (
        hygiene.check_no_errors,
        code_cell("1 / 0", new_output("error", ename="E", evalue="e", traceback=[])),
        "error",
    ),
    "stderr": (
        hygiene.check_no_errors,
        code_cell("warn()", new_output("stream", name="stderr", text="careful")),
        "stderr",
    ),
    "svg": (hygiene.check_no_svg, code_cell("plot()", picture({"image/svg+xml": "x"})), "SVG"),
    "long output": (hygiene.check_short_outputs, code_cell("fit()", LONG), "2001 characters"),
    "loose sign": (
        hygiene.check_signs,
        code_cell("print(x)", new_output("stream", name="stdout", text="≈1 ≈ -2.3\n")),
        "≈1 ≈ -2.3",
    ),
    "size": (hygiene.check_size, code_cell("x" * 1_500_000), "1.5 MB"),
    "home": (
        hygiene.check_machine,
        code_cell("cwd()", picture({"text/plain": "/home/me/lesson"})),
        "/home/me",
    ),
    "address": (
        hygiene.check_machine,
        code_cell("print(f)", new_output("stream", text="<function f at 0x7f00aa>")),
        "0x7f00aa",
    ),
    "no alt": (hygiene.check_alt, code_cell("plot()", picture()), "1 of 3"),
    "empty alt": (hygiene.check_alt, new_markdown_cell("![](wave.png)"), "1 of 3"),
    "picture file": (
        hygiene.check_saved_pictures,
        code_cell("plot()", picture(), alt="A wave", tags=["save:lost.png"]),
        "lost.png",
    ),
    "file": (hygiene.check_links, new_markdown_cell("[x](nowhere.ipynb)"), "no such file"),
    "image": (hygiene.check_links, new_markdown_cell("![x](nowhere.png)"), "no such file"),
    "heading": (hygiene.check_links, new_markdown_cell("[x](#No-end)"), "no such heading"),
    "heading of a file": (
        hygiene.check_links,
        new_markdown_cell("[x](page.ipynb#No-end)"),
        "no such heading",
    ),
    "long cell": (hygiene.check_cell_lengths, code_cell("x = 1\n" * 31), "31 lines"),
    "old table": (
        hygiene.check_written,
        new_markdown_cell("| control |", metadata={"tags": ["controls"]}),
        "a written cell is old",
    ),
    "semicolon": (hygiene.check_semicolons, code_cell("plot();\n"), "plot();"),
    "interact": (hygiene.check_no_output_widgets, code_cell("interact(f)"), "interact("),
    "Output": (hygiene.check_no_output_widgets, code_cell("widgets.Output()"), "Output("),
}


@pytest.mark.parametrize(("check", "cell", "word"), BROKEN_CELLS.values(), ids=BROKEN_CELLS)
def test_broken_cell_is_seen(check, cell: NotebookNode, word: str, write) -> None:
    (problem,) = check(write([*sound(), cell]))
    assert word in problem


def test_alt_text_of_an_output_counts(write) -> None:
    cell = code_cell("plot()", picture(**{"image/png": {"alt": "A wave"}}))
    assert hygiene.check_alt(write([cell])) == []


# ==== What only another program than the build would store

BROKEN_FILES = {
    "no count": (hygiene.check_counts, lambda nb: nb.cells[1].update(execution_count=None)),
    "wrong count": (hygiene.check_counts, lambda nb: nb.cells[1].update(execution_count=7)),
    "other kernel": (hygiene.check_kernelspec, lambda nb: nb.metadata.kernelspec.update(name="x")),
    "no kernel": (hygiene.check_kernelspec, lambda nb: nb.metadata.pop("kernelspec")),
    "widget state": (hygiene.check_no_widget_state, lambda nb: nb.metadata.update(widgets={})),
    "widget view": (
        hygiene.check_no_widget_state,
        lambda nb: nb.cells[1].outputs[0].data.update({build.WIDGET_VIEW: {}}),
    ),
    "moved set-up": (
        hygiene.check_written,
        lambda nb: nb.cells.append(code_cell("import sys", tags=["challenges"])),
    ),
    "version": (hygiene.check_normal, lambda nb: nb.metadata.language_info.update(version="3")),
    "timing": (hygiene.check_normal, lambda nb: nb.cells[1].metadata.update(execution={})),
}


@pytest.mark.parametrize(("check", "change"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_broken_file_is_seen(check, change, write) -> None:
    assert len(check(edit(write(sound()), change))) == 1


@pytest.mark.parametrize("count", range(7))
def test_three_to_five_exercises_with_a_check_pass(count: int, write) -> None:
    stubs = [code_cell("x = ...", tags=["exercise"]) for _ in range(count)]
    cells = [new_markdown_cell("## Exercises"), *stubs]
    assert bool(hygiene.check_exercises(write(cells))) == (not 3 <= count <= 5)
    challenges = new_markdown_cell("### 1 · To the floor", metadata={"tags": ["challenges"]})
    assert hygiene.check_exercises(write([*cells, challenges])) == []


# ==== Code that is in the notebooks and in helpers.py

SHARED = '''
@cached
def double(x: int, times: int = 2) -> int:
    """Twice x."""
    _check_number("x", x, 0)
    result: int = times * x
    return result

class Pair:
    """Two values."""
    first: float
    def swap(self) -> Pair:
        return Pair(self.second, self.first)
'''
TAUGHT = """
@cached
def double(x, times=2):
    result = times * x  # a comment
    return result

class Pair:
    first: "float"
    def swap(self):
        return Pair(self.second, self.first)
"""
DRIFTS = {
    "code": ("times * x", "x + x"),
    "default": ("times=2", "times=3"),
    "decorator": ("@cached\n", ""),
    "method": ("self.second, self.first", "self.first, self.second"),
    "field": ('first: "float"', "pass"),
}


@pytest.fixture
def shared(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "helpers.py").write_text(SHARED, encoding="utf-8")
    monkeypatch.setattr(hygiene, "HELPERS", tmp_path / "helpers.py")


def test_same_code_passes(shared, write) -> None:
    assert hygiene.check_same_code(write([code_cell(TAUGHT), code_cell("def f(): pass")])) == []


@pytest.mark.parametrize(("old", "new"), DRIFTS.values(), ids=DRIFTS)
def test_drifted_code_is_seen(old: str, new: str, shared, write) -> None:
    assert old in TAUGHT
    (problem,) = hygiene.check_same_code(write([code_cell(TAUGHT.replace(old, new))]))
    assert "differs" in problem


def test_drift_from_another_module_is_seen(write) -> None:
    (problem,) = hygiene.check_same_code(write([code_cell("def fill_forward(values): pass")]))
    assert "forecasting.py" in problem


def test_checks_in_the_shared_code_are_no_drift(shared, write, tmp_path: Path) -> None:
    guarded = SHARED.replace("@cached", "@_checked(x=COUNT)\n@cached").replace(
        "    result: int", '    x = _check_more("x", x)\n    result: int'
    )
    (tmp_path / "helpers.py").write_text(guarded, encoding="utf-8")
    assert hygiene.check_same_code(write([code_cell(TAUGHT)])) == []


def test_one_name_for_two_things_is_seen(write, tmp_path: Path) -> None:
    first = write([code_cell("def f(x):\n    return x")]).rename(tmp_path / "first.ipynb")
    again = write([code_cell("def f(x):\n    return 1 * x\ndef f(x):  # again\n    return x")])
    assert hygiene.check_one_meaning([first, again]) == []
    other = write([code_cell("def f(x):\n    return -x")])
    (problem,) = hygiene.check_one_meaning([first, other])
    assert problem == "f in page.ipynb is another than in first.ipynb"


@pytest.mark.parametrize("tag", ["exercise", "second", "wrong"])
def test_a_stub_or_another_answer_may_have_the_name(tag: str, write, tmp_path: Path) -> None:
    first = write([code_cell("def f(x):\n    return x")]).rename(tmp_path / "first.ipynb")
    other = write([code_cell("def f(x):\n    ...", tags=[tag])])
    assert hygiene.check_one_meaning([first, other]) == []


def test_a_helper_that_nobody_uses_is_seen() -> None:
    helpers = "def a() -> C: e()\ndef b(): ...\nclass C: ...\ndef _d(): ...\ndef e(): ..."
    users = ["from helpers import a", "from other import b"]
    assert hygiene.check_all_shared("helpers", helpers, users) == ["b is used by nobody"]


# ==== The pages beside the lessons

LINK = "([01 · Windows](01_data.ipynb#Windows))"
SOUND_GLOSSARY = (
    f"## A\n\n- **Alias**: a. {LINK}\n- **AR, b**: c. {LINK}\n\n## B\n\n- **Bit**: d. {LINK}\n"
)
LINKED = "An [alias](page.md#A), an [**AR**](page.md#A), two [bits](page.md#B)."
SOUND_MESSAGES = """```python
x = "1"
```

```python
x + 1
```

```text
TypeError: can only concatenate
```
"""


def stored(tmp_path: Path, text: str) -> Path:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("", "", ""),
        (f"a. {LINK}", "a.", "no term with a link"),
        ("#Windows", "", "no term with a link"),
        ("**Bit**", "**Lag**", "not under its letter: Lag"),
        ("**Alias**", "**Attention**", "not in order: ar after attention"),
        ("## B", "## A", "not in order: A after A"),
    ],
)
def test_broken_glossary_is_seen(old: str, new: str, word: str, tmp_path: Path) -> None:
    problems = hygiene.check_glossary(stored(tmp_path, SOUND_GLOSSARY.replace(old, new)))
    assert any(word in problem for problem in problems) if word else problems == []


@pytest.mark.parametrize(
    ("old", "new", "terms"),
    [
        ("", "", []),
        ("[**AR**]", "[*b*]", []),
        ("[alias](page.md#A)", "alias", ["Alias"]),
        ("[bits](page.md#B)", "[bits](page.md#A)", ["Bit"]),
        ("[bits](page.md#B)", "`[bit](page.md#B)`", ["Bit"]),
        ("[**AR**]", "[**an AR**]", ["AR, b"]),
    ],
)
def test_term_without_a_link_is_seen(old: str, new: str, terms: list, write, tmp_path) -> None:
    glossary = stored(tmp_path, SOUND_GLOSSARY)
    page = write([new_markdown_cell(LINKED.replace(old, new))])
    problems = hygiene.check_terms_linked(glossary, [page])
    assert [problem.split("the text ")[1] for problem in problems] == terms


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ("", "", 0),
        ("can only", "cannot", 1),
        ("TypeError", "ValueError", 1),
        ("x + 1", "x + x", 1),
        ('x = "1"', "x = y", 2),
        ("x + 1", "import warnings; warnings.warn('can only concatenate')", 1),
    ],
)
def test_message_that_is_not_said_is_seen(old: str, new: str, problems: int, tmp_path) -> None:
    page = stored(tmp_path, SOUND_MESSAGES.replace(old, new) if old else SOUND_MESSAGES)
    assert len(hygiene.check_messages(page)) == problems


@pytest.mark.parametrize("target", ["nowhere.md", "#No-end", "page.md#No-end"])
def test_broken_link_of_a_page_is_seen(target: str, tmp_path: Path) -> None:
    assert hygiene.check_links(stored(tmp_path, "# The end\n\n[x](#The-end)")) == []
    (problem,) = hygiene.check_links(stored(tmp_path, f"# The end\n\n[x]({target})"))
    assert target in problem


# ==== The one-page notebook


@pytest.mark.parametrize("source", ["x = 1\n" * 50, "from helpers import fit", "import helpers"])
def test_page_that_is_no_page_is_seen(source: str, write) -> None:
    assert len(hygiene.check_one_page(write([code_cell(source)]))) == 1


def test_exercises_do_not_count_as_lines_of_the_page(write) -> None:
    stub = code_cell("x = 1\n" * 50, tags=["exercise"])
    assert hygiene.check_one_page(write([code_cell("x = 1"), stub])) == []


def test_page_whose_stubs_say_nothing_is_seen(write, tmp_path: Path) -> None:
    stub, folder = "from checks import check\ncheck('00.1')", tmp_path / "empty"
    folder.mkdir()
    alone = [code_cell(written.ALONE), code_cell(stub, tags=["exercise"])]
    assert hygiene.check_runs_alone(write(alone), folder) == []
    assert (
        len(hygiene.check_runs_alone(write([*alone, code_cell("1", tags=["exercise"])]), folder))
        == 1
    )


def test_page_that_needs_a_file_is_seen(write, tmp_path: Path) -> None:
    page, folder = write([code_cell("open('data.csv')")]), tmp_path / "empty"
    folder.mkdir()
    (problem,) = hygiene.check_runs_alone(page, folder)
    assert "FileNotFoundError" in problem


# ==== Callbacks

CALLBACK = """
class Player:
    def __init__(self, button):
        button.{register}
    def _post(self, name, change):
        {body}
"""
WRITE = "self.mailbox.append((name, change['new']))"


@pytest.mark.parametrize("register", ["observe(lambda c: self._post('x', c))", "on_click(_post)"])
def test_callback_that_writes_passes(register: str) -> None:
    assert hygiene.check_callbacks(CALLBACK.format(register=register, body=WRITE)) == []


@pytest.mark.parametrize(
    ("register", "body"),
    [
        ("observe(self._post)", f"{WRITE}; self.draw()"),
        ("on_click(self._post)", "print(name)"),
        ("observe(lambda c: self._post('x', c))", "asyncio.create_task(self.run())"),
        ("observe(lambda c: (self._post('x', c), self.draw()))", WRITE),
        ("on_click(self._post)", "self.mailbox.append((name, self.draw()))"),
        ("click()", WRITE),
    ],
)
def test_callback_that_does_more_is_seen(register: str, body: str) -> None:
    assert len(hygiene.check_callbacks(CALLBACK.format(register=register, body=body))) == 1


# ==== What is tried after a notebook's cells

DEAD = f"""import sys
sys.path[:0] = [{str(hygiene.ROOT)!r}, {str(hygiene.ROOT / "notebooks")!r}]
import ipywidgets as widgets
from explorer import Explorer
Explorer(lambda figure: lambda x: None, x=widgets.IntSlider())"""


@pytest.mark.slow
def test_dead_sliders_broken_answers_and_empty_claims_are_seen(write) -> None:
    page = write(
        [
            code_cell("two = 2"),
            code_cell(DEAD),
            code_cell("assert two == 2", breaks=["two = 3"]),
            code_cell("assert two == 2", breaks=["three = 3"]),
            code_cell("assert two == 2"),
            new_markdown_cell("```python\n1 / 0\n```"),
        ]
    )
    assert build.main([str(page)]) == 0
    # The first path brings tests/conftest.py.
    command = [sys.executable, "-m", "pytest", "-n0", "-rf", "tests/texts.py", str(page)]
    run = subprocess.run(command, cwd=hygiene.ROOT, capture_output=True, text=True)
    assert "::sliders - " in run.stdout
    assert "x does not change the picture" in run.stdout
    assert " claims - " in run.stdout
    assert "'three = 3' does not break: assert two == 2" in run.stdout
    assert "1 assertions and 0 breaks" in run.stdout
    assert "'two = 3' does not" not in run.stdout
    assert "::code in prose 1 - " in run.stdout
    assert "ZeroDivisionError" in run.stdout
    assert "4 failed, 6 passed" in run.stdout


STORED = {
    "loss ≈0.123, 5 of 5": "passes",
    "loss ≈ 99, 5 of 5": "passes",
    "loss ≈-1,234.5e-06, 5 of 5": "passes",
    "loss ≈0.124, 4 of 5": "fails",
    "loss 0.124, 5 of 5": "fails",
    "loss ≈nan, 5 of 5": "fails",
}


@pytest.mark.slow
def test_only_the_number_behind_the_sign_is_passed_over(write) -> None:
    cells = [code_cell("print('loss ≈0.124, 5 of 5')") for _ in STORED]
    for number, (cell, text) in enumerate(zip(cells, STORED, strict=True), 1):
        cell.execution_count = number
        cell.outputs = [new_output("stream", name="stdout", text=f"{text}\n")]
    command = [sys.executable, "-m", "pytest", "-n0", "-rfp", "tests/texts.py", str(write(cells))]
    run = subprocess.run(command, cwd=hygiene.ROOT, capture_output=True, text=True)
    said = re.findall(r"^(PASSED|FAILED) .*::Cell (\d)", run.stdout, re.MULTILINE)
    assert {int(cell): word for word, cell in said} == {
        number: {"passes": "PASSED", "fails": "FAILED"}[word]
        for number, word in enumerate(STORED.values())
    }


def test_minutes_count_words_shown_lines_figures_and_sliders(write) -> None:
    hidden = {"jupyter": {"source_hidden": True}}
    lines = "\n\n".join(["x = 1"] * 80)  # ten minutes; empty lines count for nothing
    cells = [
        new_markdown_cell("word " * 600),  # four
        code_cell(lines),
        code_cell(lines, picture(), picture(), **hidden),  # two pictures
        code_cell("Explorer()", picture()),  # two for sliders, an eighth for the line
        new_markdown_cell("word " * 600, metadata={"tags": ["navigation"]}),
        new_markdown_cell("## Exercises\n" + "word " * 600),
        code_cell(lines),
    ]
    assert written.minutes(new_notebook(cells=cells)) == 19  # 18.125, rounded up
    assert hygiene.check_minutes(write(cells)) == []
    assert hygiene.check_minutes(write([new_markdown_cell("word " * 7501)]))


@pytest.mark.slow
def test_what_showed_progress_leaves_nothing_behind(write, capfd) -> None:
    folders = [str(hygiene.ROOT), str(hygiene.ROOT / "notebooks")]
    source = f"import sys; sys.path[:0] = {folders}\nfrom experiments import progress\nprint(1)\n"
    page = write([code_cell(source + "print(len(list(progress(range(9), 9))))")])
    assert build.main([str(page)]) == 0
    assert [output.text for output in build.read(page).cells[0].outputs] == ["1\n9\n"]


# ==== The build


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("1 / 0", "code cell 2, raised"),
        ("import sys\nprint('x', file=sys.stderr)", "code cell 2, wrote to stderr"),
        ("import time\ntime.sleep(60)", "code cell 2, raised"),
    ],
    ids=["error", "stderr", "too slow"],
)
def test_build_refuses(source: str, word: str, write, monkeypatch, capfd) -> None:
    monkeypatch.setattr(build, "CELL_TIMEOUT", 1)
    path = write([code_cell("1"), code_cell(source), code_cell("2")])
    before = path.read_bytes()
    assert build.main([str(path)]) == 1
    assert f"{path}, {word}" in capfd.readouterr().err
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_notebook_as_it_was(write, monkeypatch) -> None:
    path = edit(write(sound()), lambda nb: nb.cells[1].metadata.update(execution={}))
    before = path.read_bytes()

    def no_room(file: Path, content: bytes) -> None:
        with open(file, "wb") as half:
            half.write(content[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(OSError, match="No space left"):
        build.main([str(path), "--text"])
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.glob("page*")] == ["page.ipynb"]


PLAIN_PAGE = """import matplotlib.pyplot as plt
print(1)
plt.plot([1, 2])
plt.show()
print(2)"""


@pytest.mark.slow
def test_two_builds_are_the_same(write, capfd) -> None:
    path = write([code_cell(PLAIN_PAGE, alt="A line", collapsed=True), code_cell("6 * 7")])
    assert build.main([str(path), "--check"]) == 1
    assert "page.ipynb: changed" in capfd.readouterr().out
    assert build.main([str(path)]) == 0
    once = path.read_bytes()
    assert build.main([str(path), "--check"]) == 0
    assert path.read_bytes() == once
    assert [output.output_type for output in hygiene.outputs(path)] == [
        "stream",
        "display_data",
        "stream",
        "execute_result",
    ]
    assert build.read(path).cells[0].metadata == {"alt": "A line"}


def test_normal_form_drops_what_varies() -> None:
    stream = [new_output("stream", name="stdout", text=text) for text in ("1", "2")]
    shown = picture({build.WIDGET_VIEW: {}}, **{"image/png": {"width": 9, "alt": "A"}}, other=1)
    shown.data["image/png"] = f"{PNG[:4]}\n{PNG[4:]}\n"
    cell = code_cell("1", *stream, shown, jupyter={"source_hidden": True, "outputs_hidden": True})
    cells = [cell, new_markdown_cell("a"), new_markdown_cell("b"), new_markdown_cell("c")]
    notebook = new_notebook(cells=cells, metadata={"widgets": {}})
    for each, identity in zip(cells, ["same", "same", "not valid!", "cell-2"], strict=True):
        each.id = identity
    notebook = build.normalise(notebook)
    nbformat.validate(notebook)
    assert list(notebook.metadata) == ["kernelspec", "language_info"]
    assert [cell.id for cell in notebook.cells] == ["same", "cell-3", "cell-4", "cell-2"]
    assert notebook.cells[0].metadata == {"jupyter": {"source_hidden": True}}
    text, image = notebook.cells[0].outputs
    assert text.text == "12"
    assert image == {
        "output_type": "display_data",
        "data": {"image/png": PNG},
        "metadata": {"image/png": {"alt": "A"}},
    }
    assert build.normalise(notebook) == notebook


def test_kernel_is_this_python(write) -> None:
    path = write([code_cell("import sys\nprint(sys.executable)")])
    (output,) = build.execute(path).cells[0].outputs
    assert output.text.strip() == sys.executable


# ==== The teacher's pages

PLAN = """\
## 01 Data

| min | where | do | ask |
|---|---|---|---|
| 20 | [Six windows](01_data.ipynb#Six-windows) | show; may fall | "How many?" |
| 25 | [Exercises, 1](01_data.ipynb#Exercises) | try | |

Not in the plan, scroll past: the rest.

""" + "\n".join(f"**{part}.** Words.\n" for part in hygiene.PLAN_PARTS).replace(
    "ask.** Words.\n", 'ask.**\n\n- *"Why?"* So.\n- *"How?"* So.\n- *"When?"* Now.\n'
)
PATHS = "| who | path | hours |\n|---|---|---|\n| a reader | 00, 01 | 1:00 |\n"


def test_a_sound_teachers_page_passes() -> None:
    assert hygiene.check_plan(PLAN, "01 Data") == []
    assert hygiene.check_paths(PATHS, {"00": "16", "01": "44"}) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (PLAN.replace("| 25 |", "| 30 |"), "50 minutes"),
        (PLAN.replace("| 25 |", "| 15 |"), "35 minutes"),
        (PLAN.replace("## 01", "## 02"), "0 sections"),
        (2 * PLAN, "2 sections"),
        (PLAN.replace("**Goal.**", "Goal."), r"0 times **Goal.**"),
        (PLAN + "**Slider.** Another.\n", r"2 times **Slider.**"),
        (PLAN.replace("Not in the plan, scroll past: ", ""), "0 times Not in the plan"),
        (PLAN.replace('- *"How?"* So.\n', ""), "fewer than three questions"),
        (PLAN.replace("| try |", "| show |"), "no row: try"),
        (PLAN.replace("; may fall", ""), "no row: may fall"),
        (PLAN.replace("[Six windows]", "[Windows]"), "a row says Windows, the lesson Six-windows"),
    ],
)
def test_a_broken_plan_is_seen(text: str, word: str) -> None:
    (problem,) = hygiene.check_plan(text, "01 Data")
    assert word in problem


@pytest.mark.parametrize(
    ("text", "word"),
    [(PATHS.replace("1:00", "2:00"), "in place of 60"), (PATHS.replace("00, 01", ""), "no path")],
)
def test_a_broken_path_is_seen(text: str, word: str) -> None:
    (problem,) = hygiene.check_paths(text, {"00": "16", "01": "44"})
    assert word in problem


@pytest.mark.parametrize("target", ["#No-end", "page.md#No-end", "nowhere.ipynb"])
def test_a_broken_link_of_a_page_is_seen(target: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n[here](#A-page) and [there](page.md#A-page)", encoding="utf-8")
    assert hygiene.check_links(page) == []
    page.write_text(f"# A page\n\n[there]({target})", encoding="utf-8")
    (problem,) = hygiene.check_links(page)
    assert "no such" in problem


@pytest.mark.parametrize("heading", ["1 · Predict", '"My network"'])
def test_a_heading_to_which_jupyterlab_does_not_go_is_seen(heading: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    target = quote(heading.replace(" ", "-"))
    page.write_text(f"# {heading}\n\n[here](#{target})", encoding="utf-8")
    (problem,) = hygiene.check_links(page)
    assert "does not go" in problem


def test_an_old_sheet_is_seen() -> None:
    text = "<!-- challenges -->\nan old one\n<!-- end -->\n\nother text\n\n<!-- end -->\n"
    filled = written.fill_teaching(text)
    assert filled != text
    assert written.fill_teaching(filled) == filled
    assert filled.endswith("<!-- end -->\n\nother text\n\n<!-- end -->\n")
