"""The notebook files, and the shape of the code beside them."""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from nbconvert import ScriptExporter
from torch import nn

import written
from build import NOTEBOOKS as FOLDER
from build import find_notebooks, read
from helpers import Forecaster, closed_loop, fit, follow_recipe
from hygiene import (
    CHECKS,
    HELPERS,
    LESSONS,
    NOTEBOOKS,
    ONE_PAGE,
    ROOT,
    blocks_of,
    check_all_shared,
    check_alt,
    check_callbacks,
    check_exercises,
    check_glossary,
    check_links,
    check_messages,
    check_one_meaning,
    check_one_page,
    check_paths,
    check_plan,
    check_runs_alone,
    check_terms_linked,
    code,
    name_of,
)
from kernel import Kernel

torch.set_num_threads(1)
TEST_COMMAND = ".venv/bin/pip install -r tests/requirements.txt && .venv/bin/pytest"
QUICK_COMMAND = '.venv/bin/pytest -m "not slow"'
PLAYGROUND = FOLDER / "playground"
TEACHING = FOLDER / "teaching.md"
PAGES = [ROOT / "README.md", *sorted(FOLDER.glob("*.md"))]
LAYERS = ["signals", "settings", "presets", "data", "run", "script", "canvas", "screen"]
LAYERS += ["challenges", "session", "player", "panel", "app"]


MARKED = [pytest.param(c, marks=pytest.mark.slow) if c is check_alt else c for c in CHECKS]


@pytest.mark.parametrize("check", MARKED, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook(path: Path, check) -> None:
    assert check(path) == []


@pytest.mark.parametrize("path", [*ONE_PAGE, *LESSONS], ids=name_of)
def test_lesson_ends_with_exercises(path: Path) -> None:
    assert check_exercises(path) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", ONE_PAGE, ids=name_of)
def test_one_page(path: Path, tmp_path: Path) -> None:
    assert check_one_page(path) == []
    assert check_runs_alone(path, tmp_path) == []


# ==== The pages beside the lessons

GLOSSARY, SYMPTOMS, SHEET = (FOLDER / f"{name}.md" for name in ("glossary", "symptoms", "sheet"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_of_a_page(path: Path) -> None:
    assert check_links(path) == []


def test_glossary_has_a_link_for_each_term_in_order() -> None:
    assert check_glossary(GLOSSARY) == []
    assert len(re.findall("^- ", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)) > 70


def test_each_term_of_the_glossary_is_linked_from_a_lesson() -> None:
    assert check_terms_linked(GLOSSARY, [*ONE_PAGE, *LESSONS]) == []


def test_symptoms_quote_what_pytorch_says() -> None:
    version = re.search(r"PyTorch (\d+)\.(\d+)", SYMPTOMS.read_text(encoding="utf-8"))
    if tuple(map(int, torch.__version__.split(".")[:2])) < tuple(map(int, version.groups())):
        pytest.skip(f"the page quotes {version[0]}, and older versions word some otherwise")
    assert check_messages(SYMPTOMS) == []
    assert sum(kind == "text" for kind, _ in blocks_of(SYMPTOMS)) > 10


@cache
def taught_in(name: str) -> str:
    """The Markdown of a lesson."""
    cells = read(FOLDER / name).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def sheet_problems(text: str) -> list[str]:
    """Shapes, equations and numbers of the sheet that are not those of code and lesson."""
    sizes = {"batch": 7, "seq_len": 10, "input_size": 2, "hidden_size": 5, "num_layers": 3}
    sizes["output_size"] = 4
    settings = {name: size for name, size in sizes.items() if name not in ("batch", "seq_len")}
    model, x = Forecaster(**settings), torch.zeros(7, 10, 2)
    (output, (h_n, _)), said = model.rnn(x), model(x)
    found = [x, output, h_n, said, said[:, -1:], said[:, 5:]]  # in the order of the table
    shapes = re.findall(r"`(\(\w+, [\w -]+, \w+\))`", text)
    written_shapes = [eval(shape, dict(sizes)) for shape in shapes]
    problems = [] if written_shapes == [tuple(part.shape) for part in found] else [f"{shapes}"]

    formulas = [part.strip() for part in re.split(r"\$|\\qquad", text)]
    formulas = [part for part in formulas if re.match("[fgioch]_t = ", part)]
    problems += [formula for formula in formulas if formula not in taught_in("02_inside.ipynb")]
    problems += [] if len(formulas) == 6 else [f"{len(formulas)} equations"]

    usual = {n: p.default for n, p in inspect.signature(fit).parameters.items()}
    units = inspect.signature(Forecaster).parameters["hidden_size"].default
    recipe = "{units} units, {steps} batches of {batch_size} windows of {window}, the loss on every"
    recipe = recipe.format(units=units, **usual)
    problems += [] if recipe in text and usual["warmup"] == 5 else [f"not the recipe: {recipe}"]
    count = sum(weight.numel() for weight in nn.LSTM(1, 32).parameters())
    return problems + ([] if f"{count} for 1 and 32" in text else [f"{count} parameters"])


def test_sheet_agrees_with_code_and_lessons() -> None:
    text = SHEET.read_text(encoding="utf-8")
    assert sheet_problems(text) == []
    changes = {"num_layers, batch": "batch, num_layers", "seq_len - 5": "seq_len - 4"}
    changes |= {r"o_t \odot": r"f_t \odot", "c_t = f_t": "c_t = o_t", "400 batches": "300 batches"}
    changes |= {"4480": "4481"}
    for old, new in changes.items():  # it can fail
        assert old in text
        assert len(sheet_problems(text.replace(old, new))) == 1, old


def test_code_of_the_sheet_does_what_the_lessons_do() -> None:
    training, loop = (source for kind, source in blocks_of(SHEET) if kind == "python")
    generator = torch.Generator().manual_seed(0)
    batches = [torch.randn(2, 9, 1, generator=generator) for _ in range(40)]
    batches = [(window[:, :-1], window[:, 3:]) for window in batches]
    torch.manual_seed(0)
    model, by_recipe = Forecaster(hidden_size=3), Forecaster(hidden_size=3)
    by_recipe.load_state_dict(model.state_dict())
    names = {"torch": torch, "nn": nn, "model": model, "loss_fn": nn.MSELoss(), "batches": batches}
    exec(training, names)
    follow_recipe(by_recipe, batches, 400)
    for mine, theirs in zip(model.parameters(), by_recipe.parameters(), strict=True):
        assert torch.equal(mine, theirs)

    names |= {"context": batches[0][0], "steps": 5}
    exec(loop, names)
    assert np.array_equal(names["forecast"].numpy(), closed_loop(model, batches[0][0], 5))


# ==== Shared code


def sources_of(*paths: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in paths]


def test_no_two_lessons_define_one_name_differently() -> None:
    assert check_one_meaning(find_notebooks()) == []


def test_every_helper_is_used() -> None:
    lessons = [
        re.sub(r"^%.*$", "", source, flags=re.MULTILINE)
        for path in find_notebooks()
        for source in code(path)
    ]
    users = [*lessons, *sources_of(*FOLDER.glob("*.py"), *PLAYGROUND.glob("*.py"))]
    for path in (HELPERS, FOLDER / "experiments.py", FOLDER / "figures.py"):
        assert check_all_shared(path.stem, path.read_text(encoding="utf-8"), users) == []


def test_helpers_stays_small() -> None:
    """All lessons share it; a third of its lines are docstrings and argument checks."""
    lines = HELPERS.read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 400


def test_helpers_needs_numpy_and_torch_alone() -> None:
    """As its first lines say; so a program may take the one file along."""
    tree = ast.parse(HELPERS.read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    outside = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert outside == {"numpy", "torch"}


def test_callbacks_only_write_the_mailbox() -> None:
    source = "\n".join(sources_of(FOLDER / "explorer.py", PLAYGROUND / "app.py"))
    assert check_callbacks(source.replace("from __future__ import annotations", "")) == []


def imports_of(path: Path) -> set[str]:
    """The modules of the playground that one of them imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    return {node.module for node in found}


def test_each_layer_of_the_playground_imports_only_those_before_it() -> None:
    assert {path.stem for path in PLAYGROUND.glob("*.py")} == {*LAYERS, "__init__"}
    for number, layer in enumerate(LAYERS):
        assert imports_of(PLAYGROUND / f"{layer}.py") <= set(LAYERS[:number]), layer


def test_no_module_of_the_playground_and_no_class_is_large() -> None:
    lengths = {p.name: len(s.splitlines()) for p in PLAYGROUND.glob("*.py") for s in sources_of(p)}
    assert max(lengths.values()) <= sum(lengths.values()) / 4
    for path in (*PLAYGROUND.glob("*.py"), FOLDER / "explorer.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                assert node.end_lineno - node.lineno < 220, node.name  # some 200 lines


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_figures_do_not_depend_on_the_shell(path: Path) -> None:
    source = "\n".join(code(path))
    assert "plt." not in source or "use_style()" in source or "%matplotlib inline" in source


@pytest.mark.parametrize("path", ONE_PAGE, ids=name_of)
def test_a_notebook_exports_as_a_python_script(path: Path) -> None:
    _, resources = ScriptExporter().from_notebook_node(read(path))
    assert resources["output_extension"] == ".py"


# ==== Written by the build


def test_readme_has_the_table_of_the_lessons() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert written.fill_readme(text) == text
    assert written.README_TABLE.search(text)


def test_changelog_and_citation_name_one_version() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (version, date), *_ = re.findall(r"^## (\d+\.\d+\.\d+) · (\S+)$", changes, re.MULTILINE)
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation
    assert f'\ndate-released: "{date}"\n' in citation


def test_teaching_has_the_sheet_of_challenges() -> None:
    text = TEACHING.read_text(encoding="utf-8")
    assert written.fill_teaching(text) == text
    assert written.SHEET.search(text)
    named = re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    assert named == [(str(k), key) for k, key in enumerate(written.CHALLENGES, 1)]


def test_a_new_lesson_is_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for path in LESSONS[:1]:
        shutil.copy(path, folder)
        new = folder / "07_new.ipynb"
        text = path.read_text(encoding="utf-8").replace("# 01 · Data", "# 07 · New")
        new.write_text(text, encoding="utf-8")
        (folder / "01b_aside.ipynb").write_text(text, encoding="utf-8")
        filled = written.fill(read(folder / path.name), folder / path.name)
        texts = {tag: c.source for c in filled.cells for tag in c.metadata.get("tags", [])}
        after = "[01b aside](01b_aside.ipynb) · [07 new](07_new.ipynb)"
        assert texts["navigation"] == f"**01 data** · {after}"
        assert texts["next"].startswith("Next: [07 · New](07_new.ipynb). From a sine wave")
        assert texts["next"].endswith(" Beside the way: [07 · New](01b_aside.ipynb).")


def test_a_slide_type_that_a_teacher_has_chosen_stays() -> None:
    path, nb = LESSONS[0], read(LESSONS[0])
    cell = next(cell for cell in nb.cells if written.slide_type(cell) == "slide")
    cell.metadata["slideshow"] = {"slide_type": "notes"}
    (filled,) = (each for each in written.fill(nb, path).cells if each.id == cell.id)
    assert written.slide_type(filled) == "notes"


# ==== The pages beside the notebooks


@pytest.mark.parametrize("lesson", written.lessons(), ids=lambda lesson: lesson.file)
def test_teaching_has_a_plan_for_a_session(lesson: written.Lesson) -> None:
    text = "".join(sources_of(TEACHING, *FOLDER.glob("teaching_*.md")))
    assert check_plan(text, lesson.title.replace(" · ", " ")) == []  # a link finds that
    assert f"]({lesson.file}#" in text


def test_teaching_says_how_long_a_path_takes() -> None:
    minutes = {x.title.split(" ")[0]: x.minutes for x in written.lessons()}
    assert check_paths(TEACHING.read_text(encoding="utf-8"), minutes) == []


# ==== Commands, style


def test_readme_and_ci_give_the_same_test_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert TEST_COMMAND in readme
    assert QUICK_COMMAND in readme
    assert TEST_COMMAND in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_ruff() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


# ==== Wherever Jupyter was started


@pytest.mark.parametrize("start", [".", "notebooks", "tests/tools", "..", "../beside"])
def test_the_set_up_cell_finds_the_code(start: str, tmp_path: Path) -> None:
    project = tmp_path / "a clone, ä"
    no_lessons = shutil.ignore_patterns("*.ipynb")
    shutil.copytree(FOLDER, project / "notebooks", ignore=no_lessons)
    shutil.copy(HELPERS, project)
    for folder in ("tests/tools", "../beside"):
        (project / folder).mkdir(parents=True)
    find = "from importlib.util import find_spec as find\nprint(*(find(m).origin for m in modules))"
    program = f"{written.SETUP}\nmodules = 'helpers', 'explorer', 'playground'\n{find}"
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=project / start, capture_output=True, text=True)
    parts = ("helpers.py", "notebooks/explorer.py", "notebooks/playground/__init__.py")
    assert run.stdout.strip() == " ".join(str(project / part) for part in parts), run.stderr


def test_the_set_up_cell_says_what_to_do(tmp_path: Path) -> None:
    # As if there were none: a copy may lie beside the temporary folder.
    command = [sys.executable, "-c", written.SETUP.replace("explorer.py", "nowhere.py")]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "Start Jupyter in the folder that you cloned" in run.stderr.replace("\n", " ")


@pytest.mark.slow
def test_figures_show_whatever_the_shell_says() -> None:
    kernel = Kernel(MPLBACKEND="Agg")
    try:
        kernel.run(written.SETUP + "\nimport figures; figures.use_style()")
        backend = kernel.run("import matplotlib; print(matplotlib.get_backend())")
    finally:
        kernel.close()
    assert "inline" in backend
