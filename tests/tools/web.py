"""Build the series as web pages, in site/: no kernel, no network, sliders included.

    python tests/tools/web.py                 # pages, films of all sliders, slides
    python tests/tools/web.py --no-films      # a minute: stored pictures, where no film is kept
    python tests/tools/web.py --pdf           # and site/download/series.pdf, by Chromium

Text, results and pictures are those of the stored notebooks. For the films (see films.py) each
notebook is run once more; they are kept in site/films until the code of the notebook, or a module
that it imports, changes. Two builds give the same bytes. A link that leads nowhere is refused.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import itertools
import json
import posixpath
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import jinja2
import latex2mathml.converter
import numpy as np
from markupsafe import Markup
from nbconvert import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

import build
import films
import written
from checks import WIDTH
from differences import first_wrong_text
from playground.challenges import CHALLENGES, NUMBERED, standing
from playground.presets import PRESETS
from playground.run import Run
from playground.screen import Screen
from playground.settings import from_text, to_text

HERE = Path(__file__).resolve().parent
NOTEBOOKS = build.NOTEBOOKS
ROOT = NOTEBOOKS.parent
SITE = ROOT / "site"
SERIES = "LSTM networks in PyTorch"
PLAYGROUND = "08_playground"
FRONT = "index.html"
ZIP, PDF = "download/series.zip", "download/series.pdf"
CHANGES = ROOT / "CHANGELOG.md"
ZIPPED = (
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "helpers.py",
    "pyproject.toml",
    "requirements.txt",
)
ZIPPED_FOLDERS = ("notebooks", "tests")
PACKED = {"", ".py", ".md", ".txt", ".toml", ".ipynb", ".csv", ".png", ".json", ".cfg", ".css"}
PACKED |= {".js", ".j2", ".woff2"}
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}
FONT = HERE / "page/stix-two-math.woff2"  # of STIX Two Math: what lessons may need of it
FILM_BYTES = 1_500_000  # of one page at most
NO_SLIDES = ("Exercises", "References")
SENTENCE = 60  # characters of a line that is no column
PHRASE = 30  # characters of a table's cell that needs a wide column
LONG = 85  # words on a slide of text
ALONE = 14  # words that are too few for a slide
SHORT = 40  # fewer words, without results or code, go on with the text that follows
OPEN = 21  # lines of code on a slide that has nothing else to show
FEW = 10  # such lines above printed results, where the text leads to the code
# Of a slide, in pixels: what is below its heading, a line of text (of so many words), one of code
ROOM, LINE, WORDS, CODE_LINE = 540, 41, 12, 30
WIDE, TALL, BOTH = 1168, 520, 400  # a picture's width, its height, and that beside a printed table
FOLDED = re.compile(r"<details>(?=<summary>Code)")
DRAWING = re.compile(
    r"<details><summary>Code that (?:draws|checks|computes)</summary>.*?</details>\s*", re.DOTALL
)
WRITTEN = {"navigation", "next"}  # cells that the pages have in another form

WELCOME = """These pages are the whole series without Python: text, code, results, and sliders \
that move. Begin with [One page](notebooks/00_one_page.ipynb). The playground trains a real \
network, so it needs the notebooks; runs of it are recorded [in its lesson](notebooks/\
08_playground.ipynb)."""

FORMULA = re.compile(r"(?<![\\`])\$\$(.+?)\$\$|(?<![\\`$\w])\$([^$\n]+?)\$(?!\w)", re.DOTALL)
VERBATIM = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
ANCHORED = re.compile(r'<h([1-6]) id="([^"]*)">(.*?)</h\1>', re.DOTALL)
# Under a root: the sign is as tall as this, and would hang below a letter that is lower.
STRUT = '<mspace height="0.78em" depth="0.22em"></mspace>'
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
LINK = re.compile(r'\b(href|src)="([^"]*)"')
NAMED = re.compile(r'(<a href="([^"#]+)[^>]*>)(?:[\w/]+\.(?:ipynb|md)|\d\d[bc]? [a-z_ ]+)</a>')
NEGATIVE = re.compile(r'(?<!\w\()(?<![^\s(\[≈*_|>"“])-(?=\d)|(?<=\de)-(?=\d)')  # no range, no name
MINUS = "\u2212"  # at which no line breaks
MARKUP = re.compile(r"(<(pre|code|math|script)\b.*?</\2>|<[^>]*>)", re.DOTALL)
MESSAGE = re.compile(
    r'<div class="highlight"><pre><span></span>(\w+(?:Error|Warning):[^<]*?)\s*</pre></div>'
)
ID = re.compile(r'\bid="([^"]*)"')
TAG = re.compile(r"<[^>]*>")
SAID = re.compile("Right: |Not yet: |Not attempted |Not checked: ")  # by a check


class WebError(Exception):
    """A site that must not be written; the message names the page and the place."""


@dataclass
class Page:
    """A page to be: where it is written, from which file, and what stands on it."""

    page: str  # in site/
    source: Path
    title: str
    promise: str = ""

    @property
    def root(self) -> str:
        return "../" * self.page.count("/")


# ==== Text


def prose(source: str) -> str:
    """Markdown to HTML; formulas become MathML, headings get the anchors that JupyterLab gives."""
    formulas: list[str] = []

    def formula(found: re.Match) -> str:
        display = "block" if found[1] else "inline"
        latex = (found[1] or found[2]).strip()
        markup = latex2mathml.converter.convert(latex, display=display)
        markup = markup.replace("<msqrt><mrow>", f"<msqrt><mrow>{STRUT}")
        # Bars of a magnitude, which are no operator between two terms
        formulas.append(re.sub(r"<mo [^>]*>(?=&#x0007C;)", '<mo lspace="0" rspace="0">', markup))
        return f"\x02{len(formulas) - 1}\x03"

    def with_its_stop(found: re.Match) -> str:
        all_three = found[1] + formulas[int(found[2])] + found[3]
        return f'<span class="nobr">{all_three}</span>' if found[1] + found[3] else all_three

    parts = VERBATIM.split(source)
    parts[::2] = [signs(FORMULA.sub(formula, part)) for part in parts[::2]]
    text = "".join(parts)
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    out = MarkdownWithMath(renderer=renderer).render(text)
    out = re.sub("(\\(?)\x02(\\d+)\x03([.,;:!?)]*)", with_its_stop, out)
    # An anchor that a page has for GitHub is what the heading below it gets anyway
    out = re.sub(r'<p><a id="[^"]*"></a></p>\s*(?=<h)', "", out)
    out = MESSAGE.sub(r'<pre class="printed message"><samp>\1</samp></pre>', out)
    out = re.sub(r"<code>(?=[^<]*</code>\w)", '<code class="joined">', out)
    out = re.sub(r"_{9,}", '<span class="blank"></span>', out)  # to be filled in on paper
    out = TABLE.sub(in_a_box, out)
    out = re.sub(r"<p>(<img[^>]*>)</p>", r"<figure>\1</figure>", out)
    return HEADING.sub(lambda h: f'<h{h[1]} id="{anchor(h[2])}">{h[2]}</h{h[1]}>', out)


def signs(text: str) -> str:
    """Text with a true minus, and no line's end before a percent sign or after ≈."""
    text = re.sub(r"(?<=\d) - (?=\d)", f" {MINUS} ", NEGATIVE.sub(MINUS, text))
    return re.sub(r"(?<=\d) (?=%)|(?<=≈) ", "\u00a0", text)


def signs_between(markup: str) -> str:
    """HTML with such signs in what is neither a tag nor code."""
    parts = MARKUP.split(markup)
    parts[::3] = [signs(part) for part in parts[::3]]
    return "".join(part for k, part in enumerate(parts) if k % 3 != 2)


def is_prose(printed: str) -> bool:
    """Whether what a cell has printed may be wrapped: sentences, and not columns."""
    wide = max(map(len, printed.split("\n"))) > SENTENCE
    return bool(SAID.match(printed)) or (wide and not re.search(r"\S  +\S", printed))


def messages(printed: str) -> list[str]:
    """What checks have said, each without the line ends at which it was filled; else all as is."""
    if not SAID.match(printed):
        return [printed]
    found: list[str] = []
    for before, line in itertools.pairwise(["", *printed.split("\n")]):
        if len(before) + 1 + len(line.split(" ")[0]) > WIDTH:
            found[-1] += f" {line}"
        else:
            found.append(line)
    return found


def in_a_box(table: re.Match) -> str:
    """A table that can scroll; one with a phrase in a cell is "long", and has roles of its own.

    On a narrow window such a table's rows are shown as paragraphs, with the column's name before a
    cell, and then only the roles say that it is a table.
    """
    markup, cells = table[0], re.findall(r"<td[^>]*>(.*?)</td>", table[0], re.DOTALL)
    names = [plain(name) for name in re.findall(r"<th\b[^>]*>(.*?)</th>", markup, re.DOTALL)]
    if len(names) < 3 or max(len(plain(cell)) for cell in cells) <= PHRASE:
        return f'<div class="wide">{markup}</div>'
    marks = itertools.cycle(f' data-name="{html.escape(name)}"' * bool(name) for name in names)
    markup = re.sub(r"<td\b", lambda td: td[0] + next(marks), markup)
    roles = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row"}
    roles |= {"th": "columnheader", "td": "cell"}
    for tag, role in roles.items():
        markup = re.sub(rf"<{tag}\b", f'<{tag} role="{role}"', markup)
    return f'<div class="wide long">{markup}</div>'


def anchor(heading: str) -> str:
    """As JupyterLab makes it: the text of a heading, with hyphens for spaces."""
    return html.escape(plain(heading).strip().replace(" ", "-").replace(MINUS, "-"))


def plain(markup: str) -> str:
    return html.unescape(TAG.sub("", markup))


def python(source: str) -> str:
    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip()


def font_face() -> str:
    """CSS that holds the font of formulas: some browsers take no font from a file beside a page."""
    data = base64.b64encode(FONT.read_bytes()).decode()
    return f'@font-face {{ font-family: "STIX Two Math"; src: url(data:font/woff2;base64,{data}) }}'


# ==== Links


def place_of(target: Path) -> str:
    """Where in site/ a file of the project is to be found. Raises KeyError if nowhere."""
    if target == ROOT / "README.md":
        return FRONT
    if target == CHANGES:
        return "changes.html"
    if target == ROOT / "LICENSE":
        return "LICENSE"
    if target.is_relative_to(NOTEBOOKS) and target.is_file():
        inside = target.relative_to(NOTEBOOKS).as_posix()
        if target.suffix in (".ipynb", ".md"):
            return re.sub(r"\.(ipynb|md)$", ".html", inside)
        if target.parent == NOTEBOOKS / "pictures":
            return f"img/{target.name}"
    raise KeyError(target)


def name_of(path: Path) -> str:
    """A notebook's name in site/: "01_data", "solutions-01_data"."""
    return path.relative_to(NOTEBOOKS).with_suffix("").as_posix().replace("/", "-")


def relinked(markup: str, page: Page) -> str:
    """HTML whose relative links lead from file to file, made to lead from page to page."""

    def relink(found: re.Match) -> str:
        name, link = found[1], html.unescape(found[2])
        if re.match(r"[a-z]+:|#|$", link):
            return found[0]
        target, _, place = link.partition("#")
        try:
            where = place_of((page.source.parent / target).resolve())
        except KeyError:
            raise WebError(f"{page.source}: the link {link!r} leads nowhere") from None
        return f'{name}="{page.root}{html.escape(where + "#" * bool(place) + place)}"'

    def entitled(found: re.Match) -> str:  # a file's name says nothing where there are no files
        target = (page.source.parent / found[2]).resolve()
        return f"{found[1]}{html.escape(first_line(target))}</a>" if target.is_file() else found[0]

    return LINK.sub(relink, NAMED.sub(entitled, markup))


# ==== Pages


def pages() -> list[Page]:
    """Front page, lessons, other texts, solutions: in the order in which they are read."""
    found = [Page(FRONT, ROOT / "README.md", SERIES)]
    for each in written.lessons():
        path = NOTEBOOKS / each.file
        found.append(Page(place_of(path), path, each.title, each.promise))
    others = [*NOTEBOOKS.rglob("*.md"), *(NOTEBOOKS / "solutions").glob("*.ipynb")]
    others.sort(key=lambda path: (path.suffix == ".ipynb", path))
    for path in [*others, CHANGES]:
        if not LEFT_OUT & {*path.parts}:
            found.append(Page(place_of(path), path, first_line(path)))
    return found


def first_line(path: Path) -> str:
    notebook = path.suffix == ".ipynb"
    text = build.read(path).cells[0].source if notebook else path.read_text(encoding="utf-8")
    return text.splitlines()[0].lstrip("# ")


@cache
def environment() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "page"), autoescape=True)


@cache
def exporter() -> TemplateExporter:
    # Not HTMLExporter, which parses and writes all of it once more
    where = {"template_name": "page", "extra_template_basedirs": [str(HERE)]}
    return TemplateExporter(filters={"python": python}, file_extension=".html", **where)


def body_of(page: Page, site: Path) -> str:
    """What a page says, as HTML. A notebook's pictures are written into img/."""
    if page.source.suffix == ".md":
        source = page.source.read_text(encoding="utf-8")
        if page.page == FRONT:
            intro, *parts = re.split(r"^(?=## )", source, flags=re.MULTILINE)
            parts.sort(key=lambda part: not part.startswith("## The series"))  # it comes first
            source = intro.replace("\n", f"\n\n{WELCOME}\n", 1) + "".join(parts)
        return relinked(prose(source), page)
    nb = build.read(page.source)
    nb.cells = [c for c in nb.cells if not WRITTEN & {*c.metadata.get("tags", [])}]
    return from_cells(page, nb, site, fold)


def from_cells(page: Page, nb: NotebookNode, site: Path, fold: Callable) -> str:
    """A notebook's cells as HTML; `fold` gives the words under which a cell's code is folded."""
    kept = kept_film(page.source, site) or {}
    resources = {
        "prose": lambda source: relinked(prose(source), page),
        "signs": signs_between,
        "is_prose": is_prose,
        "messages": messages,
        "fold": fold,
        "figure": lambda cell, output: figure(page, cell, output, kept, site),
    }
    return exporter().from_notebook_node(nb, resources)[0]


def fold(cell: NotebookNode) -> str:
    """The words under which a cell's code is folded; none where it is shown."""
    if not cell.metadata.get("jupyter", {}).get("source_hidden"):
        return ""
    tags = cell.metadata.get("tags", [])
    words = {"setup": "Code that finds the files of the series", "quiz": "Code that asks"}
    draws = any("image/png" in output.get("data", {}) for output in cell.outputs)
    checks = re.search(r"^assert ", cell.source, re.MULTILINE)
    usual = "draws" if draws else "checks" if checks else "computes"
    return next((words[tag] for tag in tags if tag in words), f"Code that {usual}")


def figure(page: Page, cell: NotebookNode, output: NotebookNode, kept: dict, site: Path) -> str:
    """A picture of a cell, with sliders where there is a film of it."""
    picture = base64.b64decode(output.data["image/png"])
    name = f"{cell.id}-{cell.outputs.index(output)}"
    file = f"img/{name_of(page.source)}-{name}.png"
    build.replace_file(site / file, picture)
    height, width, _ = films.picture_of(picture).shape
    look = {"src": page.root + file, "width": width, "height": height}
    look |= {"alt": cell.metadata.get("alt", ""), "name": name, "id": cell.id}
    template = environment().get_template("film.html.j2")
    if name_of(page.source) == PLAYGROUND and cell.id == "playground":
        return template.render(**look, **of_playground(site))
    film = kept.get(name)
    if film is None:
        return template.render(**look)
    how = "" if film["full"] else "Here the sliders have fewer positions than in the notebook. "
    if film["still"]:
        how += f"Left where they start: {', '.join(film['still'])}. "
    if not film["grid"]:
        how += "One at a time: a slider that moves sends the others back to where they started."
    return template.render(
        **look, file=f"films/{name_of(page.source)}.js", controls=film["controls"], how=how
    )


def group_of(page: Page) -> str:
    """Under which heading of the menu a page stands."""
    if page.source.parent.name == "solutions":
        return "Solutions"
    if written.is_lesson(page.source):
        return "Lessons"
    return "Teaching" if page.source.name.startswith("teaching") else "To look up"


def around(page: Page, body: str, menu: list[Page], pdf: bool) -> str:
    """A page's whole HTML: what it says, in the shell."""
    lessons = [each for each in menu if written.is_lesson(each.source)]
    groups: dict[str, list[Page]] = {}
    for each in menu[1:]:
        groups.setdefault(group_of(each), []).append(each)
    before = after = lesson = None
    if group_of(page) == "Solutions":
        lesson = next((each for each in lessons if each.source.name == page.source.name), None)
    if page in lessons:
        place = lessons.index(page)
        before, after = [menu[0], *lessons][place], [*lessons, None][place + 1]
    headings = ANCHORED.findall(body)
    toc = [(html.unescape(a), Markup(text)) for level, a, text in headings if level == "2"]
    notebook = page.source.suffix == ".ipynb"
    return (
        environment()
        .get_template("shell.html.j2")
        .render(
            series=SERIES,
            front=page.page == FRONT,
            here=page,
            groups=groups,
            toc=toc,
            body=Markup(body),
            pdf=pdf and PDF,
            before=before,
            after=after,
            lesson=lesson,
            download=notebook and "download/" + page.page.replace(".html", ".ipynb"),
            slides=page in lessons and f"slides/{page.page}",
        )
    )


# ==== Slides


@dataclass
class Slide:
    """A slide: where it stands in its lesson; its heading, cells and notes as HTML."""

    at: str  # id of the cell with which it begins
    section: str = ""  # the heading that it goes on with
    heading: str = ""
    text: str = ""  # Markdown
    cells: str = ""
    said: str = ""  # below the cells: Markdown of what they show
    notes: str = ""


def slides(page: Page, site: Path) -> list[Slide]:
    """The slides of a lesson, as its cells' slide types say (written.py says which they have).

    "slide" and "subslide" begin one, "notes" are for the speaker, "skip" is left out, and all
    else goes on with the slide before it. What a section says before its heading goes into the
    notes of the slide before, of which it speaks, and its bold sentence stays on that slide. One
    that would have results and no word takes the first sentence of what is said of them. A long
    text gets slides of its own, and a short one goes on with the text that follows.
    """
    nb = build.read(page.source)
    nb.cells = [cell for cell in nb.cells if written.slide_type(cell) != "skip"]
    every = from_cells(page, nb, site, lambda c: fold(c) or f"Code{names_in(c.source)}")
    found, section = [Slide("")], ""
    for cell, text in zip(nb.cells, re.split(r'(?=<section class="cell )', every)[1:], strict=True):
        kind = written.slide_type(cell)
        if kind == "notes":
            found[-1].notes += text
        elif cell.cell_type == "markdown" and kind in ("slide", "subslide"):
            for heading, after in parted(cell.source):
                if not heading and cell.source.count("\n#"):  # it speaks of what was just shown
                    found[-1].notes += relinked(prose(after), page)
                    found[-1].said = finding(after, first=is_wordless(found[-1]))
                    continue
                if heading.lstrip("# ") in NO_SLIDES:
                    break
                shown = relinked(prose(heading), page)
                section = plain(shown).strip() or section
                if not heading and is_wordless(found[-1]) and not found[-1].said:
                    found[-1].said = finding(after, first=True)
                    after = after.removeprefix(found[-1].said).lstrip()
                if not heading and not after:
                    continue
                if not heading and is_short(found[-1]):
                    found[-1].text += f"\n\n{after}"
                else:
                    found.append(Slide(cell.id, "" if heading else section, shown, after))
        else:
            if kind in ("slide", "subslide"):
                found.append(Slide(cell.id, section))
            found[-1].cells += text
    return [part for slide in found[1:] for part in in_parts(slide, page)]


def in_parts(slide: Slide, page: Page) -> list[Slide]:
    """A slide, after as many others as its text needs; its results stand with the text's end."""
    slide.cells = DRAWING.sub("", slide.cells)
    slide.cells = opened(slide)
    whole = "<h1" in slide.heading and length(slide.text) < 2 * LONG  # what a lesson promises
    *before, last = [slide.text] if whole else portions(slide.text, words_beside(slide))
    section = slide.section or plain(slide.heading).strip()
    first = replace(slide, cells="", said="", notes="")
    found = [replace(first, text=text) for text in before] + [replace(slide, text=last)]
    for part in found[1:]:
        part.section, part.heading = section, ""
    for part in found:
        part.text, part.said = (relinked(prose(text), page) for text in (part.text, part.said))
    return found


def opened(slide: Slide) -> str:
    """A slide's cells, with the code open that stands alone, or to which the text leads."""
    lines, leads, beside = code_lines(slide), slide.text.rstrip().endswith(":"), has_results(slide)
    if beside:
        fits = leads and lines <= FEW and "<figure>" not in slide.cells
    else:
        fits = leads or lines < OPEN
    only_first = beside or lines >= OPEN  # not what asserts, nor more than there is room for
    return FOLDED.sub("<details open>", slide.cells, int(only_first)) if fits else slide.cells


def has_results(slide: Slide) -> bool:
    return "<figure>" in slide.cells or "<samp>" in slide.cells


def is_wordless(slide: Slide) -> bool:
    return has_results(slide) and not slide.text


def is_short(slide: Slide) -> bool:
    """Whether all that it shows is a few words."""
    shows = has_results(slide) or 0 < code_lines(slide) < OPEN
    return 0 < length(slide.text) < SHORT and not shows


def code_lines(slide: Slide) -> int:
    return sum(pre.count("\n") + 2 for pre in sources(slide.cells))


def sources(cells: str) -> list[str]:
    """The code in cells that a slide shows or folds."""
    return re.findall(r'<pre class="source">.*?</pre>', DRAWING.sub("", cells), re.DOTALL)


def words_beside(slide: Slide) -> int:
    """How many words have room above what a slide shows: results, or code that is open."""
    pictures = re.findall(r'width="(\d+)" height="(\d+)"', slide.cells)
    if slide.cells and any(int(w) / int(h) < 1.7 for w, h in pictures):
        return 70  # they stand at its left
    printed = re.findall(r"<samp>(.*?)</samp>", slide.cells, re.DOTALL)
    tall = BOTH if printed else TALL
    used = sum(min(tall, WIDE * int(h) / int(w)) for w, h in pictures)
    used += CODE_LINE * sum(text.count("\n") + 2 for text in printed)
    used += CODE_LINE * code_lines(slide) * ("<details open>" in slide.cells)
    used += LINE * length(slide.said) / WORDS
    return max(20, min(LONG, int((ROOM - used) / LINE * WORDS)))


def names_in(source: str) -> str:
    names = re.findall(r"^(?:def|class) (\w+)", source, re.MULTILINE)
    return f": {', '.join(names)}" if names else ""


def blocks(source: str) -> list[str]:
    """A text's paragraphs, lists, formulas and listings, in order."""
    parts = re.split(r"\n\s*\n", source.strip())
    found: list[str] = []
    for part in parts:
        last = found[-1] if found else ""
        if last.count("```") % 2 or last.count("<details") > last.count("</details"):
            found[-1] += f"\n\n{part}"
        else:
            found.append(part)
    return found


def parted(source: str) -> list[tuple[str, str]]:
    """A text as pairs of a heading and what follows it; the first may have no heading."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for block in blocks(source):
        if block.startswith("#"):
            heading, _, rest = block.partition("\n")
            found.append((heading, [rest] * bool(rest)))
        else:
            found[-1][1].append(block)
    return [(heading, "\n\n".join(parts)) for heading, parts in found if heading or parts]


def portions(source: str, words: int) -> list[str]:
    """A text in parts: the last of about so many words, with the question; others of LONG."""
    found = [""]
    whole = [part for block in blocks(source) for part in divided(block, words)]
    for block in reversed(whole):
        full = length(block) + length(found[0]) > (words if len(found) == 1 else LONG)
        if found[0] and full and not block.rstrip().endswith(":"):  # which leads to what follows
            found.insert(0, "")
        found[0] = f"{block}\n\n{found[0]}"
    if len(found) > 1 and length(found[0]) + length(found[1]) <= roughly(words):
        found[:2] = ["\n\n".join(found[:2])]
    return found


def roughly(words: int) -> int:
    """So many words that a sentence is rather set a little smaller than alone."""
    return max(int(1.2 * words), words + ALONE)


def divided(block: str, words: int) -> list[str]:
    """A paragraph, or a list, in parts that have room; where there is none, its end is short."""
    if length(block) <= roughly(words) or block.startswith(("```", "$$", "|", "<", "#", ">")):
        return [block]
    items = re.split(r"\n(?=(?:[-*]|\d+\.) )", block)
    units, between = (items, "\n") if len(items) > 1 else (sentences(block), " ")
    end = units.pop()
    while units and length(units[-1]) + length(end) <= words:
        end = f"{units.pop()}{between}{end}"
    start = between.join(units)
    return [*(divided(start, LONG) if start else []), end]


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph; what stands in brackets, or is bold, is not divided."""
    found = [""]
    for part in re.split(r"(?<=[.?!)*\"])\s+(?=[A-Z(*\[`\"$])", paragraph.strip()):
        last = found[-1]
        ended = re.search(r"[.?!][)*\"]*$", last) and not re.search(r"\b(?:e\.g|i\.e|cf)\.$", last)
        even = all(last.count(mark) % 2 == 0 for mark in ("**", "`", "$", '"'))
        if last and ended and even and last.count("(") == last.count(")"):
            found.append(part)
        else:
            found[-1] = f"{last} {part}".strip()
    return found


def finding(text: str, first: bool) -> str:
    """What a text says in bold, a whole sentence or nearly; or its first sentence, if asked for."""
    paragraphs = [block for block in blocks(text) if re.match(r"[\w\"(*`\[$]", block)]
    every = [sentence for block in paragraphs for sentence in sentences(block)]
    for sentence in every:
        if any(len(bold.split()) > 5 for bold in re.findall(r"\*\*(.+?)\*\*", sentence, re.DOTALL)):
            return sentence
    return every[0] if first and every else ""


def length(text: str) -> int:
    """Words that are seen: without what is folded."""
    return len(re.sub(r"(?<=</summary>).*?(?=</details>)", "", text, flags=re.DOTALL).split())


def deck(page: Page, site: Path) -> str:
    """A lesson's deck as HTML."""
    here = Page(f"slides/{page.page}", page.source, page.title, page.promise)
    show = environment().get_template("slides.html.j2").render
    return show(here=here, lesson=page, slides=slides(here, site), series=SERIES)


# ==== Search


def sections(page: Page, body: str) -> list[list[str]]:
    """[anchor, heading, text] of each section, for the search; printed results are left out."""
    body = re.sub(r'<pre class="printed(?: prose)?".*?</pre>', "", body, flags=re.DOTALL)
    body = body.replace(MINUS, "-")  # as it is typed
    body = re.sub(r"<(annotation|option|output|summary)\b.*?</\1>", "", body, flags=re.DOTALL)
    parts = re.split(r'<h[123] id="([^"]*)">(.*?)</h[123]>', body, flags=re.DOTALL)
    rows = zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    return [[html.unescape(a), plain(h), " ".join(plain(t).split())] for a, h, t in rows]


# ==== Films

# A last cell of each notebook, that is not kept
RECORD = """import sys, json
sys.path.insert(0, {tools!r})
import films
from explorer import Explorer
living = Explorer.living()
room = {room} // len(living)
print(json.dumps({{e.model_id: films.film_of(e, room, {chosen}) for e in living}}))"""


def key_of(path: Path) -> str:
    """Changes with whatever decides a notebook's films: its code, and modules that it imports."""
    cells = [
        f"{cell.source}{cell.metadata.get('film', '')}"
        for cell in build.code_cells(build.read(path))
        if not is_asking(cell)
    ]
    texts = ["\n".join(cells), (HERE / "films.py").read_text(encoding="utf-8")]
    found: list[Path] = []
    for text in texts:  # which grows: what a module imports counts as well
        for module in imported(text):
            if module not in found:
                found.append(module)
                texts.append(module.read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def is_asking(cell: NotebookNode) -> bool:
    """Whether it is of the exercises or the questions, which no film shows."""
    return bool({"exercise", "quiz"} & {*cell.metadata.get("tags", [])})


def imported(text: str) -> list[Path]:
    """The files of the series that a module or a notebook's code imports; a package in whole."""
    names = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
    files = [folder / f"{name}.py" for name in sorted({*names}) for folder in (ROOT, NOTEBOOKS)]
    found = [file for file in files if file.is_file()]
    return found + sorted((NOTEBOOKS / "playground").glob("*.py")) * ("playground" in names)


def kept_film(path: Path, site: Path) -> dict | None:
    """A notebook's films by cell and output, {} where it has none; None if they are to be made."""
    file = site / "films" / f"{name_of(path)}.js"
    if not file.is_file():
        return None
    _, key, kept = json.loads(file.read_text()[len("film(") : -len(");\n")].join("[]"))
    return kept if key == key_of(path) else None


def keep_film(name: str, key: str, kept: dict, site: Path) -> None:
    text = f"film({json.dumps(name)}, {json.dumps(key)}, {json.dumps(kept, sort_keys=True)});\n"
    build.replace_file(site / "films" / f"{name}.js", text.encode())


def make_film(path: Path, site: Path) -> None:
    """Run a notebook and record its explorers."""
    stored, nb = build.read(path), build.read(path)
    chosen = [cell.metadata["film"] for cell in nb.cells if "film" in cell.metadata]
    ask = RECORD.format(tools=str(HERE), room=FILM_BYTES, chosen=chosen)
    printed = build.run_and_ask(nb, path.parent, ask)
    if not printed:
        raise WebError(f"{path}: a cell has raised, so its sliders could not be recorded")
    if wrong := first_wrong_text(stored, build.normalise(deepcopy(nb))):
        raise WebError(f"{path}: what is stored is not what it gives; build it anew\n{wrong}")
    found, kept = json.loads(printed), {}
    for cell in build.code_cells(nb):
        for number, output in enumerate(cell.outputs):
            model = output.get("data", {}).get(build.WIDGET_VIEW, {}).get("model_id")
            if model in found:
                kept[f"{cell.id}-{number}"] = found[model]
    size = len(json.dumps(kept))
    if size > FILM_BYTES:
        raise WebError(f"{path}: the films have {size} bytes; allowed: {FILM_BYTES}")
    keep_film(name_of(path), key_of(path), kept, site)


# ---- the playground's

MOMENTS = 25  # pictures of a run


def runs() -> dict[str, tuple[str, str, str]]:
    """{name: (group, text, line)} of the runs that are recorded."""
    found = {}
    for k, (name, preset) in enumerate(PRESETS.items(), 1):
        found[f"preset-{k}"] = ("Presets", name, preset.line)
    for key, challenge in CHALLENGES.items():
        start = to_text(challenge.start)
        found[f"{key}-start"] = (NUMBERED[key], f"{challenge.title}: the start", start)
        for k, line in enumerate(challenge.solution, 1):
            which = f" {k}" if len(challenge.solution) > 1 else ""
            text = f"{challenge.title}: a solution{which}"
            found[f"{key}-solution{which.strip()}"] = (NUMBERED[key], text, line)
    return found


def of_playground(site: Path) -> dict:
    """What the playground's page shows: runs that are recorded, a slider over a run's steps."""
    groups: dict[str, list] = {}
    for name, (group, text, _) in runs().items():
        if recorded(name, site):
            groups.setdefault(group, []).append((f"films/{PLAYGROUND}-{name}.js", text))
    if not groups:
        return {}
    places = [str(k) for k in range(MOMENTS)]
    control = {"label": "moment", "texts": places, "start": MOMENTS - 1}
    first = next(iter(groups.values()))[0][0]
    return {"runs": list(groups.items()), "controls": [control], "file": first}


def recorded(name: str, site: Path) -> bool:
    key = key_of(NOTEBOOKS / f"{PLAYGROUND}.ipynb")
    file = site / "films" / f"{PLAYGROUND}-{name}.js"
    return file.is_file() and f'"{key}"' in file.read_text()[:200]


def record_runs(site: Path, names: Sequence[str] = ()) -> None:
    """Runs of the playground, by default all, each as a film over its steps, as it draws them."""
    key = key_of(NOTEBOOKS / f"{PLAYGROUND}.ipynb")
    for name, (_, text, line) in runs().items():
        if names and name not in names:
            continue
        run, screen, pictures, moments = Run(*from_text(line)), Screen(), [], []
        budget = run.settings["steps"]
        for moment in np.linspace(0, budget, MOMENTS).round().astype(int).tolist():
            run.run(moment - run.step_count)
            screen.show_slow(run, (), "forget gate", 1)
            screen.show_fast(run, "finished" if run.ended else "training")
            pictures.append(films.picture_of(screen.picture()))
            moments.append(f"{run.step_count} of {budget} steps")
        film = films.encoded(pictures, pictures)
        film["controls"] = [{"label": "moment", "texts": moments, "start": MOMENTS - 1}]
        words = f"{text}. {standing(run.record())}"
        film |= {"grid": True, "full": True, "still": [], "line": run.text, "words": words}
        keep_film(f"{PLAYGROUND}-{name}", key, {"playground-0": film}, site)


def make_films(site: Path) -> None:
    """Make the films that are not there, or no longer true; two notebooks at a time."""
    (site / "films").mkdir(parents=True, exist_ok=True)
    paths = [page.source for page in pages() if page.source.suffix == ".ipynb"]
    paths = [path for path in paths if "Explorer(" in path.read_text(encoding="utf-8")]
    due = [path for path in paths if kept_film(path, site) is None]
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(make_film, path, site) for path in due]
        for path, each in zip(due, done, strict=True):
            each.result()
            print(f"film of {name_of(path)}", flush=True)
    if missing := [name for name in runs() if not recorded(name, site)]:
        record_runs(site, missing)
        print("films of the playground", flush=True)


# ==== The site


def write_zip(file: Path) -> None:
    """All that a reader needs to run the lessons; without dates, so that two are equal."""
    inside = [ROOT / name for name in ZIPPED]
    inside += [path for name in ZIPPED_FOLDERS for path in (ROOT / name).rglob("*")]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(inside):
            name = path.relative_to(ROOT)
            if path.is_file() and not LEFT_OUT & {*name.parts} and path.suffix in PACKED:
                entry = zipfile.ZipInfo(f"lstm-series/{name.as_posix()}", (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())


def write_site(site: Path, pdf: bool = False) -> list[tuple[Page, str]]:
    """Write all pages anew, with what stands beside them; films stay. Gives pages and bodies."""
    for name in ("img", "download", "solutions", "data", "slides"):
        shutil.rmtree(site / name, ignore_errors=True)
    for name in ("img", "download"):
        (site / name).mkdir(parents=True)
    menu, index, bodies = pages(), [], []
    for page in menu:
        body = body_of(page, site)
        bodies.append((page, body))
        file = site / page.page
        file.parent.mkdir(parents=True, exist_ok=True)
        build.replace_file(file, around(page, body, menu, pdf).encode())
        if group_of(page) != "Solutions":  # who looks for a word should not find an answer
            index.append([page.page, page.title, sections(page, body)])
        if written.is_lesson(page.source):
            (site / "slides").mkdir(exist_ok=True)
            build.replace_file(site / "slides" / page.page, deck(page, site).encode())
        if page.source.suffix == ".ipynb":
            copy = site / "download" / page.page.replace(".html", ".ipynb")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page.source, copy)
    build.replace_file(site / "search.js", f"searchable({json.dumps(index)});\n".encode())
    for file in (HERE / "page").iterdir():
        if file.suffix in (".css", ".js", ".txt"):
            shutil.copyfile(file, site / file.name)
    build.replace_file(site / "math.css", font_face().encode())
    for picture in sorted((NOTEBOOKS / "pictures").iterdir()):
        shutil.copyfile(picture, site / "img" / picture.name)
    shutil.copyfile(ROOT / "LICENSE", site / "LICENSE")
    write_zip(site / ZIP)
    return bodies


# ==== One file to print


def book(bodies: list[tuple[Page, str]]) -> str:
    """All pages in one, with answers unfolded, and each link to a page as one to its chapter."""
    names = {page.page: page.page.removesuffix(".html").replace("/", "-") for page, _ in bodies}
    chapters = []
    for page, body in bodies:

        def relink(found: re.Match, page: Page = page) -> str:
            name, link = found[1], found[2]
            target, _, place = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(page.page), target))
            target = target if link.partition("#")[0] else page.page
            if name != "href" or re.match(r"[a-z]+:", link) or target not in names:
                return found[0]
            return f'href="#{names[target]}{"--" * bool(place)}{place}"'

        body = LINK.sub(relink, body)
        body = ID.sub(lambda i, page=page: f'id="{names[page.page]}--{i[1]}"', body)
        body = re.sub(r"<details>(?=<summary>(?:Answer|Hint|What))", "<details open>", body)
        chapters.append({"id": names[page.page], "page": page, "body": body})
    return environment().get_template("book.html.j2").render(series=SERIES, chapters=chapters)


def print_book(bodies: list[tuple[Page, str]], site: Path) -> None:
    """The book as PDF, by Chromium: with bookmarks, and tags for screen readers."""
    sys.path.insert(0, str(HERE.parent))
    import lab  # it needs Playwright, which the pages do not

    source = site / "book.html"
    build.replace_file(source, book(bodies).encode())
    foot = '<p style="font-size: 8pt; margin: 0 auto"><span class="pageNumber"></span></p>'
    with lab.chromium() as browser:
        page = browser.new_page()
        page.goto(source.as_uri())
        page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; })")
        page.wait_for_function("[...document.images].every(i => i.complete)", timeout=120_000)
        page.pdf(
            path=site / PDF,
            format="A4",
            margin={"top": "16mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
            display_header_footer=True,
            header_template="<p></p>",
            footer_template=foot,
            outline=True,
            tagged=True,
        )
    source.unlink()


# ==== What is wrong with a site


def problems(site: Path) -> list[str]:
    """Links, pictures and scripts that lead nowhere or out, ids that stand twice, raw formulas."""
    found = []
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(site.rglob("*.html"))}
    ids = {f: [html.unescape(i) for i in ID.findall(t)] for f, t in texts.items()}
    for file, text in texts.items():
        name = file.relative_to(site).as_posix()
        found += [f"{name}: id {i!r} stands twice" for i in {*ids[file]} if ids[file].count(i) > 1]
        for attribute, link in LINK.findall(text) + re.findall(r'(data-film)="([^"]+)"', text):
            target, _, place = unquote(html.unescape(link)).partition("#")
            if re.match(r"https?://", link):
                found += [f"{name}: loads {link}"] if attribute == "src" else []
                continue
            if re.match(r"[a-z]+:", link):
                continue
            base = site if attribute == "data-film" else file.parent
            where = (base / target).resolve() if target else file
            if not where.is_file():
                found.append(f"{name}: {link!r} leads nowhere")
            elif place and place not in ids.get(where, []):
                found.append(f"{name}: {link!r} names a place that is not there")
        shown = re.sub(r"<(pre|code|math|script)\b.*?</\1>", "", text, flags=re.DOTALL)
        found += [f"{name}: raw formula {f[0]!r}" for f in FORMULA.finditer(plain(shown))]
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--no-films", action="store_true", help="run nothing: films as kept")
    parser.add_argument("--pdf", action="store_true", help="print all to one file, too")
    parser.add_argument("--to", type=Path, default=SITE, help="default: site/ in the project")
    options = parser.parse_args(arguments)
    site = options.to.resolve()
    try:
        if not options.no_films:
            make_films(site)
        bodies = write_site(site, options.pdf)
        if options.pdf:
            print_book(bodies, site)
        found = problems(site)
    except WebError as error:
        found = [str(error)]
    for problem in found:
        print(problem, file=sys.stderr)
    files = [file for file in site.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    print(f"{site / FRONT}: {len(files)} files, {size / 1e6:.1f} MB")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
