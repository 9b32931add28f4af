"""Which cells of a notebook an answer needs, found by the names that they give and use.

No cell is run for it. What a cell does to a value is seen where it assigns to it, to a part of it
or to an attribute, and where it calls a method or a function on a line of its own; a change that
hides elsewhere is not.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

CALL = re.compile(r"""\bcheck\(\s*["'](\d\d[a-z]?)\.(\d)["']\s*\)""")  # number, exercise
BUILTINS = set(dir(builtins))
LONGEST = 50_000  # characters


@dataclass(frozen=True)
class Cell:
    """A code cell and its names.

    `binds` those that it gives, `changes` those whose values it may change; `uses` those that it
    needs from above, `calls` those that its functions need when they are called.
    """

    source: str
    binds: frozenset[str]
    changes: frozenset[str]
    uses: frozenset[str]
    calls: frozenset[str]
    sets_up: bool  # it begins with an import, and so is always run


def cell_from(source: str) -> Cell:
    """The names of a cell; none, where it cannot be parsed, or is too long for a cell of code."""
    seen = _Names()
    try:
        if len(source) > LONGEST:
            raise ValueError
        plain = TransformerManager().transform_cell(source)  # magics become calls
        tree, table = ast.parse(plain), symtable.symtable(plain, "cell", "exec")
        seen.visit(tree)
    except Exception:  # SyntaxError, RecursionError, whatever a hostile source makes of these
        return Cell(source, *4 * [frozenset()], False)
    calls = {name for scope in _scopes(table) for name in _globals_of(scope)}
    first = tree.body[0] if tree.body else None
    sets_up = isinstance(first, (ast.Import, ast.ImportFrom)) and not CALL.search(source)
    parts = (seen.bound, seen.changed, seen.used, calls)
    return Cell(source, *map(frozenset, parts), sets_up)


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _scopes(child)


def _globals_of(scope: symtable.SymbolTable) -> list[str]:
    return [s.get_name() for s in scope.get_symbols() if s.is_global() and s.is_referenced()]


class _Names(ast.NodeVisitor):
    """The names of a cell in the order in which it runs; inside functions it does not look."""

    def __init__(self) -> None:
        self.bound, self.changed, self.used = set(), set(), set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.used |= {node.id} - self.bound - BUILTINS
        else:
            self.bound.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
            self._change(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        for part in (node.value, node.target):
            for name in ast.walk(part):
                if isinstance(name, ast.Name):
                    self.used |= {name.id} - self.bound
        self.changed.add(_base(node.target))

    def visit_For(self, node: ast.For) -> None:
        for part in (node.iter, node.target, *node.body, *node.orelse):
            self.visit(part)

    def visit_Expr(self, node: ast.Expr) -> None:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call):
            self._change(node.value.func)
            if isinstance(node.value.func, ast.Name) and node.value.func.id not in BUILTINS:
                self.changed |= {a.id for a in node.value.args if isinstance(a, ast.Name)}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (
            *node.decorator_list,
            *node.args.defaults,
            *filter(None, node.args.kw_defaults),
        ):
            self.visit(part)
        self.bound.add(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        inside = _Names()
        inside.bound = set(self.bound)
        for part in (*node.decorator_list, *node.bases, *node.keywords, *node.body):
            inside.visit(part)
        self.used |= inside.used
        self.bound.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        pass

    def visit_comprehension_scope(self, node) -> None:
        inside = _Names()
        inside.bound = set(self.bound)
        for generator in node.generators:
            for part in (generator.iter, generator.target, *generator.ifs):
                inside.visit(part)
        for part in ("key", "value", "elt"):
            if hasattr(node, part):
                inside.visit(getattr(node, part))
        self.used |= inside.used

    visit_ListComp = visit_SetComp = visit_comprehension_scope
    visit_DictComp = visit_GeneratorExp = visit_comprehension_scope

    def visit_alias(self, node: ast.alias) -> None:
        self.bound.add((node.asname or node.name).partition(".")[0])

    def _change(self, target: ast.AST) -> None:
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            self.changed.add(_base(target))


def _base(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def needed(cells: Sequence[Cell], last: int, names: set[str]) -> list[int]:
    """Which of the cells up to number `last`, that one included, give it all it needs.

    For each name that is the last cell above that binds it, and those that change it later on.
    Modules are no values that a cell changes; who sets something in one sets it for all.
    """
    modules = {name for cell in cells if cell.sets_up for name in cell.binds}
    chosen = {k for k in range(last) if cells[k].sets_up} | {last}
    wanted = [(name, last) for name in names]
    for k in chosen:
        wanted += [(name, k) for name in cells[k].uses]
        wanted += [(name, last) for name in cells[k].calls]
    seen = set()
    while wanted:
        name, before = wanted.pop()
        if (name, before) in seen:
            continue
        seen.add((name, before))
        for k in reversed(range(before)):
            if name not in cells[k].binds and (name not in cells[k].changes or name in modules):
                continue
            if k not in chosen:
                chosen.add(k)
                wanted += [(other, k) for other in cells[k].uses]
                wanted += [(o, place) for o in cells[k].calls for place in (k, last)]
            if name in cells[k].binds:
                break
    return sorted(chosen)
