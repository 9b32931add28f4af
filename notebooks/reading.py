"""From a CSV file to an even series: what lesson 12 does before it forecasts.

`read_series` takes a file as people have it, and says in notes what it found and did. Nothing of
the file is changed. What cannot be used is refused by `Unusable`, whose message names the line and
the column, what stands there, and what is allowed.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import numpy as np

DATA = Path(__file__).with_name("data")  # the series that the lessons read
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "missing", "-", "--", ".", "..", "?"}
LARGEST = 1e100  # of a value: squares, and the sums of these, stay finite
MOST_GAPS = 0.5  # a share: a grid with more gaps than values does not fit the dates
FEWEST = 60  # values: three parts, each with a few forecasts, need about so many
MOST_STEPS = 2_000_000


class Unusable(ValueError):
    """A file or an argument that cannot be used; a notebook shows the message alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"Not usable: {self}"]


@dataclass(frozen=True)
class Series:
    """A series on an even grid.

    `values` (time,) in float64 have NaN where there is a gap; `dates` (time,) are datetime64 in the
    unit of the step, or 1, 2, 3, ... where the file has no dates. `step` says the spacing, and
    `notes` what was found and done.
    """

    name: str
    values: np.ndarray
    dates: np.ndarray
    step: str
    notes: tuple[str, ...]

    def dates_after(self, steps: int) -> np.ndarray:
        """The next `steps` dates."""
        if self.step == "working day":
            return np.busday_offset(self.dates[-1], np.arange(1, steps + 1))
        return self.dates[-1] + np.arange(1, steps + 1) * (self.dates[1] - self.dates[0])


def read_series(file, column=None, dates=None) -> Series:
    """The series in one column of a CSV file, on an even grid.

    `file` is a path, or an open text file. `column` and `dates` are names in the first line, or
    numbers counted from 1; without `column` there must be just one that holds numbers, without
    `dates` the dates are looked for. Raises Unusable.
    """
    notes: list[str] = []
    table = _read_table(file, notes)
    own, given = _find_column(table, "column", column), _find_column(table, "dates", dates)
    if own is not None and own == given:
        raise Unusable(f"column and dates are both {table.names[own]!r}; allowed: two columns")
    full = table.without_empty_rows()
    when, used = _read_dates(full, own, given, notes)
    table = table if when is None else full  # without dates, an empty row is a gap
    if own is None:
        own = _only_numbers(table, used)
    return _even(table.names[own], _read_numbers(table, own, notes), when, notes)


# ==== The file: its bytes, its delimiter, its header

_COMMENT = re.compile(r"\s*(%|#(?!N/A)|sep=)", re.IGNORECASE)  # Excel takes sep=; as a setting
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces", "": "nothing"}


@dataclass(frozen=True)
class _Table:
    names: list[str]
    columns: list[list[str]]  # stripped cells
    lines: list[int]  # of each row, in the file
    delimiter: str

    def without_empty_rows(self) -> _Table:
        keep = [k for k, row in enumerate(zip(*self.columns, strict=True)) if any(row)]
        if len(keep) == len(self.lines):
            return self
        columns = [[cells[k] for k in keep] for cells in self.columns]
        return _Table(self.names, columns, [self.lines[k] for k in keep], self.delimiter)

    def place(self, row: int, columns: Iterable[int]) -> str:
        """Where a reader finds a cell, and what it holds."""
        names = " and ".join(repr(self.names[k]) for k in columns)
        cells = " and ".join(repr(self.columns[k][row][:60]) for k in columns)
        return f"line {self.lines[row]}, column {names} holds {cells}"


def _read_table(file, notes: list[str]) -> _Table:
    text = _read_text(file, notes).removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    blank = kept[-1][0] - kept[0][0] + 1 - len(kept) if kept else 0
    if blank:
        notes.append(f"{_count(blank, 'blank line')} passed over")
    comments = sum(bool(_COMMENT.match(line)) for _, line in kept)
    if comments:
        notes.append(f"{_count(comments, 'line')} of comment passed over")
        kept = [(n, line) for n, line in kept if not _COMMENT.match(line)]
    delimiter = _find_delimiter([line for _, line in kept[:200]])
    rows = _split(kept, delimiter)
    filled = [k for k, (_, row) in enumerate(rows) if any(row)]
    if not filled:
        raise Unusable(f"the file is empty; allowed: at least {FEWEST} lines with values")
    rows = rows[filled[0] : filled[-1] + 1]
    width = Counter(len(row) for _, row in rows[-200:]).most_common(1)[0][0]
    # The header is the last line without a value before the first with one.
    good = (k for k, (_, row) in enumerate(rows) if len(row) == width and any(map(_is_value, row)))
    begin = next(good, len(rows))
    if begin == len(rows):
        raise Unusable("no line holds a number or a date; allowed: a table of them")
    after = [row for _, row in rows[begin + 1 : begin + 50] if len(row) == width]
    if any(
        not _is_value(cell) and after and all(_is_value(row[k]) for row in after)
        for k, cell in enumerate(rows[begin][1])
    ):
        begin += 1  # a header with a number in it: ,0,1 by pandas, or date,2019
    header = rows[begin - 1][1] if begin else []
    named = len(header) == width and any(header)
    first = begin - (named or len(header) > 1)  # of another width: refused below
    notes.append(f"{_count(width, 'column')}" + f", parted by {_NAMES[delimiter]}" * (width > 1))
    if first:
        notes.append(f"the first {_count(first, 'line')} passed over: no table yet")
    rows = rows[first:]
    for n, row in rows:
        if len(row) != width:
            allowed = f"{width}, as in most lines, parted by {_NAMES[delimiter]}"
            raise Unusable(f"line {n} has {_count(len(row), 'cell')}; allowed: {allowed}")
    names = [f"column {k}" for k in range(1, width + 1)]
    if named:
        names = _unique(rows.pop(0)[1], names)
    columns = [list(cells) for cells in zip(*(row for _, row in rows), strict=True)]
    return _Table(names, columns, [n for n, _ in rows], delimiter)


def _read_text(file, notes: list[str]) -> str:
    try:
        text = file.read() if hasattr(file, "read") else _decode(Path(file).expanduser(), notes)
    except TypeError:
        text = None
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, Unusable):
            raise
        why = getattr(error, "strerror", None) or error
        raise Unusable(f"file cannot be read: {why}; allowed: a path of a CSV file") from None
    if not isinstance(text, str):
        what = "None" if file is None else f"of type {type(file).__name__}"
        raise Unusable(f"file is {what}; allowed: a path, or a file opened as text")
    return text


def _decode(path: Path, notes: list[str]) -> str:
    if not path.is_file():
        folder = path if path.is_dir() else path.parent
        there = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        there = sorted(p for p in there if p.lower().endswith((".csv", ".txt", ".tsv")))
        near = f" ({_listed(there)})" if there else ""
        what = "a folder; allowed: a file in it" if path.is_dir() else "not there; allowed: a file"
        shown = str(path) if len(str(path)) <= 200 else f"{str(path)[:200]} ..."  # a file's text?
        raise Unusable(f"file is {shown!r}, which is {what}{near}")
    raw = path.read_bytes()
    if raw[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise Unusable(f"{path.name} is a spreadsheet or archive; allowed: text (save it as CSV)")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        notes.append("the text is UTF-16")
        return raw.decode("utf-16", errors="replace")
    if b"\0" in raw:
        raise Unusable(f"{path.name} holds zero bytes, so it is no text; allowed: a CSV file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append("the text is not UTF-8, and was read as Latin-1")
        return raw.decode("latin-1")


def _split(lines: list[tuple[int, str]], delimiter: str) -> list[tuple[int, list[str]]]:
    """The cells of each line. A cell in quotes may hold the delimiter, but no end of a line."""
    rows = []
    for n, line in lines:
        line = " ".join(line.split()) if delimiter == " " else line
        try:
            row = next(csv.reader([line], delimiter=delimiter or "\x1f", skipinitialspace=True))
        except csv.Error as error:
            allowed = "cells parted by a delimiter"
            raise Unusable(f"line {n} cannot be parted ({error}); allowed: {allowed}") from None
        rows.append((n, [cell.strip().strip("'") for cell in row]))
    # Some programs end every line, or every line but the header, with a delimiter.
    widest = max((len(row) for _, row in rows), default=0)
    if widest > 1 and not any(len(row) == widest and row[-1] for _, row in rows):
        rows = [(n, row[: widest - 1]) for n, row in rows]
    return rows


def _find_delimiter(lines: list[str]) -> str:
    """The one that parts most lines into equally many cells, and leaves the most values.

    Blanks also stand inside a cell (07 Mar 1975): they must leave fewer cells that are no values.
    """
    best, delimiter, share = (-1, 0), "", 0.0
    for one in (one for one in ";\t|, " if any(one in line for line in lines)):
        # A decimal comma parts each number of a lone column, but not the header; and it leaves 05.
        lone = [line.strip() for line in lines if one == "," in line]
        told = lone and ("," not in lines[0] or any(re.search(r",0\d", line) for line in lone))
        if told and all(map(_is_number, lone)):
            continue
        try:
            rows = [row for _, row in _split(list(enumerate(lines)), one)]
        except Unusable:
            continue
        width, hits = Counter(map(len, rows)).most_common(1)[0]
        if width > 1 and hits > 0.6 * len(rows):
            found = [_is_value(cell) for row in rows[-10:] for cell in row]
            values, of_all = sum(found), sum(found) / len(found)
            if (values, hits) > best and (one != " " or of_all > share):
                best, delimiter, share = (values, hits), one, of_all
    return delimiter


def _unique(names: list[str], instead: list[str]) -> list[str]:
    """The header's names, an empty one or one that stood there before by its place."""
    seen: list[str] = []
    for name, place in zip(names, instead, strict=True):
        seen.append(name if name and name not in seen else place)
    return seen


def _is_value(cell: str) -> bool:
    """A number or a date, as no header has it."""
    return _is_number(cell) or any(_parse(cell, kind) for kind in _FORMATS)


def _find_column(table: _Table, argument: str, wanted) -> int | None:
    if wanted is None:
        return None
    names = table.names
    if isinstance(wanted, (int, np.integer)) and not isinstance(wanted, bool):
        if 1 <= wanted <= len(names):
            return int(wanted) - 1
        raise Unusable(f"{argument} is {wanted}; allowed: 1 to {len(names)}, or a name")
    for same in (lambda a, b: a == b, lambda a, b: a.casefold() == b.strip().casefold()):
        for k, name in enumerate(names):
            if isinstance(wanted, str) and same(name, wanted):
                return k
    near = difflib.get_close_matches(str(wanted)[:60], names, 1)
    shown = repr(wanted) if isinstance(wanted, (str, float, bool)) else f"a {type(wanted).__name__}"
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise Unusable(f"{argument} is {shown}, which is not there; allowed: {_listed(names)}{hint}")


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:12])) + (
        f", and {len(names) - 12} more" if len(names) > 12 else ""
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _a(step: str) -> str:
    return step if step[0].isdigit() else f"{'an' if step == 'hour' else 'a'} {step}"


# ==== Numbers

# With a decimal point, and commas between the thousands; for a decimal comma the two are swapped.
_NUMBER = re.compile(r"[+-]?(?=\.?\d)(\d*|[1-9]\d{0,2}(,\d{3})+)(\.\d*)?([eE][+-]?\d+)?")
_SWAP = str.maketrans(",.", ".,")


def _plain(cell: str) -> str:
    """Without spaces or apostrophes between the digits, and with a plain minus."""
    if cell.isascii() and " " not in cell and "'" not in cell:
        return cell
    return re.sub(r"(?<=\d)[ \u00a0\u202f'\u2019](?=\d{3}(\D|$))", "", cell).replace("\u2212", "-")


def _is_number(cell: str) -> bool:
    cell = _plain(cell)
    return bool(_NUMBER.fullmatch(cell) or _NUMBER.fullmatch(cell.translate(_SWAP)))


def _is_gap(cell: str) -> bool:
    return cell.casefold() in MISSING


def _read_numbers(table: _Table, own: int, notes: list[str]) -> np.ndarray:
    """The values of a column, NaN where it says that there is none."""
    cells = [_plain(cell) for cell in table.columns[own]]
    swapped = [cell.translate(_SWAP) for cell in cells]
    fit, fit_swapped = (sum(map(bool, map(_NUMBER.fullmatch, c))) for c in (cells, swapped))
    comma = fit_swapped > fit
    if fit_swapped == fit:
        # 1,234 or 1.234 may be either. Beside whole numbers below 1000, and none above, the mark
        # parts thousands; so it does where commas part the cells.
        whole = [cell for cell in cells if re.fullmatch(r"[+-]?[1-9]\d*", cell)]
        parted = bool(whole) and all(len(cell.lstrip("+-")) < 4 for cell in whole)
        comma = any("," in c for c in cells) and not (parted or table.delimiter == ",")
        comma = comma or (parted and any("." in cell for cell in cells))
    values = np.full(len(cells), np.nan)
    said = {}
    for k, cell in enumerate(swapped if comma else cells):
        if _NUMBER.fullmatch(cell):
            values[k] = float(cell.replace(",", ""))
            example = f" ({table.columns[own][k]!r} is {values[k]:.15g})"
            if comma and "." in cell:
                said.setdefault("a comma is the decimal sign", example)
            if "," in cell:
                said.setdefault(f"{'points' if comma else 'commas'} part thousands", example)
        if not _is_gap(cells[k]) and not abs(values[k]) <= LARGEST:
            sign = "comma" if comma else "point"
            allowed = f"a number (with a decimal {sign}, at most 1e100), or nothing or NA for a gap"
            raise Unusable(f"{table.place(k, [own])}; allowed: {allowed}")
    if np.isnan(values).all():
        raise Unusable(f"column {table.names[own]!r} holds only gaps; allowed: numbers")
    shown = next((k for k, cell in enumerate(cells) if re.search(r"\d[.,]", cell)), 0)
    shown = shown if abs(values[shown]) >= 0 else int(np.flatnonzero(~np.isnan(values))[0])
    example = f"{table.columns[own][shown]!r} is {values[shown]:.15g}"
    notes.append(f"values in {table.names[own]!r}: {example}")
    notes.extend(map("".join, said.items()))
    return values


def _only_numbers(table: _Table, used: set[int]) -> int:
    """The one column that holds numbers, if there is just one; a slip or two are told later."""
    found, others = [], [k for k in range(len(table.names)) if k not in used]
    for k in others:
        some = [cell for cell in table.columns[k] if not _is_gap(cell)][:200]
        if some and sum(map(_is_number, some)) >= 0.9 * len(some):
            found.append(k)
    counting = [str(n) for n in range(len(table.lines) + 1)]
    if len(found) == 2 and table.columns[found[0]] in (counting[:-1], counting[1:]):
        del found[0]  # the numbers of the rows, as R and pandas write them
    if len(found) == 1:
        return found[0]
    if not found:
        among = _listed(table.names)
        raise Unusable(f"no numbers, but for dates, in {among}; allowed: a column of them")
    names = _listed([table.names[k] for k in found])
    raise Unusable(f"column is None, but several columns hold numbers; allowed: {names}")


# ==== Dates

_NAMES_OF_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: k for k, name in enumerate(_NAMES_OF_MONTHS.split(), 1)}
_TIME = (
    r"(?:[T ,]\s*(?P<H>\d{1,2})"
    r"(?::(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?|(?<=T\d\d))"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_NAME, _YEAR = r"(?P<name>[A-Za-z]{3,9})\.?", r"(?P<y>\d{4}|\d{2})"
_FORMATS = {
    "year-month-day": re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _TIME),
    "yearmonthday": re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})" + _TIME),
    "day, month, year": re.compile(rf"(?P<d>\d{{1,2}})[-/.](?P<m>\d{{1,2}})[-/.]{_YEAR}" + _TIME),
    "month, day, year": re.compile(rf"(?P<m>\d{{1,2}})[-/](?P<d>\d{{1,2}})[-/]{_YEAR}" + _TIME),
    "day, name of month, year": re.compile(rf"(?P<d>\d{{1,2}})[-. ]*{_NAME}[-., ]*{_YEAR}" + _TIME),
    "name of month, day, year": re.compile(
        rf"{_NAME}[- ]*(?P<d>\d{{1,2}})(?:, *| +|-){_YEAR}" + _TIME
    ),
    "year and month": re.compile(r"(?P<y>\d{4})(?:[-/ M]|[.]?(?=\d\d$))(?P<m>\d{1,2})"),
    "month and year": re.compile(r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})"),
    "name of month, year": re.compile(rf"{_NAME}[-. ]*{_YEAR}"),
    "year, name of month": re.compile(rf"(?P<y>\d{{4}})[-. ]*{_NAME}"),
    "year and quarter": re.compile(r"(?P<y>\d{4})[-/: ]*[Qq](?P<q>[1-4])"),
    "quarter and year": re.compile(r"[Qq](?P<q>[1-4])[-/: ]*(?P<y>\d{4})"),
    "year and week": re.compile(r"(?P<y>\d{4})-?W(?P<w>\d{2})(?:-?(?P<wd>[1-7]))?"),
    "year": re.compile(r"(?P<y>\d{4})"),
    "year with decimals": re.compile(r"(?P<y>\d{4})(?P<part>(?:\.\d*)?)"),
    "seconds since 1970": re.compile(r"(?P<epoch>\d{9,10})(?:\.0*)?"),
}
_HINTS = re.compile("date|time|year|month|day|week|quarter|period|datum|zeit|jahr", re.IGNORECASE)
# Dates that are written in several columns, and how they read as one.
_JOINED = {
    ("year", "month", "day", "hour"): "{}-{}-{} {}:00",
    ("year", "month", "day"): "{}-{}-{}",
    ("year", "month"): "{}-{}",
    ("year", "quarter"): "{} Q{}",
    ("date", "time"): "{} {}",
    ("datum", "zeit"): "{} {}",
}


def _parse(cell: str, kind: str) -> datetime | None:
    """The moment that a cell names, with its zone if it says one; None if it names none."""
    match = _FORMATS[kind].fullmatch(cell)
    if not match:
        return None
    part = {key: value for key, value in match.groupdict().items() if value is not None}
    try:
        if "epoch" in part:
            return datetime(1970, 1, 1) + timedelta(seconds=int(part["epoch"]))
        year = int(part["y"])
        if len(part["y"]) == 2:
            year += 2000 if year < 70 else 1900
        if "w" in part:
            return datetime.fromisocalendar(year, int(part["w"]), int(part.get("wd", 1)))
        if "part" in part:
            share, digits = float(f"0{part['part']}0"), len(part["part"]) - 1
            months = round(12 * share)
            if digits > 1 and abs(share - months / 12) <= 0.5 * 10**-digits:  # 2020.083
                return datetime(year + months // 12, months % 12 + 1, 1)
            start = datetime(year, 1, 1)
            return start + timedelta(round(share * (datetime(year + 1, 1, 1) - start).days))
        month = int(part.get("m", 3 * int(part.get("q", 1)) - 2))
        if "name" in part:
            month = _MONTHS[part["name"][:3].casefold()]
        hour = int(part.get("H", 0))
        if "half" in part and 1 <= hour <= 12:
            hour = hour % 12 + (12 if part["half"][0] in "Pp" else 0)
        micro = int(part.get("f", "0").ljust(6, "0")[:6])
        clock = (hour, int(part.get("M", 0)), int(part.get("S", 0)), micro)
        zone = None
        if "zone" in part:
            sign, digits = part["zone"][0], re.sub(r"\D", "", part["zone"]).zfill(4)
            away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            zone = timezone(-away if sign == "-" else away)
        return datetime(year, month, int(part.get("d", 1)), *clock, tzinfo=zone)
    except (KeyError, ValueError, OverflowError):
        return None


def _read_dates(table: _Table, own, given, notes) -> tuple[np.ndarray | None, set[int]]:
    """The date of each row, or None, and which columns they took."""
    if given is not None:
        tried = {(given,): table.columns[given]}
    else:
        tried = _joined(table, own)
        tried |= {(k,): c for k, c in enumerate(table.columns) if k != own and len(table.names) > 1}
    hinted = {k for k, name in enumerate(table.names) if _HINTS.search(name)}
    found, unread = {}, ""
    for columns, cells in tried.items():
        hint = bool(hinted & {*columns}) or columns in ((0,), (given,))
        kinds = _kinds(cells, hint, columns == (given,))
        if kinds:
            # The finest, as a date beside its year; among equals one that the header names so.
            found[columns] = (len(set(cells[:50])), bool(hinted & {*columns})), kinds
        elif hinted & {*columns} and not _is_number(cells[0]) and not unread:
            unread = f" ({table.place(0, columns)}, in no known spelling)"
    if found:
        columns = max(found, key=lambda c: found[c][0])
        return _moments(table, columns, tried[columns], found[columns][1], notes), {*columns}
    if given is not None:
        cells = table.columns[given]
        bad = (n for n, c in enumerate(cells) if not any(_parse(c, kind) for kind in _FORMATS))
        allowed = "dates, all written as 2024-12-31, 31.12.2024, Dec 2024 or the like"
        raise Unusable(f"dates: {table.place(next(bad, 0), [given])}; allowed: {allowed}")
    notes.append(f"no dates{unread}: the values are taken in their order, evenly spaced")
    return None, set()


def _joined(table: _Table, own) -> dict[tuple[int, ...], list[str]]:
    """Year beside month and the like: the columns and their cells put together."""
    places = {name.casefold(): k for k, name in enumerate(table.names) if k != own}
    joined = {}
    for names, form in _JOINED.items():
        if all(name in places for name in names):
            columns = tuple(places[name] for name in names)
            parts = ([c.removesuffix(".0").lstrip("Qq") for c in table.columns[k]] for k in columns)
            joined[columns] = [form.format(*row) for row in zip(*parts, strict=True)]
    return joined


def _kinds(cells: list[str], hinted: bool, given: bool) -> list[str]:
    """The spellings that nine in ten of a column's first cells have."""
    some = cells[:50]
    numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in some) > 0.5 * len(some)
    found = []
    for kind in _FORMATS if hinted or not numbers else ():
        if not any(_parse(cell, kind) for cell in some[:6]):
            continue  # for speed: more than one in ten
        moments = [m.replace(tzinfo=None) for cell in some if (m := _parse(cell, kind))]
        if len(moments) < max(0.9 * len(some), 2):
            continue
        if numbers and not given:  # dates go one way, and few are of other centuries
            steps = np.diff(np.array(moments, dtype="datetime64[us]")).astype(int)
            if not ((steps >= 0).all() or (steps <= 0).all()):
                continue
            if not all(1000 < moment.year < 2200 for moment in moments):
                continue
        found.append(kind)
    return found


def _moments(table: _Table, columns, cells: list[str], kinds: list[str], notes) -> np.ndarray:
    """Read by the spelling that fits best; of two (3/4/2020) by that with the more even steps."""
    best = None
    american = cells[0].rstrip(".")[-1:] in ("m", "M")  # AM and PM: there the month comes first
    for kind in kinds[::-1] if american else kinds:
        moments = [_parse(cell, kind) for cell in cells]
        failed, uneven = moments.count(None), 0.0
        if not failed:
            local = np.array([m.replace(tzinfo=None) for m in moments], dtype="datetime64[us]")
            steps = np.diff(np.sort(local)).astype(float)
            uneven = steps.std() / max(steps.mean(), 1) if len(steps) else 0.0
        if best is None or (failed, 1.25 * uneven) < best[:2]:
            best = failed, uneven, kind, moments
    failed, _, kind, moments = best
    if failed:
        bad = table.place(moments.index(None), columns)
        raise Unusable(f"{bad}; allowed: a date ({kind}), as in most lines")
    utc = ""
    # Midnights are days, wherever they are; hours are put into one zone.
    if any(m.utcoffset() for m in moments) and any(m.time() != time() for m in moments):
        moments, utc = [m - (m.utcoffset() or timedelta()) for m in moments], ", in UTC"
    moments = [m.replace(tzinfo=None) for m in moments]
    names = " and ".join(repr(table.names[k]) for k in columns)
    notes.append(f"dates in {names}: {cells[0]!r} is {_shown(moments[0])} ({kind}{utc})")
    return np.array(moments, dtype="datetime64[us]")


def _shown(moment: datetime) -> str:
    return str(moment).removesuffix(" 00:00:00")


# ==== An even grid


def _even(name: str, values: np.ndarray, when, notes: list[str]) -> Series:
    """One value a step, in order; NaN for each step without one."""
    if when is not None:
        order = np.argsort(when, kind="stable")
        if (order != np.arange(len(when))).any():
            newest_first = (np.diff(when).astype(int) <= 0).all()
            notes.append("newest first: turned round" if newest_first else "put in order of dates")
        when, values = when[order], values[order]
    known = np.flatnonzero(~np.isnan(values))
    if when is not None and len(known) < len(values) / 2:  # quarters in a table of months
        notes.append(f"{len(values) - len(known)} lines without a value passed over")
        when, values, known = when[known], values[known], np.arange(len(known))
    values = values[known[0] : known[-1] + 1]
    if when is None:
        _note_values(values, notes)
        return Series(name, values, np.arange(1, len(values) + 1), "row", tuple(notes))
    when = when[known[0] : known[-1] + 1]
    apart = np.unique(when)
    repeated = len(when) - len(apart)
    if len(apart) < 2:
        one = _shown(when[0].item())
        raise Unusable(f"all lines with values have one date, {one}; allowed: one line a date")
    if repeated >= len(apart):
        raise Unusable(
            f"of {len(when)} lines {repeated} repeat a date; allowed: one line a date (is there a "
            "time in another column, or are there several series below each other?)"
        )
    if repeated:
        lines = "1 line repeats" if repeated == 1 else f"{repeated} lines repeat"
        notes.append(f"{lines} a date: the mean of its values")
    numbers, to_date, step, off = _grid(apart)
    length = int(numbers[-1]) + 1
    place = numbers[np.searchsorted(apart, when)]
    off = max(off, len(apart) - len(np.unique(numbers)))
    if off:
        notes.append(
            f"uneven dates: one value {_a(step)}, the mean of those nearest to it "
            f"({_count(off, 'date')} moved)"
        )
    sure = ~np.isnan(values)
    filled = len(np.unique(place[sure]))
    if length > MOST_STEPS or length * (1 - MOST_GAPS) > filled:
        hole = " to ".join(_shown(day.item()) for day in apart[np.diff(apart).argmax() :][:2])
        raise Unusable(
            f"dates mostly {_a(step)} apart leave {length - filled} of {length} steps without "
            f"a value (the widest hole: {hole}); allowed: at most {MOST_GAPS:.0%} gaps and "
            f"{MOST_STEPS} steps (choose a part of the file, or means over longer steps)"
        )
    sums = np.bincount(place[sure], values[sure], length)
    counts = np.bincount(place[sure], minlength=length)
    even = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    notes.append(f"{length} steps, each {_a(step)}, from {to_date(0)} to {to_date(length - 1)}")
    _note_values(even, notes)
    return Series(name, even, to_date(np.arange(length)), step, tuple(notes))


DAY = 86_400_000_000  # in microseconds
_UNITS = (("D", DAY, "day"), ("h", DAY // 24, "hour"), ("m", DAY // 1440, "minute"))
_UNITS += (("s", 1_000_000, "second"), ("us", 1, "microsecond"))


def _grid(when: np.ndarray) -> tuple[np.ndarray, Callable, str, int]:
    """The step's number for each date, the way back, the step's name, how many dates lie off it."""
    steps = np.diff(when).astype(np.int64)
    step = int(np.median(steps))
    constant = (steps % step == 0).mean() > 0.9  # so it is days, not months or years
    months = step / (365.2425 / 12 * DAY)
    whole = round(months)
    near = whole >= 1 and abs(months - whole) < 0.07 * min(whole, 3)
    if near and (not constant or step % (1461 * DAY) == 0):
        unit, count, word = ("M", whole, "month") if whole % 12 else ("Y", whole // 12, "year")
        dates = when.astype(f"datetime64[{unit}]")
        numbers = np.round((dates - dates[0]).astype(int) / count).astype(int)
        name = "quarter" if whole == 3 else _step_name(count, word)
        return numbers, lambda n: dates[0] + n * count, name, 0
    if not constant:  # clocks that are a little late or early
        near = ((round(step / size) * size, step) for _, size, _ in _UNITS)
        step = next(a for a, b in near if abs(a - b) <= 0.02 * b)
    days = when.astype("datetime64[D]")
    if step == DAY and len(when) > 10 and np.is_busday(days).all():
        numbers = np.busday_count(days[0], days)
        return numbers, lambda n: np.busday_offset(days[0], n), "working day", 0
    unit, size, word = next(u for u in _UNITS if step % u[1] == 0)
    name = "week" if step == 7 * DAY else _step_name(step // size, word)
    if unit != "D":  # hours may begin at half past
        begin = int(when[0].astype(int))
        unit, size, _ = next(u for u in _UNITS if step % u[1] == begin % u[1] == 0)
    start = when[0].astype(f"datetime64[{unit}]")
    away = (when - when[0]).astype(np.int64)
    numbers = np.round(away / step).astype(int)
    off = int((np.abs(away - numbers * step) > 0.05 * step).sum())
    return numbers, lambda n: start + n * np.timedelta64(step // size, unit), name, off


def _step_name(count: int, word: str) -> str:
    return word if count == 1 else f"{count} {word}s"


def _note_values(values: np.ndarray, notes: list[str]) -> None:
    """Say what gaps and still stretches there are; refuse what nothing can be learnt of."""
    gaps = np.isnan(values)
    known = values[~gaps]
    if len(known) < FEWEST:
        raise Unusable(f"the number of values is {len(known)}; allowed: at least {FEWEST}")
    if np.ptp(known) == 0:
        raise Unusable(f"all values are {known[0]:g}; allowed: values that differ")
    if gaps.any():
        longest = max(_runs(gaps))
        notes.append(
            f"{_count(int(gaps.sum()), 'gap')}, the longest {_count(longest, 'step')}: each filled "
            "with the last value before it, and not counted when forecasts are judged"
        )
    still = max(_runs(np.diff(values) == 0), default=0) + 1
    if still > max(20, len(values) / 20):
        notes.append(f"one value stands for {still} steps: can that be?")


def _runs(flags: Iterable[bool]) -> list[int]:
    """The lengths of the stretches in which the flags are set."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return (edges[1::2] - edges[::2]).tolist()
