"""Execute the notebooks and write them back in one normal form.

    python tests/tools/build.py                            # all of them
    python tests/tools/build.py notebooks/01_data.ipynb    # one
    python tests/tools/build.py --text                     # execute nothing, write what follows
    python tests/tools/build.py --check                    # write nothing, list what differs
    python tests/tools/build.py --check --pictures DIR     # and figures that differ, side by side

Two builds give the same bytes, but for times that cells measure. `--check` fails if more differs
than numbers behind ≈ and figures, which may depend on the processor. What follows from other files
(navigation, tables, the set-up cell; see written.py) is written first, into README.md and
teaching.md as well. A notebook in which a cell raises, or writes to stderr, is refused and left as
it was.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import re
import subprocess
import sys
from itertools import count
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager

import written
from differences import differences, side_by_side

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PAGES = {
    NOTEBOOKS.parent / "README.md": written.fill_readme,
    NOTEBOOKS / "teaching.md": written.fill_teaching,
}
INLINE_BACKEND = "module://matplotlib_inline.backend_inline"
# Whatever the shell has set, figures show in their cells. NumPy's linear algebra, too, has one
# thread: a second one would mostly wait, and use up a core with that.
KERNEL_ENVIRONMENT = {"MPLBACKEND": INLINE_BACKEND}
KERNEL_ENVIRONMENT |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CELL_TIMEOUT = 600  # seconds
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# All the metadata that a notebook keeps. Without a kernelspec JupyterLab asks which kernel to use;
# versions would change with every machine.
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"file_extension": ".py", "name": "python"},
}
# breaks: see conftest.py; slideshow: the type of slide, see written.py
CELL_METADATA = ("alt", "breaks", "film", "jupyter", "slideshow", "tags")


# A last cell, that is not kept: the pictures that stand for widgets where there is no kernel.
STILLS = """import base64, json, sys
living = sys.modules["explorer"].Live.living() if "explorer" in sys.modules else []
print(json.dumps({one.model_id: base64.b64encode(one.still()).decode() for one in living}))"""


class BuildError(Exception):
    """A notebook that must not be written; the message names the notebook and the cell."""


def find_notebooks() -> list[Path]:
    """Every notebook of the series and its solutions, in order."""
    paths = sorted(NOTEBOOKS.rglob("*.ipynb"))
    return [path for path in paths if ".ipynb_checkpoints" not in path.parts]


def read(path: Path) -> NotebookNode:
    """The notebook as stored. `nbformat.read` would give cells without an id a random one."""
    return nbformat.v4.reads_json(path.read_text(encoding="utf-8"))


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def run_and_ask(nb: NotebookNode, folder: Path, last: str) -> str:
    """Run a notebook's cells in a fresh kernel of this Python, in a folder; it gets the outputs.

    Stops at a cell that raises, whose error is then its last output. Gives what a last cell
    prints, which the notebook does not keep; nothing, where a cell raised before.
    """
    for cell in code_cells(nb):
        cell.outputs = []
    nb.cells.append(nbformat.v4.new_code_cell(last))
    # nbval's own kernel: whatever is built here is what nbval will compare with.
    kernel = AsyncKernelManager(
        kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=NbvalKernelspecManager()
    )
    client = NotebookClient(
        nb,
        km=kernel,
        timeout=CELL_TIMEOUT,
        interrupt_on_timeout=True,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    env = {**os.environ, **KERNEL_ENVIRONMENT}
    # The process's own stderr holds warnings about the connection; what cells write to theirs
    # comes as an output.
    with contextlib.suppress(CellExecutionError):
        client.execute(cleanup_kc=True, env=env, stderr=subprocess.DEVNULL)
    return "".join(output.get("text", "") for output in nb.cells.pop().outputs)


def run(nb: NotebookNode, folder: Path) -> None:
    """`run_and_ask` for the pictures that stand for widgets, which go into the outputs."""
    stills = json.loads(run_and_ask(nb, folder, STILLS) or "{}")
    for shown in (o for cell in code_cells(nb) for o in cell.outputs):
        view = shown.get("data", {}).get(WIDGET_VIEW)
        if view and view["model_id"] in stills:
            shown.data["image/png"] = stills[view["model_id"]]


def execute(path: Path) -> NotebookNode:
    """Run a stored notebook from top to bottom in its own folder.

    Raises BuildError if a cell raises, takes too long or writes to stderr.
    """
    nb = written.fill(read(path), path)
    try:
        run(nb, path.resolve().parent)
    except Exception as error:
        raise BuildError(f"{path}: {error}") from error
    for number, cell in enumerate(code_cells(nb), 1):
        for output in cell.outputs:
            if output.output_type == "error":
                trace = "\n".join(output.traceback)
                raise BuildError(f"{path}, code cell {number}, raised:\n{trace}")
            if output.get("name") == "stderr":
                raise BuildError(f"{path}, code cell {number}, wrote to stderr:\n{output.text}")
    return nb


def normalise(nb: NotebookNode) -> NotebookNode:
    """The notebook in its normal form: all that depends on machine, time or chance is gone."""
    nb = nbformat.from_dict(json.loads(json.dumps(nb)))  # a copy; the argument stays as it is
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = nbformat.from_dict(METADATA)
    _set_ids(nb.cells)
    for cell in nb.cells:
        cell.metadata = _normal_cell_metadata(cell.metadata)
    for number, cell in enumerate(code_cells(nb), 1):
        cell.execution_count = number
        for output in cell.outputs:
            _normalise_output(output, number)
        # What showed progress while the cell ran has nothing left to show.
        cell.outputs = _merge_streams([o for o in cell.outputs if o.get("data", True)])
    nbformat.validate(nb)
    return nb


def _set_ids(cells: list[NotebookNode]) -> None:
    """Keep an id that is valid and the first of its kind; replace others by one that repeats."""
    used = {cell.get("id") for cell in cells}
    seen = set()
    for number, cell in enumerate(cells, 1):
        valid = re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell.get("id") or "")
        if not valid or cell.id in seen:
            cell.id = next(name for k in count(number) if (name := f"cell-{k}") not in used)
            used.add(cell.id)
        seen.add(cell.id)


def _normal_cell_metadata(metadata: NotebookNode) -> NotebookNode:
    kept = NotebookNode({key: metadata[key] for key in CELL_METADATA if key in metadata})
    if "jupyter" in kept:  # of these, what the author chose; not what a front end folded away
        kept.jupyter = NotebookNode(
            {key: value for key, value in kept.jupyter.items() if key == "source_hidden"}
        )
        if not kept.jupyter:
            del kept["jupyter"]
    return kept


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of one stream: where the kernel cuts it is a matter of timing."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else NotebookNode()
        if output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _normalise_output(output: NotebookNode, number: int) -> None:
    if output.output_type == "execute_result":
        output.execution_count = number
    if "data" in output:
        # The view of a widget that no longer lives; the picture and the text beside it stay.
        output.data.pop(WIDGET_VIEW, None)
        alt = output.metadata.get("image/png", {}).get("alt")
        output.metadata = NotebookNode({"image/png": NotebookNode(alt=alt)} if alt else {})
        if "image/png" in output.data:
            output.data["image/png"] = "".join(output.data["image/png"].split())


def dumps(nb: NotebookNode) -> str:
    """The text of a notebook file: indent 1, sorted keys, sources as lists of lines."""
    return nbformat.v4.writes_json(nb, indent=1, ensure_ascii=False) + "\n"


def saved_pictures(nb: NotebookNode) -> dict[str, bytes]:
    """The pictures that are kept as files too, for the README: of cells tagged `save:NAME`."""
    return {
        tag.removeprefix("save:"): base64.b64decode(output.data["image/png"])
        for cell in code_cells(nb)
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("save:")
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    }


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the file and put that in its place: a full disk leaves the old one as it was."""
    beside = path.with_name(path.name + ".tmp")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def anew(path: Path, text_only: bool) -> NotebookNode:
    """A notebook as it should be now, run unless `text_only`."""
    nb = normalise(read(path) if text_only else execute(path))
    return normalise(written.fill(nb, path))  # after the run: minutes and slides go by the results


def build(path: Path, text_only: bool = False) -> bool:
    """Write one notebook anew. True if that changes it."""
    before, nb = path.read_bytes(), anew(path, text_only)
    after = dumps(nb).encode()
    for name, picture in saved_pictures(nb).items():
        replace_file(path.parent / "pictures" / name, picture)
    if after != before:
        replace_file(path, after)
    return after != before


def check(path: Path, pictures: Path | None = None, text_only: bool = False) -> bool:
    """Print what a build would change; True if it is more than may differ between processors.

    Figures that differ are put side by side into the folder `pictures`.
    """
    stored, fresh = read(path), anew(path, text_only)
    found = list(differences(stored, fresh))
    for cell in code_cells(stored) + code_cells(fresh):
        cell.outputs = []
    other = dumps(stored) != dumps(fresh)
    wrong = other or any(each.must for each in found)
    print(f"{path}: {'changed' if wrong else 'may differ' if found else 'unchanged'}", flush=True)
    if other:
        print("! text, code or metadata")
    for number, each in enumerate(found):
        print(each)
        if pictures and isinstance(each.stored, bytes):
            pictures.mkdir(parents=True, exist_ok=True)
            file = pictures / f"{path.stem}-{each.cell}-{number}.png"
            file.write_bytes(side_by_side(each.stored, each.fresh))
    return wrong


def begin_solutions(path: Path) -> None:
    """A lesson that has exercises with a check gets a solutions notebook: the tasks and stubs."""
    solutions = path.parent / "solutions" / path.name
    if written.has_exercises(path) and not solutions.exists():
        nb = written.fill(nbformat.v4.new_notebook(), solutions)
        solutions.parent.mkdir(exist_ok=True)
        replace_file(solutions, dumps(normalise(nb)).encode())
        print(f"{solutions}: begun; put answers where the stubs are, and build it", flush=True)


def build_page(path: Path, check: bool = False) -> bool:
    """Write what follows from other files into a page of text; as `build` does with a notebook."""
    before = path.read_text(encoding="utf-8")
    after = PAGES[path](before)
    if after != before and not check:
        replace_file(path, after.encode())
    return after != before


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    parser.add_argument("--check", action="store_true", help="write nothing, list what differs")
    parser.add_argument("--pictures", type=Path, help="with --check: a folder for what differs")
    parser.add_argument("--text", action="store_true", help="execute nothing: navigation, tables")
    options = parser.parse_args(arguments)
    paths, failed = options.notebooks or find_notebooks(), False
    for path in paths:
        try:
            if options.check:
                failed = check(path, options.pictures, options.text) or failed
                continue
            changed = build(path, options.text)
            begin_solutions(path)
        except BuildError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        print(f"{path}: {'changed' if changed else 'unchanged'}", flush=True)
    if any(path.resolve().is_relative_to(NOTEBOOKS) for path in paths):
        written.lesson.cache_clear()  # the minutes may have changed
        changed = [build_page(path, options.check) for path in PAGES]
        failed = (any(changed) and options.check) or failed
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
