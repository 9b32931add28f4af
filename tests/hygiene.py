"""What the notebook files hold, and must not hold.

Each `check_` function gives the problems that it finds, so that test_hygiene_catches.py can turn
it on broken notebooks.
"""

from __future__ import annotations

import ast
import difflib
import os
import re
import subprocess
import sys
import warnings
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html

from build import (
    WIDGET_VIEW,
    code_cells,
    dumps,
    find_notebooks,
    normalise,
    read,
    saved_pictures,
)
from claims import assertions, claims_of
from written import LESSON, fill, minutes

ROOT = Path(__file__).resolve().parents[1]
HELPERS = ROOT / "helpers.py"
SHARED = ("experiments", "figures", "reading", "forecasting")
MODULES = [ROOT / "notebooks" / f"{name}.py" for name in SHARED]
NOTEBOOKS = find_notebooks()
ONE_PAGE = [ROOT / "notebooks/00_one_page.ipynb"]
LESSONS = [
    path
    for path in NOTEBOOKS
    if LESSON.fullmatch(path.name) and path.parent.name == "notebooks" and path not in ONE_PAGE
]
# All that a callback may do: leave its message at the end of a queue, which may wake the task.
MAILBOX = r"self\.mailbox\.append\(\([^()]+\)\)"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT / "notebooks").as_posix()


def outputs(path: Path) -> list:
    return [output for cell in code_cells(read(path)) for output in cell.outputs]


def code(path: Path) -> list[str]:
    return [cell.source for cell in code_cells(read(path))]


def own_code(path: Path) -> list[str]:
    """Without the stubs of exercises, other right answers, and wrong ones."""
    tags = {"exercise", "second", "wrong"}
    cells = code_cells(read(path))
    return [cell.source for cell in cells if not tags & {*cell.metadata.get("tags", [])}]


# ==== What the file holds


def check_counts(path: Path) -> list[str]:
    """nbval does not compare a cell without a count, and says nothing."""
    counts = [cell.execution_count for cell in code_cells(read(path))]
    expected = list(range(1, len(counts) + 1))
    return [] if counts == expected else [f"execution counts {counts}"]


def check_kernelspec(path: Path) -> list[str]:
    name = read(path).metadata.get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"kernel {name}: JupyterLab would ask for another"]


def check_no_errors(path: Path) -> list[str]:
    kinds = [output.get("name", output.output_type) for output in outputs(path)]
    return [f"an output of kind {kind}" for kind in kinds if kind in ("error", "stderr")]


def check_no_widget_state(path: Path) -> list[str]:
    """GitHub refuses to show a notebook with widget state, and a stored view has no widget."""
    problems = ["widget state in the metadata"] if "widgets" in read(path).metadata else []
    views = [output for output in outputs(path) if WIDGET_VIEW in output.get("data", {})]
    return problems + ["a stored widget view"] * len(views)


def check_no_svg(path: Path) -> list[str]:
    """nbval compares SVG pictures letter by letter."""
    found = [output for output in outputs(path) if "image/svg+xml" in output.get("data", {})]
    return ["an SVG picture"] * len(found)


def check_size(path: Path) -> list[str]:
    size = path.stat().st_size
    return [] if size <= 1_500_000 else [f"{size} bytes: more than 1.5 MB"]


def check_short_outputs(path: Path) -> list[str]:
    """A cell that ends in a call shows all that it returns: a list of 400 losses, for example."""
    texts = (
        "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "")) for o in outputs(path)
    )
    return [f"an output of {len(text)} characters" for text in texts if len(text) > 2000]


def check_signs(path: Path) -> list[str]:
    """A sign that stands off its number belongs to the number before it. Pad after both."""
    texts = [str(o.get("text", o.get("data", {}).get("text/plain", ""))) for o in outputs(path)]
    loose = [line for text in texts for line in text.splitlines() if re.search(r"≈ +-?\d", line)]
    return [f"≈ stands off its number: {line.strip()}" for line in loose]


def check_normal(path: Path) -> list[str]:
    same = path.read_text(encoding="utf-8") == dumps(normalise(read(path)))
    return [] if same else ["not as tests/tools/build.py writes it: build the notebook again"]


def check_machine(path: Path) -> list[str]:
    """What is true on one machine only: its paths, and addresses in memory."""
    private = re.compile(r"/home/|/Users/|/root/|/tmp/|\b[A-Z]:\\|\bat 0x[0-9a-f]+")
    problems = []
    for output in outputs(path):
        for text in (output.get("text", ""), *map(str, output.get("data", {}).values())):
            if private.search(text) or str(ROOT) in text:
                problems.append(f"an output that names a place on one machine: {text[:200]}")
    return problems


# ==== What a reader gets


def check_alt(path: Path) -> list[str]:
    # Of nbconvert's templates only "classic" passes on the alt text of a cell or an output.
    html, _ = HTMLExporter(template_name="classic").from_notebook_node(read(path))
    texts = [image.get("alt", "").strip() for image in BeautifulSoup(html, "html.parser")("img")]
    missing = [text for text in texts if not text or text.startswith("No description has been")]
    return [f"{len(missing)} of {len(texts)} pictures without alt text"] if missing else []


def check_saved_pictures(path: Path) -> list[str]:
    """A picture that the README shows is the one in the notebook."""
    folder = path.parent / "pictures"
    files = {folder / name: data for name, data in saved_pictures(read(path)).items()}
    return [
        f"{file.name} is not the notebook's picture: build the notebook again"
        for file, picture in files.items()
        if not file.exists() or file.read_bytes() != picture
    ]


def markdown(path: Path) -> BeautifulSoup:
    """A page or a notebook's Markdown as HTML, without the links that nbconvert adds."""
    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
    else:
        cells = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
        text = "\n\n".join(cells)
    return _page(text)


@cache
def _page(text: str) -> BeautifulSoup:
    page = BeautifulSoup(markdown2html(text), "html.parser")
    for added in page("a", class_="anchor-link"):
        added.decompose()
    return page


def anchors(path: Path) -> set[str]:
    """What JupyterLab makes of the headings: their text, with - for a space."""
    headings = markdown(path)(re.compile("h[1-6]"))
    return {heading.get_text().replace(" ", "-") for heading in headings}


def check_links(path: Path) -> list[str]:
    problems = []
    page = markdown(path)
    targets = [tag[key] for key in ("href", "src") for tag in page(attrs={key: True})]
    for target in targets:
        url = urlsplit(target)
        if url.scheme or url.netloc:
            continue
        file = path.parent / unquote(url.path) if url.path else path
        if not file.exists():
            problems.append(f"a link to {target}: no such file")
        elif url.fragment and unquote(url.fragment) not in anchors(file):
            problems.append(f"a link to {target}: no such heading")
        elif re.search(r'[^!-~]|["<>`]', unquote(url.fragment)):  # a browser would escape these
            problems.append(f"a link to {target}: JupyterLab does not go to it")
    return problems


PLAN_PARTS = (
    *("Goal", "The class knows", "The thread", "Before class", "What students get wrong"),
    *("If they ask", "Five questions", "Slider", "Challenge", "Short of time"),
)


def check_plan(text: str, title: str) -> list[str]:
    """The teacher's page has a plan for this lesson: all its parts, and a table of rows.

    The rows take 42 to 46 minutes of a session's 50, name the sections as the lesson does, and have
    one to try and one that may fall; three questions at least are under *If they ask*.
    """
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    found = [section for section in sections if section.split("\n")[0] == title]
    if len(found) != 1:
        return [f"{len(found)} sections with the heading {title}"]
    (plan,), problems = found, []
    total = sum(map(int, re.findall(r"^\| (\d+) \|", plan, re.MULTILINE)))
    if not 42 <= total <= 46:
        problems.append(f"{total} minutes, in place of 42 to 46")
    for part in (*(f"**{part}.**" for part in PLAN_PARTS), "Not in the plan, scroll past: "):
        count = len(re.findall("^" + re.escape(part), plan, re.MULTILINE))
        if count != 1:
            problems.append(f"{count} times {part}")
    asked = plan.partition("**If they ask.**")[2].partition("\n**")[0]
    if asked.count('\n- *"') < 3:
        problems.append("fewer than three questions under If they ask")
    for way in ("try", "may fall"):
        if not re.search(rf"^\| \d+ \|[^|]*\|[^|]*\b{way}\b", plan, re.MULTILINE):
            problems.append(f"no row: {way}")
    for name, anchor in re.findall(r"^\| \d+ \| \[(.+?)\]\([^)#]+#(\S+)\)", plan, re.MULTILINE):
        if not name.replace(" ", "-").startswith(anchor):
            problems.append(f"a row says {name}, the lesson {anchor}")
    return [f"{title}: {problem}" for problem in problems]


def check_paths(text: str, minutes: dict[str, str]) -> list[str]:
    """A reader's path through the lessons takes about as long as these do; `minutes` by number.

    A path is a row of a table that ends with its numbers, and its hours and minutes: 00, 01 | 1:00
    """
    problems = []
    rows = re.findall(r"\| ((?:\d\db?c?(?:, )?)+) \| (\d+):(\d\d) \|$", text, re.MULTILINE)
    for path, hours, rest in rows:
        said, right = 60 * int(hours) + int(rest), sum(int(minutes[k]) for k in path.split(", "))
        if abs(said - right) > 0.1 * right:
            problems.append(f"{path}: {said} minutes, in place of {right}")
    return problems or ([] if rows else ["no path"])


def check_cell_lengths(path: Path) -> list[str]:
    lengths = [sum(bool(line.strip()) for line in source.splitlines()) for source in code(path)]
    return [f"a code cell of {length} lines" for length in lengths if length > 30]


def check_minutes(path: Path) -> list[str]:
    """A lesson is one session: what it takes to read, by the build's formula."""
    found = minutes(read(path))
    return [] if found <= 50 else [f"{found} minutes: more than 50"]


def check_breaks(path: Path) -> list[str]:
    """For each assertion there is a statement that makes it fail; conftest.py runs them."""
    return [
        f"{len(assertions(source))} assertions, {len(breaks)} breaks: {source.splitlines()[-1]}"
        for source, breaks in filter(None, map(claims_of, code_cells(read(path))))
        if len(assertions(source)) != len(breaks)
    ]


def check_written(path: Path) -> list[str]:
    """Navigation, set-up and tables are what the build would write today."""
    same = path.read_text(encoding="utf-8") == dumps(normalise(fill(read(path), path)))
    return [] if same else ["a written cell is old: run tests/tools/build.py --text"]


def check_semicolons(path: Path) -> list[str]:
    """JupyterLab hides the value of a cell that ends with ; but nbval does not."""
    last_lines = [source.rstrip().rpartition("\n")[2] for source in code(path)]
    return [f"a cell that ends with ;: {line}" for line in last_lines if line.endswith(";")]


def check_no_output_widgets(path: Path) -> list[str]:
    """nbval fails on what they capture; `helpers.Explorer` draws into a picture instead."""
    pattern = re.compile(r"\b(?:interact|interactive|interactive_output|Output)\(")
    return [f"a call of {found}" for source in code(path) for found in pattern.findall(source)]


def check_exercises(path: Path) -> list[str]:
    """Three to five exercises with a check, or the challenges that the playground judges."""
    tags = [tag for cell in read(path).cells for tag in cell.metadata.get("tags", [])]
    count = tags.count("exercise")
    ok = 3 <= count <= 5 or "challenges" in tags
    return [] if ok else [f"{count} exercises with a check"]


# ==== The same code in the notebooks and in helpers.py


class Taught(ast.NodeTransformer):
    """Leaves of the code what a lesson teaches: no docstrings, annotations or argument checks."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        node.decorator_list = [d for d in node.decorator_list if not _is_check(d)]
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value:
            return ast.Assign([node.target], self.visit(node.value), lineno=node.lineno)
        node.annotation = ast.Constant(...)  # a dataclass's field: its name alone counts
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        return None if _is_check(node.value) else self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_docstring = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if _is_check(node.value) or is_docstring else self.generic_visit(node)


def _is_check(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(function, ast.Name) and function.id.startswith("_check")


@cache
def definitions(source: str) -> list[tuple[str, str]]:
    """The functions and classes at the top level: (name, code as far as it is taught)."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    plain = re.sub(r"^%.*$", "", source, flags=re.MULTILINE)  # a magic is no Python
    found = [node for node in ast.parse(plain).body if isinstance(node, kinds)]
    return [(node.name, ast.unparse(Taught().visit(node))) for node in found]


def check_same_code(path: Path) -> list[str]:
    """What a lesson defines and a shared module too is the same in both."""
    shared = {
        name: (text, module.name)
        for module in (*MODULES, HELPERS)
        for name, text in definitions(module.read_text(encoding="utf-8"))
    }
    problems = []
    for name, taught in (item for source in own_code(path) for item in definitions(source)):
        text, module = shared.get(name, (taught, ""))
        if text != taught:
            texts = text.splitlines(), taught.splitlines()
            lines = difflib.unified_diff(*texts, module, path.name, lineterm="")
            problems.append("\n".join([f"{name} differs:", *lines]))
    return problems


def check_one_meaning(paths: list[Path]) -> list[str]:
    """No two lessons define one name differently."""
    known: dict[str, tuple[str, Path]] = {}
    problems = []
    for path in paths:
        found = [item for source in own_code(path) for item in definitions(source)]
        own = dict(found)  # the last counts
        for name, taught in own.items():
            first, where = known.setdefault(name, (taught, path))
            if first != taught:
                problems.append(f"{name} in {path.name} is another than in {where.name}")
    return problems


def check_all_shared(module: str, source: str, users: list[str]) -> list[str]:
    """Every public function and class of it is imported, or given or called by one that is."""
    tree = ast.parse(source)
    public = {
        node.name: ast.unparse(node.returns) if getattr(node, "returns", None) else ""
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    }
    imported = {
        alias.name
        for user in users
        for node in ast.walk(ast.parse(user))
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }
    given = {public[name] for name in imported & set(public)}
    given |= {
        inner.id
        for node in tree.body
        if getattr(node, "name", None) in imported
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and inner.id != node.name
    }
    return [f"{name} is used by nobody" for name in public if name not in imported | given]


# ==== The pages beside the lessons

ENTRY = re.compile(r"- \*\*(?P<term>.+?)\*\*: .+ \(\[.+\]\(\w+\.ipynb#[^)]+\)\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks_of(path: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page: the language of each, and what stands in it."""
    return BLOCK.findall(path.read_text(encoding="utf-8"))


def check_glossary(path: Path) -> list[str]:
    """A link to a section in each entry, letters as headings, and both in alphabetical order."""
    problems, letters, order = [], [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            letters.append(line.removeprefix("## "))
        elif line.startswith("- "):
            entry = ENTRY.fullmatch(line)
            if not entry:
                problems.append(f"no term with a link to a section of a lesson: {line[:60]}")
                continue
            term = re.sub(r"[^a-z ]", "", entry["term"].split(",")[0].casefold())
            if not letters or not term.startswith(letters[-1].casefold()):
                problems.append(f"not under its letter: {entry['term']}")
            order.append(term)
    neighbours = [*pairwise(letters), *pairwise(order)]
    return problems + [f"not in order: {b} after {a}" for a, b in neighbours if a >= b]


def check_terms_linked(glossary: Path, lessons: list[Path]) -> list[str]:
    """Each term, by one of its names, is the text of a lesson's link to the term's letter."""
    linked = {
        (link.get_text().casefold(), link["href"])
        for path in lessons
        for link in markdown(path)("a", href=True)
    }
    problems = []
    for line in glossary.read_text(encoding="utf-8").splitlines():
        if entry := ENTRY.fullmatch(line):
            target = f"{glossary.name}#{entry['term'][0].upper()}"
            names = entry["term"].casefold().split(", ")
            if not linked & {(name + end, target) for name in names for end in ("", "s")}:
                problems.append(f"no lesson has a link to {target} with the text {entry['term']}")
    return problems


def said_by(source: str, names: dict) -> list[str]:
    """What a piece of code warns of, and raises, each as Python shows it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(source, names)
            raised = []
        except Exception as error:
            raised = [f"{type(error).__name__}: {error}"]
    return [f"{warning.category.__name__}: {warning.message}" for warning in caught] + raised


def check_messages(path: Path) -> list[str]:
    """Code before a block of text says what stands there, as far as that goes; other code nothing.

    The blocks share their names, as cells of one notebook do.
    """
    problems, names, blocks = [], {}, blocks_of(path)
    for (kind, source), (after, wanted) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "python":
            said = said_by(source, names)
            wanted = wanted.strip() if after == "text" else ""
            if not any(text.startswith(wanted) for text in said) if wanted else said:
                problems.append(f"{source.splitlines()[0]} says {said}, not {wanted!r}")
    return problems


# ==== The one-page notebook


def check_one_page(path: Path) -> list[str]:
    """Under 50 lines to its exercises, nothing from helpers, and no need of this project."""
    tags = {"exercise", "setup"}
    cells = [c for c in code_cells(read(path)) if not tags & {*c.metadata.get("tags", [])}]
    lines = [line for cell in cells for line in cell.source.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("%")]  # a magic is no Python
    problems = [f"{len(lines)} lines of code"] if len(lines) >= 50 else []
    return problems + [f"it says: {line}" for line in lines if "helpers" in line]


def check_runs_alone(path: Path, folder: Path) -> list[str]:
    """Run the notebook's code as a script in an empty folder, in IPython for its magic.

    There each stub says in one line that its check is not there.
    """
    (folder / "page.ipy").write_text("\n".join(code(path)), encoding="utf-8")
    env = {**os.environ, "IPYTHONDIR": str(folder / "ipython")}
    command = [sys.executable, "-m", "IPython", "page.ipy"]
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    stubs = sum("exercise" in cell.metadata.get("tags", []) for cell in code_cells(read(path)))
    said = re.findall("^Not checked: .+$", run.stdout, re.MULTILINE)
    return [run.stdout + run.stderr] if run.returncode or len(said) != stubs else []


# ==== Callbacks


def check_callbacks(source: str) -> list[str]:
    """A callback may run on any thread, so all that it may do is to write into the mailbox."""
    tree = ast.parse(source)
    names = {name for call in calls(tree) for name in callbacks(call)}
    problems = [] if names else ["no callback is registered"]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for name in names:
        bodies = [Taught().visit(node).body for node in functions if node.name == name]
        for text in [ast.unparse(line) for body in bodies for line in body] or ["(not found)"]:
            if not re.fullmatch(MAILBOX, text):
                problems.append(f"{name} does more than write its mailbox: {text}")
    return problems


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def last_name(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def callbacks(call: ast.Call) -> list[str]:
    """The functions that a call of `observe` or `on_click` registers, through a lambda or not."""
    if last_name(call.func) not in ("observe", "on_click"):
        return []
    handler = call.args[0]
    if isinstance(handler, ast.Lambda):
        return [last_name(inner.func) for inner in calls(handler)]
    return [last_name(handler)]


CHECKS = [
    check_counts,
    check_kernelspec,
    check_no_errors,
    check_no_widget_state,
    check_no_svg,
    check_size,
    check_short_outputs,
    check_signs,
    check_normal,
    check_written,
    check_machine,
    check_alt,
    check_saved_pictures,
    check_links,
    check_cell_lengths,
    check_minutes,
    check_breaks,
    check_semicolons,
    check_no_output_widgets,
    check_same_code,
]
