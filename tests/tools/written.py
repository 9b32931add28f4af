"""What the build writes into notebooks and README because it follows from other files.

- Lessons: the minutes, the line of navigation, the set-up cell, the link to the next lesson.
- The playground's lesson: its table of controls, and the challenges.
- README: the table of lessons.
- The teacher's page: the sheet of challenges that is printed.

A lesson is found by its name, ``NN_word.ipynb`` in notebooks/ (a side lesson: ``NNb_word``). So a
new lesson, control or challenge is added in one place; a test sees whether the build has been run
since.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
sys.path[:0] = [str(NOTEBOOKS.parent), str(NOTEBOOKS)]  # as the set-up cell does
from playground.challenges import CHALLENGES, NUMBERED, Challenge  # noqa: E402
from playground.settings import CONTROLS, DEFAULTS, word_of  # noqa: E402

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

LESSON = re.compile(r"\d\d[a-z]?_\w+\.ipynb")
TIME = re.compile(r"(?<=^Time: )\d+(?= minutes)", re.MULTILINE)
WORDS, LINES, FIGURE, SLIDERS = 1 / 150, 1 / 8, 1, 2  # minutes of reading each takes
README_TABLE = re.compile(r"(?<=<!-- lessons -->\n).*?(?=<!-- end -->)", re.DOTALL)
SHEET = re.compile(r"(?<=<!-- challenges -->\n).*?(?=<!-- end -->)", re.DOTALL)


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
        if {"navigation", "setup", "next"} & set(cell.metadata.get("tags", [])):
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
    after = [x for x in every if x.file > here]
    return f"Next: [{after[0].title}]({after[0].file}). {after[0].promise}" if after else None


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
        if not path.name.startswith("00"):  # which stands alone
            _put(nb, "setup", 2, SETUP)
        if text := next_lesson(path.name, every):
            _put(nb, "next", len(nb.cells), text)
        _set_slides(nb)
    return nb


def is_lesson(path: Path) -> bool:
    return bool(LESSON.fullmatch(path.name)) and path.parent.name == "notebooks"


def slide_type(cell: NotebookNode) -> str:
    """As JupyterLab and nbconvert name it; "-" goes on with the slide before."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def _set_slides(nb: NotebookNode) -> None:
    """Give a slide type to each cell that has none: a text begins a slide, results go on with it.

    So a slide has a question and its answer. What an author or a teacher has chosen stays.
    """
    full = False  # whether the slide has a result
    for cell in nb.cells:
        tags = {*cell.metadata.get("tags", [])}
        text = cell.cell_type == "markdown"
        if tags & {"navigation", "setup", "next"} or cell.id == "imports":
            by_rule = "skip"
        elif text:
            heading = re.match(r"#+ (.*)", cell.source)
            by_rule = "slide" if heading else "subslide"
            if heading and heading[1] in ("Exercises", "References"):
                by_rule = "skip"
        else:
            by_rule = "subslide" if full and cell.outputs else "-"
        if by_rule != "-":
            cell.metadata.setdefault("slideshow", NotebookNode(slide_type=by_rule))
        kind = slide_type(cell)
        if kind != "skip":
            full = bool(cell.get("outputs")) or (full and kind == "-")


def _put(nb: NotebookNode, tag: str, place: int, text: str) -> None:
    """Set the text of the cell with this tag; without one, put such a cell in its place."""
    for cell in nb.cells:
        if tag in cell.metadata.get("tags", []):
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
