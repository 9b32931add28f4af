"""What the notebooks' kernels, and nbval, need around them; and what is tried after the cells.

nbval runs a notebook's cells in one kernel. While that lives, its explorers are swept, its claims
are seen to fail on spoilt results, and the code in its prose and folded answers is run there: no
notebook is executed a second time for it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import matplotlib
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from build import KERNEL_ENVIRONMENT, NOTEBOOKS
from claims import claims_of
from kernel import run_in
from sweep import explorer_calls

# Kernels inherit the environment. With MPLBACKEND=Agg in it, figures would vanish from the cells.
os.environ.update(KERNEL_ENVIRONMENT)
matplotlib.use("Agg")  # for the tests that draw in pytest's own process

TESTS = Path(__file__).resolve().parent
TOOL = f"import sys, json; sys.path.insert(0, {str(TESTS / 'tools')!r}); import %s as tool\n"
TOOL += "print(json.dumps(tool.problems(%r)))"
CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
# nbval runs these in the inner loop as well
QUICK = (NOTEBOOKS / "00_one_page.ipynb", NOTEBOOKS / "01_data.ipynb")


class AfterCells(pytest.Item):
    """Code that is run in a notebook's kernel after its cells, and what it must print, if given."""

    def __init__(self, *, code: str, expected: str | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.code, self.expected = code, expected

    def runtest(self) -> None:
        printed = run_in(self.parent.kernel.kc, self.code)
        assert self.expected in (None, printed), printed

    def repr_failure(self, excinfo) -> str:
        return f"{excinfo.value}\n\nin\n\n{self.code}"

    def reportinfo(self) -> tuple:
        return self.path, 0, self.name


def _of_tool(file: IPyNbFile, name: str, tool: str, argument) -> AfterCells:
    code = f"exec({TOOL % (tool, argument)!r}, {{}})"  # apart from the lesson's own names
    return AfterCells.from_parent(file, name=name, code=code, expected="[]")


def after_cells(file: IPyNbFile) -> list[AfterCells]:
    cells = [cell for cell in file.nb.cells if cell.cell_type == "code"]
    prose = "\n\n".join(cell.source for cell in file.nb.cells if cell.cell_type == "markdown")
    items = []
    if count := explorer_calls([cell.source for cell in cells]):
        items.append(_of_tool(file, "sliders", "sweep", count))
    for number, code in enumerate(CODE.findall(prose), 1):
        items.append(AfterCells.from_parent(file, name=f"code in prose {number}", code=code))
    return items


def pytest_configure(config: pytest.Config) -> None:
    config.option.nbval_sanitize_with = str(TESTS / "sanitize.cfg")  # wherever pytest was started


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in [item for item in items if isinstance(item, IPyNbCell)]:
        if claims := claims_of(item.cell):  # now: later cells may use the same names anew
            claimed = _of_tool(item.parent, f"{item.name} claims", "claims", claims)
            items.insert(items.index(item) + 1, claimed)
    last = {item.parent: item for item in items if isinstance(item.parent, IPyNbFile)}
    for file, item in last.items():
        place = items.index(item) + 1
        items[place:place] = after_cells(file)
    for item in items:
        if isinstance(item.parent, IPyNbFile) and item.path not in QUICK:
            item.add_marker("slow")
        if hasattr(item, "output_timeout"):  # nbval waits 5 s for an output after a cell's end
            item.output_timeout = 60
    items.sort(key=_longest_first)  # so that neither of two processes has a long one left


def _longest_first(item: pytest.Item) -> tuple:
    """The browser, then the notebooks, then all else; each by the size of its file."""
    browser, cells = item.get_closest_marker("browser"), isinstance(item.parent, IPyNbFile)
    return not browser, not cells, -item.path.stat().st_size
