"""What the build writes into notebooks and README because it follows from other files.

- Lessons: the minutes, the line of navigation, the set-up cell, the link to the next lesson.
- Their exercises: what to do with them, and below each task its stub.
- Their five questions, where there are some, before the exercises.
- Solutions: the title, the set-up cell, and the tasks as the lesson has them.
- The playground's lesson: its table of controls, and the challenges.
- README: the table of lessons.
- The teacher's page: the sheet of challenges that is printed.

A lesson is found by its name, ``NN_word.ipynb`` in notebooks/ (a side lesson: ``NNb_word``). So a
new lesson, exercise, control or challenge is added in one place; a test sees whether the build has
been run since.
"""

from __future__ import annotations

import base64
import math
import re
import struct
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
sys.path[:0] = [str(NOTEBOOKS.parent), str(NOTEBOOKS)]  # as the set-up cell does
from checks import Exercise, exercises_of  # noqa: E402
from playground.challenges import CHALLENGES, NUMBERED, Challenge  # noqa: E402
from playground.settings import CONTROLS, DEFAULTS, word_of  # noqa: E402
from quiz import questions_of  # noqa: E402

SETUP = """import sys
from pathlib import Path

up = [Path.cwd(), *Path.cwd().parents]  # this folder and those above, then those beside them
found = next((p for p in up if (p / "notebooks/explorer.py").is_file()), None) or next(
    (file.parents[1] for p in up for file in sorted(p.glob("*/notebooks/explorer.py"))), None
)
assert found, (
    f"The code of the series was not found from {Path.cwd()}. Start Jupyter in the folder that "
    "you cloned, or in one below or beside it; with papermill, name that folder after --cwd."
)
sys.path[:0] = [str(found), str(found / "notebooks")]"""

# Below the exercises of the first page, which stands alone: their checks do not.
ALONE = """import sys
from types import SimpleNamespace

try:
    from checks import check
except ModuleNotFoundError:

    def check(key):
        print("Not checked: that needs the whole folder of the series. Open this page in there.")

    sys.modules["checks"] = SimpleNamespace(check=check)"""

LESSON = re.compile(r"\d\d[a-z]?_\w+\.ipynb")
TIME = re.compile(r"(?<=^Time: )\d+(?= minutes)", re.MULTILINE)
TASK = re.compile(r"###? (\d) · ")  # of a section in a lesson, of a page in its solutions
WORDS, LINES, FIGURE, SLIDERS = 1 / 150, 1 / 8, 1, 2  # minutes of reading each takes
SLIDE, PICTURE = 15, 24  # lines of results on a slide; lines that a square picture takes
README_TABLE = re.compile(r"(?<=<!-- lessons -->\n).*?(?=<!-- end -->)", re.DOTALL)
SHEET = re.compile(r"(?<=<!-- challenges -->\n).*?(?=<!-- end -->)", re.DOTALL)

EXERCISES = """## Exercises

Put your answer where the `...` is, and run the cell. What it prints begins with *Not attempted \
yet*, *Not yet* or *Right*; after *Not yet* it says what is wrong. Predict before you measure. \
Answers, right and wrong: [solutions/{file}](solutions/{file})."""
QUIZ = """## Five questions

Think first, then choose: what is said below a choice speaks of that choice. Each right answer was \
measured in this lesson."""
SOLUTIONS = """# {title}: solutions

To lesson [{short}](../{file}). Below each task there is an answer and what it means, then another \
right answer, then wrong ones that are often given, with what the check says to them."""


@dataclass(frozen=True)
class Lesson:
    """What a lesson's first cell says of it: ``# 02 · Model``, a **promise**, and its minutes."""

    file: str
    title: str
    promise: str
    minutes: str

    @property
    def short(self) -> str:
        return self.file.removesuffix(".ipynb").replace("_", " ")


@cache
def lesson(path: Path) -> Lesson:
    first = nbformat.read(path, 4).cells[0].source
    found = [re.search(p, first, re.MULTILINE) for p in (r"^# (.+)$", r"^\*\*(.+)\*\*$")]
    minutes = TIME.search(first)
    if not all(found) or not minutes:
        raise ValueError(f"{path}: the first cell needs a title, a promise in bold, and 'Time: N'")
    return Lesson(path.name, found[0][1], found[1][1], minutes[0])


def minutes(nb: NotebookNode) -> int:
    """How long a lesson takes to read, to its exercises: words, lines shown, figures, sliders."""
    total = 0.0
    for cell in nb.cells:
        if cell.source.startswith("## Exercises"):
            break
        if {"navigation", "setup", "next", "quiz"} & set(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type == "markdown":
            total += len(cell.source.split()) * WORDS
            continue
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            total += sum(bool(line.strip()) for line in cell.source.splitlines()) * LINES
        sliders = len(re.findall(r"^(?:Explorer|Playground)\(", cell.source, re.MULTILINE))
        pictures = sum("image/png" in output.get("data", {}) for output in cell.outputs)
        total += sliders * SLIDERS + (pictures - min(sliders, pictures)) * FIGURE
    return math.ceil(total)


def lessons(folder: Path = NOTEBOOKS) -> list[Lesson]:
    return [lesson(path) for path in sorted(folder.glob("*.ipynb")) if LESSON.fullmatch(path.name)]


def navigation(here: str, every: list[Lesson]) -> str:
    names = [f"**{x.short}**" if x.file == here else f"[{x.short}]({x.file})" for x in every]
    return " · ".join(names)


def next_lesson(here: str, every: list[Lesson]) -> str | None:
    """The next lesson on the way, and the side lessons of this number that are still to come."""
    after = [x for x in every if x.file > here]
    main = next((x for x in after if x.file[2] == "_"), None)
    if main is None:
        return None
    beside = [f"[{x.title}]({x.file})" for x in after if x.file[:2] == here[:2]]
    also = f" Beside the way: {', '.join(beside)}." if beside else ""
    return f"Next: [{main.title}]({main.file}). {main.promise}{also}"


def controls() -> str:
    rows = [f"| {c.label} | {name} | {c.meaning} |" for name, c in CONTROLS.items()]
    return "\n".join(["| control | under Share | what it is |", "|---|---|---|", *rows])


def challenges() -> str:
    """Each challenge with its start, question and goal; hint and explanation fold out."""
    return "\n\n".join(
        f"### {NUMBERED[key]}\n\nStart: `{_start_of(c)}`. {c.question}\n\nGoal: {c.goal}.\n\n"
        f"<details><summary>Hint</summary>\n\n{c.hint}\n</details>\n"
        f"<details><summary>What comes of it</summary>\n\n{c.explanation}\n\nReached by "
        f"{' and then '.join(f'`{line.strip()}`' for line in c.solution)}.\n</details>"
        for key, c in CHALLENGES.items()
    )


def sheet() -> str:
    """The challenges on paper: with room for a prediction, and no hint, explanation or answer."""
    return "\n\n".join(
        f"**{NUMBERED[key]}** (`{key}`). {c.question} *Goal:* {c.goal}.\n\n"
        f"My prediction: {'_' * 36} What I changed: {'_' * 30}"
        for key, c in CHALLENGES.items()
    )


def _start_of(challenge: Challenge) -> str:
    start = challenge.start.items()
    return " ".join(f"{name}={word_of(x)}" for name, x in start if x != DEFAULTS[name])


def fill(nb: NotebookNode, path: Path) -> NotebookNode:
    """The notebook with its written cells as they should be; they are known by their tags."""
    texts = {"controls": controls, "challenges": challenges}
    for cell in nb.cells:
        for tag in cell.metadata.get("tags", []):
            if tag in texts:
                cell.source = texts[tag]()
    if is_lesson(path):
        nb.cells[0].source = TIME.sub(str(minutes(nb)), nb.cells[0].source)
        every = lessons(path.parent)
        _put(nb, "navigation", 1, navigation(path.name, every))
        if path.name.startswith("00"):  # which stands alone
            headings = [cell.source.partition("\n")[0] for cell in nb.cells]
            _put(nb, "setup", headings.index("## Exercises") + 1, ALONE)
        else:
            _put(nb, "setup", 2, SETUP)
        if text := next_lesson(path.name, every):
            _put(nb, "next", len(nb.cells), text)
        if has_exercises(path):
            _fill_exercises(nb, path, exercises_of(_number(path)))
        _fill_quiz(nb, _number(path))
        _set_slides(nb)
    if path.parent.name == "solutions":
        _fill_solutions(nb, path)
    return nb


def is_lesson(path: Path) -> bool:
    return bool(LESSON.fullmatch(path.name)) and path.parent.name == "notebooks"


def slide_type(cell: NotebookNode) -> str:
    """As JupyterLab and nbconvert name it; "-" goes on with the slide before."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def _set_slides(nb: NotebookNode) -> None:
    """Give a slide type to each cell that has none: a text begins a slide, results go on with it.

    So a slide has a question and its answer, as long as there is room for both. What an author or
    a teacher has chosen stays.
    """
    used = 0.0  # lines of results on the slide
    ended = False  # whether the exercises have begun, which a lecture leaves to the class
    for cell in nb.cells:
        tags = {*cell.metadata.get("tags", [])}
        heading = cell.cell_type == "markdown" and re.match(r"#+ (.*)", cell.source)
        ended = ended or (bool(heading) and heading[1] == "Exercises")
        begins = cell.id.rpartition("-")[2] in ("imports", "seeds")
        if ended or begins or tags & {"navigation", "setup", "next", "quiz"}:
            by_rule = "skip"
        elif cell.cell_type == "markdown":
            by_rule = "slide" if heading else "subslide"
        else:
            height = _height(cell)
            by_rule = "subslide" if used and height and used + height > SLIDE else "-"
        if by_rule != "-":
            cell.metadata.setdefault("slideshow", NotebookNode(slide_type=by_rule))
        kind = slide_type(cell)
        if kind != "skip":
            used = _height(cell) + used * (kind == "-")


def _height(cell: NotebookNode) -> float:
    """How many lines a cell's results take on a slide; a picture that is wider takes fewer."""
    total = 0.0
    for output in cell.get("outputs", []):
        total += output.get("text", "").count("\n")
        if png := output.get("data", {}).get("image/png"):
            width, height = struct.unpack(">II", base64.b64decode(png)[16:24])
            total += PICTURE * height / width
    return total


def has_exercises(path: Path) -> bool:
    """Whether this is a lesson whose exercises have a check."""
    return is_lesson(path) and bool(exercises_of(_number(path)))


def _number(path: Path) -> str:
    return path.name.partition("_")[0]


def _fill_exercises(nb: NotebookNode, path: Path, entries: list[Exercise]) -> None:
    """The text below the heading, and a cell with the stub below each task."""
    stubs = {cell.id: cell for cell in nb.cells if _has_tag(cell, "exercise")}
    cells, keys = [], []
    for cell in nb.cells:
        if cell.id in stubs:
            continue
        if cell.source.startswith("## Exercises"):
            cell.source = EXERCISES.format(file=path.name)
        cells.append(cell)
        if task := _task(cell):
            keys.append(f"{_number(path)}.{task}")
            name = f"exercise-{task}"
            new = new_code_cell("", id=name, metadata={"tags": ["exercise"]})
            cells.append(stubs.get(name, new))
            cells[-1].source = next((e.cell for e in entries if e.key == keys[-1]), "")
    if keys != [entry.key for entry in entries]:
        raise ValueError(f"{path}: tasks {keys}, but entries {[entry.key for entry in entries]}")
    nb.cells = cells


def _fill_quiz(nb: NotebookNode, number: str) -> None:
    """A heading and the questions before the exercises, if the lesson has questions."""
    kept = {cell.id: cell for cell in nb.cells if _has_tag(cell, "quiz")}
    nb.cells = [cell for cell in nb.cells if cell.id not in kept]
    if not questions_of(number):
        return
    tags = NotebookNode(tags=["quiz"])
    folded = NotebookNode(tags=["quiz"], jupyter={"source_hidden": True})
    head = kept.get("quiz-head", new_markdown_cell("", id="quiz-head", metadata=tags))
    asks = kept.get("quiz", new_code_cell("", id="quiz", metadata=folded))
    head.source, asks.source = QUIZ, f'from quiz import quiz\n\nquiz("{number}")'
    place = next(k for k, cell in enumerate(nb.cells) if cell.source.startswith("## Exercises"))
    nb.cells[place:place] = [head, asks]


def _fill_solutions(nb: NotebookNode, path: Path) -> None:
    """Title, set-up cell and tasks; a task that is new comes last, with its stub."""
    here = lesson(path.parents[1] / path.name)
    title = SOLUTIONS.format(title=here.title, short=here.short, file=here.file)
    _put(nb, "title", 0, title)
    _put(nb, "setup", 1, SETUP)
    there = {_task(cell): cell for cell in nb.cells}
    for number, text in tasks(path.parents[1] / path.name).items():
        text = re.sub(r"(?<=\]\()(?=[\w/]+\.(?:ipynb|md))", "../", text).replace("###", "##", 1)
        if number in there:
            there[number].source = text
            continue
        nb.cells.append(new_markdown_cell(text, id=f"task-{number}"))
        entry = next(e for e in exercises_of(_number(path)) if e.key.endswith(f".{number}"))
        nb.cells.append(new_code_cell(entry.cell, id=f"answer-{number}"))


def tasks(path: Path) -> dict[str, str]:
    """The Markdown of a lesson's exercises, by their number."""
    return {n: cell.source for cell in nbformat.read(path, 4).cells if (n := _task(cell))}


def _task(cell: NotebookNode) -> str | None:
    own = cell.cell_type == "markdown" and not _has_tag(cell, "challenges")
    found = TASK.match(cell.source) if own else None
    return found[1] if found else None


def _has_tag(cell: NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def _put(nb: NotebookNode, tag: str, place: int, text: str) -> None:
    """Set the text of the cell with this tag; without one, put such a cell in its place."""
    for cell in nb.cells:
        if _has_tag(cell, tag):
            cell.source = text
            return
    new = new_code_cell if tag == "setup" else new_markdown_cell
    cell = new(text, id=f"written-{tag}", metadata={"tags": [tag]})
    if tag == "setup":
        cell.metadata["jupyter"] = {"source_hidden": True}
    nb.cells.insert(place, cell)


def fill_readme(text: str) -> str:
    """README with its table of lessons as it should be, between two comments."""
    rows = [
        f"| {number} | [{name}](notebooks/{x.file}) | {x.minutes} | {x.promise} |"
        for x in lessons()
        for number, _, name in [x.title.partition(" · ")]
    ]
    table = (
        "\n".join(["| no. | lesson | minutes | what it is about |", "|---|---|---|---|", *rows])
        + "\n"
    )
    return README_TABLE.sub(lambda _: table, text)


def fill_teaching(text: str) -> str:
    """The teacher's page with its sheet of challenges as it should be, between two comments."""
    return SHEET.sub(lambda _: f"\n{sheet()}\n\n", text, count=1)
