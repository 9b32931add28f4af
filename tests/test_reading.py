"""What `read_series` makes of files as people have them, and what it says to all others."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import warnings
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import FEWEST, Series, Unusable, read_series

N = 72
VALUES = np.round(20 + np.arange(N) / 10 + 5 * np.sin(np.arange(N)), 2)
BIG = np.round(1e6 * (1 + VALUES), 1)
DAYS = np.arange(np.datetime64("2019-12-20"), np.datetime64("2019-12-20") + N)
HOURS = np.arange(N).astype("datetime64[h]") + (
    np.datetime64("2024-03-01T00") - np.datetime64(0, "h")
)
MONTHS = np.arange(np.datetime64("2015-06"), np.datetime64("2015-06") + N)
WORKDAYS = np.busday_offset("2024-01-01", np.arange(N))
PLACE = np.arange(N)


def spelt(dates: np.ndarray, form: str) -> list[str]:
    return [moment.strftime(form) for moment in dates.astype("datetime64[s]").astype(datetime)]


def commas(values: np.ndarray, form: str = "{}") -> list[str]:
    """With the decimal sign of half the world."""
    return [form.format(value).translate(str.maketrans(",.", ".,")) for value in values]


def table(*columns, header: str = "date,value", between: str = ",", end: str = "\n") -> str:
    rows = [between.join(map(str, row)) for row in zip(*columns, strict=True)]
    header = header.replace(",", between)
    return end.join([header, *rows] if header else rows) + end


def without(text: str, *numbers: int) -> str:
    return "".join(
        line for n, line in enumerate(text.splitlines(keepends=True), 1) if n not in numbers
    )


def gaps(*places: int, values: np.ndarray = VALUES) -> np.ndarray:
    return np.where(np.isin(PLACE, places), np.nan, values)


def dated(dates: np.ndarray, form: str, header: str = "date;value", **settings) -> str:
    return table(spelt(dates, form), VALUES, header=header, between=";", **settings)


PLAIN = table(DAYS, VALUES)
QUOTED = re.sub(r"([^,\n]+)", r'"\1"', PLAIN)
SHUFFLED = np.random.default_rng(0).permutation(PLACE)
ROWS = np.arange(1, N + 1)
CELLS = [f"{value:.3f}" for value in VALUES]
EMPTY_AT_5_AND_6 = ["" if k in (5, 6) else value for k, value in enumerate(VALUES)]
LINES = PLAIN.splitlines(keepends=True)
PARIS = [f"{day}T00:00:00+0{1 + (day >= np.datetime64('2020-03-29'))}:00" for day in DAYS + 60]
THIRDS = ["", "0833", "1667", "25", "3333", "4167", "5", "5833", "6667", "75", "8333", "9167"]
DECIMAL_YEARS = [f"{2015 + (k + 5) // 12}.{THIRDS[(k + 5) % 12]}".rstrip(".") for k in PLACE]


def good(text, words="", values=VALUES, dates=DAYS, step="day", more=None) -> tuple:
    """The text, words of the notes, what is wanted, and what else `read_series` is told."""
    return text, words.split("; "), values, dates, step, more or {}


GOOD = {
    "plain": good(PLAIN, "'date'; 72 steps, each a day; 2019-12-20 to 2020-02-29"),
    "no header": good(table(DAYS, VALUES, header="")),
    "pandas' header": good(table(DAYS, VALUES, header=",0")),
    "pandas' header and index": good(
        table(PLACE, VALUES, header=",0"), "no dates", dates=ROWS, step="row", more={"column": "0"}
    ),
    "a number in the header": good(table(DAYS, VALUES, header="date,2019")),
    "the numbers of the rows": good(table(PLACE, DAYS, VALUES, header=",date,value")),
    "counted from one": good(table(PLACE + 1, DAYS, VALUES, header="n,date,value")),
    "quarters in a table of months": good(
        table(
            np.datetime64("2015-06") + np.arange(3 * N),
            [VALUES[k // 3] if k % 3 == 0 else "" for k in range(3 * N)],
        ),
        "144 lines without a value passed over",
        dates=np.datetime64("2015-06") + 3 * np.arange(N),
        step="quarter",
    ),
    "values alone": good(table(VALUES, header=""), "no dates", dates=ROWS, step="row"),
    "values alone, rising whole numbers": good(
        table(1500 + PLACE, header=""), "no dates", values=1500 + PLACE, dates=ROWS, step="row"
    ),
    "semicolons": good(PLAIN.replace(",", ";")),
    "tabs": good(PLAIN.replace(",", "\t")),
    "tabs, and blanks inside the dates": good(table(spelt(DAYS, "%d %b %Y"), VALUES, between="\t")),
    "bars": good(PLAIN.replace(",", " | ")),
    "spaces": good(PLAIN.replace(",", "   ")),
    "spaces and quotes": good(QUOTED.replace(",", " ")),
    "commas, dates with spaces": good(
        table(spelt(HOURS, "%Y-%m-%d %H:%M"), VALUES), "each an hour", dates=HOURS, step="hour"
    ),
    "decimal comma, semicolons": good(
        table(DAYS, commas(VALUES), between=";"), "comma is the decimal sign"
    ),
    "decimal comma, tabs": good(table(DAYS, commas(VALUES), between="\t"), "comma is the decimal"),
    "decimal comma, spaces, no header": good(
        table(DAYS, commas(VALUES), between=" ", header=""), "comma is the"
    ),
    "decimal comma, quoted": good(
        table(DAYS, [f'"{v}"' for v in commas(VALUES)]), "comma is the decimal"
    ),
    "decimal comma, alone": good(
        table(commas(VALUES), header="value"), "comma is the decimal sign", dates=ROWS, step="row"
    ),
    "decimal comma and points for thousands": good(
        table(DAYS, commas(BIG, "{:,}"), between=";"), "decimal; points part thou", values=BIG
    ),
    "decimal comma, some whole numbers with a point": good(
        table(
            DAYS,
            [c.removesuffix(",0") for c in commas(np.round(BIG / 2000.0) / 2, "{:,}")],
            between=";",
        ),
        "decimal sign; points part thousands",
        values=np.round(BIG / 2000.0) / 2,
    ),
    "commas for thousands": good(
        table(DAYS, [f'"{v:,}"' for v in BIG]), "commas part thousands", values=BIG
    ),
    "commas for thousands, tabs, small ones beside": good(
        table(DAYS, [f"{970 + k:,}" for k in PLACE], between="\t"),
        "commas part thousands",
        values=970 + PLACE,
    ),
    "points for thousands, small ones beside": good(
        table(DAYS, [f"{970 + k:,}".replace(",", ".") for k in PLACE], between=";"),
        "points part thousands",
        values=970 + PLACE,
    ),
    "points for millions": good(
        table(DAYS, [f"{2000000 + k:,}".replace(",", ".") for k in PLACE], between=";"),
        "points part thousands",
        values=2000000 + PLACE,
    ),
    "comma and three digits": good(
        table(DAYS, commas(CELLS), between=";"), "comma is the decimal sign"
    ),
    "comma and three digits below one, quoted": good(
        table(DAYS, [f'"0,{k + 100}"' for k in PLACE]), "decimal", values=(PLACE + 100) / 1000
    ),
    "spaces and apostrophes for thousands": good(
        table(
            DAYS, [f"{v:,}".replace(",", " \u2019'"[k % 3]) for k, v in enumerate(BIG)], between=";"
        ),
        values=BIG,
    ),
    "a long minus, plus, exponents": good(
        table(DAYS, [f"\u2212{v}" if k % 2 else f"+{v}E+06" for k, v in enumerate(VALUES)]),
        values=[-v if k % 2 else float(f"{v}e6") for k, v in enumerate(VALUES)],
    ),
    "whole numbers": good(table(DAYS, PLACE**2), values=PLACE**2),
    "large values": good(table(DAYS, BIG * 1000000.0), values=BIG * 1000000.0),
    "named column": good(
        table(DAYS, PLACE, VALUES, header="date,a,Value "), more={"column": "value"}
    ),
    "numbered column, dates last": good(
        table(PLACE % 5, VALUES, DAYS, header="a,b,when"), "'when'", more={"column": 2}
    ),
    "dates named": good(
        table(DAYS, MONTHS, VALUES, header="a,b,c"),
        "'b'",
        dates=MONTHS,
        step="month",
        more={"dates": "b"},
    ),
    "text beside": good(table(DAYS, ["wet", "dry"] * 36, VALUES, header="date,sky,value")),
    "an empty column beside": good(table(DAYS, [""] * N, VALUES, header="date,remark,value")),
    "year and month": good(
        table(spelt(MONTHS, "%Y"), spelt(MONTHS, "%-m"), VALUES, header="Year,Month,value"),
        "'Year' and 'Month'",
        dates=MONTHS,
        step="month",
    ),
    "year and name of month": good(
        table(spelt(MONTHS, "%Y"), spelt(MONTHS, "%B"), VALUES, header="year,month,value"),
        "'year' and 'month'",
        dates=MONTHS,
        step="month",
    ),
    "year and quarter": good(
        table(1990 + PLACE // 4, PLACE % 4 + 1, VALUES, header="year,quarter,gdp"),
        "'year' and 'quarter'",
        dates=np.datetime64("1990-01") + 3 * PLACE,
        step="quarter",
    ),
    "year, month, day": good(
        table(
            spelt(DAYS, "%Y"),
            spelt(DAYS, "%m"),
            spelt(DAYS, "%d"),
            VALUES,
            header="year,month,day,v",
        ),
        "'year' and 'month' and 'day'",
    ),
    "date beside year and month": good(
        table(DAYS, spelt(DAYS, "%Y"), spelt(DAYS, "%m"), VALUES, header="date,year,month,v"),
        "'date'",
        more={"column": "v"},
    ),
    "date and time": good(
        table(
            spelt(HOURS, "%d/%m/%Y"),
            spelt(HOURS, "%H:%M:%S"),
            VALUES,
            header="Date;Time;kW",
            between=";",
        ),
        "'Date' and 'Time'",
        dates=HOURS,
        step="hour",
    ),
    "newest first": good(table(DAYS[::-1], VALUES[::-1]), "newest first"),
    "no order": good(table(DAYS[SHUFFLED], VALUES[SHUFFLED]), "put in order of dates"),
    "gaps as empty cells": good(
        table(DAYS, EMPTY_AT_5_AND_6), "2 gaps, the longest 2 steps", values=gaps(5, 6)
    ),
    "gaps in every spelling": good(
        table(
            DAYS,
            [
                {5: "NA", 7: "-", 9: "n/a", 11: "null", 13: "?"}.get(k, v)
                for k, v in enumerate(VALUES)
            ],
        ),
        "5 gaps, the longest 1 step:",
        values=gaps(5, 7, 9, 11, 13),
    ),
    "gaps as missing lines": good(without(PLAIN, 7, 8, 20), "3 gaps", values=gaps(5, 6, 18)),
    "a gap before a comma alone": good(
        table(["#N/A" if k == 9 else v for k, v in enumerate(VALUES)], PLACE % 7, header="a,b"),
        "1 gap",
        values=gaps(9),
        dates=ROWS,
        step="row",
        more={"column": "a"},
    ),
    "gaps without dates": good(
        table(EMPTY_AT_5_AND_6, EMPTY_AT_5_AND_6, header="a,b"),
        "2 gaps",
        values=gaps(5, 6),
        dates=ROWS,
        step="row",
        more={"column": 1},
    ),
    "empty lines of a spreadsheet": good(
        ",\n" + "".join(LINES[:9]) + ",\n,\n" + "".join(LINES[9:]) + ",\n,\n"
    ),
    "gaps at both ends": good(
        table(DAYS, np.where((PLACE < 3) | (PLACE > 69), "", VALUES.astype(str))),
        "67 steps",
        values=VALUES[3:70],
        dates=DAYS[3:70],
    ),
    "double dates": good(
        PLAIN + f"{DAYS[0]},{VALUES[0] + 1}\n",
        "1 line repeats a date: the mean",
        values=VALUES + 0.5 * (PLACE == 0),
    ),
    "a constant stretch": good(
        table(DAYS, np.where(PLACE < 30, 1.5, VALUES)),
        "one value stands for 30 steps",
        values=np.where(PLACE < 30, 1.5, VALUES),
    ),
    "byte-order mark": good(PLAIN.encode("utf-8-sig"), more={"dates": "date"}),
    "UTF-16": good(PLAIN.encode("utf-16"), "UTF-16"),
    "Latin-1": good(
        PLAIN.replace("value", "Höhe").encode("latin-1"), "Latin-1", more={"column": "Höhe"}
    ),
    "quotes": good(QUOTED),
    "comments": good("# from a mill\n" + PLAIN + "% end\n", "2 lines of comment"),
    "sep": good("sep=;\n" + PLAIN.replace(",", ";")),
    "preamble": good("Mill at the weir\n\nDaily means, m\n" + PLAIN, "first 2 lines passed"),
    "preamble of a spreadsheet": good("Mill at the weir,\n,\n" + PLAIN, "passed over"),
    "trailing delimiters": good(PLAIN.replace("\n", ";\n").replace(",", ";")),
    "trailing delimiters but in the header": good(
        LINES[0] + "".join(LINES[1:]).replace("\n", ",\n")
    ),
    "CRLF": good(PLAIN.replace("\n", "\r\n")),
    "CR": good(PLAIN.replace("\n", "\r")),
    "blank lines": good(PLAIN.replace("\n", "\n \n"), "72 blank lines passed over"),
    "no last end of line": good(PLAIN[:-1]),
    "one zone": good(
        table([f"{hour}:00:00+02:00" for hour in HOURS], VALUES),
        "UTC",
        dates=HOURS - 2,
        step="hour",
    ),
    "days of a zone with summer time": good(table(PARIS, VALUES), dates=DAYS + 60),
    "working days": good(
        table(WORKDAYS, VALUES), "each a working day", dates=WORKDAYS, step="working day"
    ),
    "half hours, from a quarter past": good(
        table(np.datetime64("2024-01-01T00:15") + 30 * PLACE, VALUES),
        "each 30 minutes",
        dates=np.datetime64("2024-01-01T00:15") + 30 * PLACE,
        step="30 minutes",
    ),
    "hours, from half past": good(
        table(np.datetime64("2024-01-01T00:30") + 60 * PLACE, VALUES),
        "each an hour",
        dates=np.datetime64("2024-01-01T00:30") + 60 * PLACE,
        step="hour",
    ),
    "milliseconds": good(
        table(np.datetime64("2024-01-01T00:00:00.000") + 40 * PLACE, VALUES),
        dates=np.datetime64("2024-01-01T00:00:00.000000") + 40000 * PLACE,
        step="40000 microseconds",
    ),
    "weeks": good(table(DAYS[0] + 7 * PLACE, VALUES), dates=DAYS[0] + 7 * PLACE, step="week"),
    "ends of months": good(
        table((MONTHS + 1).astype("datetime64[D]") - 1, VALUES), dates=MONTHS, step="month"
    ),
    "seconds since 1970": good(
        table(HOURS.astype("datetime64[s]").astype(int), VALUES, header="time,v"),
        dates=HOURS,
        step="hour",
    ),
    "years with decimals": good(table(DECIMAL_YEARS, VALUES), dates=MONTHS, step="month"),
    "thirty days": good(
        table(DAYS[0] + 30 * PLACE, VALUES), dates=DAYS[0] + 30 * PLACE, step="30 days"
    ),
    "every fourth year": good(
        table(1700 + 4 * PLACE, VALUES, header="year,v"),
        dates=np.datetime64("1700") + 4 * PLACE,
        step="4 years",
    ),
    "jitter": good(
        table([str(HOURS[k].astype("datetime64[s]") + k * 7 % 11) for k in PLACE], VALUES),
        dates=HOURS,
        step="hour",
    ),
    "uneven": good(
        table(HOURS.astype("datetime64[m]") + np.where(PLACE == 9, 20, 0), VALUES),
        "uneven dates: one value an hour; (1 date moved)",
        dates=HOURS,
        step="hour",
    ),
    "uneven, two in one step": good(
        table(
            [*HOURS.astype("datetime64[m]"), HOURS[5].astype("datetime64[m]") + 20],
            [*VALUES, VALUES[5] + 1],
        ),
        "uneven dates; mean",
        values=VALUES + 0.5 * (PLACE == 5),
        dates=HOURS,
        step="hour",
    ),
    "dates in no known spelling": good(
        table([f"le {k}e jour" for k in PLACE], VALUES),
        "no dates; 'le 0e jour'",
        dates=ROWS,
        step="row",
    ),
}
SPELLINGS = {
    "%Y/%m/%d": DAYS,
    "%Y%m%d": DAYS,
    "%d.%m.%Y": DAYS,
    "%d/%m/%y": DAYS,
    "%m/%d/%Y": DAYS,
    "%-m/%-d/%y": DAYS,
    "%d %b %Y": DAYS,
    "%d-%B-%y": DAYS,
    "%B %d, %Y": DAYS,
    "%b-%d-%Y": DAYS,
    "%Y-%m-%dT%H:%M:%SZ": HOURS,
    "%Y-%m-%d %H:%M:%S.000": HOURS,
    "%d.%m.%Y %H:%M": HOURS,
    "%m/%d/%Y %I:%M %p": HOURS,
    "%m/%d/%Y, %I:%M:%S %p": HOURS,
    "%Y-%m": MONTHS,
    "%Y%m": MONTHS,
    "%YM%m": MONTHS,
    "%m/%Y": MONTHS,
    "%b %Y": MONTHS,
    "%b-%y": MONTHS,
    "%Y %B": MONTHS,
    "%d/%m/%Y": MONTHS,
    "%m/%d/%y": MONTHS,
    "%d %B %Y": MONTHS,
    "%G-W%V": DAYS[3] + 7 * PLACE,
    "%G-W%V-%u": DAYS[3] + 7 * PLACE,
    "%Y": np.datetime64("1900") + PLACE,
}


def read(text: str | bytes, folder: Path, **settings) -> Series:
    """By way of a file, which must stay as it is; a warning fails the test."""
    file = folder / "series.csv"
    raw = text if isinstance(text, bytes) else text.encode()
    file.write_bytes(raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return read_series(file, **settings)
    finally:
        assert file.read_bytes() == raw


def check(series: Series, values, dates, step: str) -> None:
    np.testing.assert_array_equal(series.values, values)
    np.testing.assert_array_equal(series.dates, dates)
    assert (series.step, series.values.dtype) == (step, np.float64)


@pytest.mark.parametrize("name", GOOD)
def test_files_as_people_have_them(name: str, tmp_path) -> None:
    text, words, values, dates, step, more = GOOD[name]
    series = read(text, tmp_path, **more)
    check(series, values, dates, step)
    for word in words:
        assert word in "; ".join(series.notes), series.notes


def test_an_open_file_is_read_too() -> None:
    check(read_series(io.StringIO("\ufeff" + PLAIN), "value", "date"), VALUES, DAYS, "day")


@pytest.mark.parametrize("form", SPELLINGS)
def test_spellings_of_dates(form: str, tmp_path) -> None:
    dates = SPELLINGS[form]
    for way in (1, -1):
        text = table(spelt(dates, form)[::way], VALUES[::way], header="x;value", between=";")
        series = read(text, tmp_path, dates=1)
        check(series, VALUES, dates, series.step)


def spoilt(line: int, cell: str, old: str = r",.*") -> str:
    """The plain file with another cell in one line."""
    lines = PLAIN.splitlines()
    lines[line - 1] = re.sub(old, cell, lines[line - 1], count=1)
    return "\n".join(lines)


THREE = table(DAYS, VALUES, PLACE, header="date,level,flow")
GERMAN = dated(DAYS, "%d.%m.%Y").replace(".", ",").replace(",2019", ".2019")
TWICE = [*DAYS, *DAYS]


def bad(text, words, more=None) -> tuple:
    """The text, or None, what else `read_series` is told, and what it must say."""
    return text, more or {}, words


BAD = {
    "empty": bad("", "the file is empty; allowed: "),
    "blank": bad("\n \n;;\n", "the file is empty; allowed: "),
    "header alone": bad("date,value\n", "no line holds a number or a date; allowed: "),
    "prose": bad("It was a dark night.\n" * 80, "no line holds a number or a date; allowed: "),
    "text": bad(spoilt(8, ",high"), "line 8, column 'value' holds 'high'; allowed: a number"),
    "text after comments and blank lines": bad(
        "# x\n\n" + spoilt(8, ",high"), "line 10, column 'value' holds 'high'; allowed: a number"
    ),
    "two decimal signs": bad(
        table(DAYS, ["1.5", *commas(VALUES[1:])], between=";"),
        "line 2, column 'value' holds '1.5'; allowed: a number (with a decimal comma",
    ),
    "infinity": bad(spoilt(9, ",inf"), "line 9, column 'value' holds 'inf'; allowed: a number"),
    "too large": bad(
        spoilt(9, ",1e300"), "line 9, column 'value' holds '1e300'; allowed: a number"
    ),
    "beyond float": bad(spoilt(9, ",-1e999"), "line 9, column 'value' holds '-1e999'; allowed"),
    "unit": bad(spoilt(9, ",5 m"), "line 9, column 'value' holds '5 m'; allowed: a number"),
    "no such day": bad(
        spoilt(20, "2020-02-30", "^[^,]*"),
        "line 20, column 'date' holds '2020-02-30'; allowed: a date (year-month-day), as in most",
    ),
    "no date": bad(spoilt(20, "", "^[^,]*"), "line 20, column 'date' holds ''; allowed: a date"),
    "no such day, and the day first": bad(
        dated(DAYS, "%d.%m.%Y").replace("03.01.2020", "32.01.2020"),
        "line 16, column 'date' holds '32.01.2020'; allowed: a date (day, month, year)",
    ),
    "no dates in that column": bad(
        THREE,
        "dates: line 2, column 'flow' holds '0'; allowed: dates, all written",
        more={"dates": "flow"},
    ),
    "no month": bad(
        table(
            1990 + PLACE // 12,
            [13 if k == 40 else k % 12 + 1 for k in PLACE],
            VALUES,
            header="year,month,v",
        ),
        "line 42, column 'year' and 'month' holds '1993' and '13'; allowed: a date (year and mon",
    ),
    "too many cells": bad(spoilt(30, ",1,5"), "line 30 has 3 cells; allowed: 2, as in most lines"),
    "too few cells": bad(
        spoilt(30, ""), "line 30 has 1 cell; allowed: 2, as in most lines, parted by c"
    ),
    "too many names": bad(
        table(DAYS, VALUES, header="place,date,value"), "line 1 has 3 cells; allowed: 2, as in"
    ),
    "too many cells in the first line": bad(spoilt(2, ",1,5"), "line 2 has 3 cells; allowed: 2"),
    "no such column": bad(
        THREE,
        "column is 'flaw', which is not there; allowed: 'date', 'level', 'flow' (did you",
        more={"column": "flaw"},
    ),
    "no such number": bad(THREE, "column is 4; allowed: 1 to 3, or a name", more={"column": 4}),
    "column 0": bad(THREE, "column is 0; allowed: 1 to 3, or a name", more={"column": 0}),
    "column of a wrong type": bad(
        THREE, "column is a list, which is not there; allowed", more={"column": [1]}
    ),
    "column True": bad(
        THREE, "column is True, which is not there; allowed: 'date'", more={"column": True}
    ),
    "dates of a wrong type": bad(
        THREE, "dates is 1.5, which is not there; allowed: 'd", more={"dates": 1.5}
    ),
    "column and dates one": bad(
        PLAIN,
        "column and dates are both 'date'; allowed: two columns",
        more={"column": "date", "dates": 1},
    ),
    "column of dates": bad(
        PLAIN, "line 2, column 'date' holds '2019-12-20'; allowed: a n", more={"column": "date"}
    ),
    "several columns": bad(
        THREE, "column is None, but several columns hold numbers; allowed: 'level', 'flow'"
    ),
    "no numbers": bad(
        table(DAYS, ["wet", "dry"] * 36),
        "no numbers, but for dates, in 'date', 'value'; allowed: a column",
    ),
    "dates alone": bad(
        table(DAYS, header="date"), "no numbers, but for dates, in 'date'; allowed: a column"
    ),
    "few values": bad(
        table(DAYS[:59], VALUES[:59]), "the number of values is 59; allowed: at least 60"
    ),
    "few beside gaps": bad(
        table(DAYS, np.where(PLACE % 3 == 1, "", VALUES.astype(str))),
        "the number of values is 48; allowed",
    ),
    "all equal": bad(table(DAYS, PLACE * 0 + 7), "all values are 7; allowed: values that differ"),
    "only gaps": bad(
        table(DAYS, ["NA"] * N),
        "column 'value' holds only gaps; allowed: numbers",
        more={"column": 2},
    ),
    "one date": bad(
        table([DAYS[0]] * N, VALUES),
        "all lines with values have one date, 2019-12-20; allowed: one line a date",
    ),
    "two series below each other": bad(
        table(TWICE, [*VALUES, *VALUES]), "of 144 lines 72 repeat a date; allowed: one line a date"
    ),
    "uneven": bad(
        table(HOURS[0] + np.cumsum(np.where(PLACE % 3, 1, 10)), VALUES),
        "dates mostly an hour apart leave 207 of 279 steps without a value (the widest hole: 2024-",
    ),
    "a day far off": bad(
        table(["1019-12-20", *DAYS[1:]], VALUES),
        "dates mostly a day apart leave 365243 of 365315 steps without a value (the wid",
    ),
    "spreadsheet": bad(
        b"PK\x03\x04 and so on", "series.csv is a spreadsheet or archive; allowed: text"
    ),
    "old spreadsheet": bad(b"\xd0\xcf\x11\xe0 and so on", "series.csv is a spreadsheet or archive"),
    "binary": bad(
        bytes(range(256)) * 9, "series.csv holds zero bytes, so it is no text; allowed: "
    ),
    "binary without zeros": bad(bytes(range(1, 256)) * 9, ""),
    "no file": bad(
        None,
        "'nosuch.csv', which is not there; allowed: a file ('series.csv')",
        more={"file": "nosuch.csv"},
    ),
    "a folder": bad(
        None, "which is a folder; allowed: a file in it ('series.csv')", more={"file": "."}
    ),
    "file None": bad(
        None, "file is None; allowed: a path, or a file opened as text", more={"file": None}
    ),
    "file of a wrong type": bad(
        None, "file is of type list; allowed: a path", more={"file": [1, 2]}
    ),
    "file of bytes": bad(
        None, "file is of type BytesIO; allowed: a path", more={"file": io.BytesIO(b"1,2")}
    ),
    "text for a path": bad(None, "; allowed: a", more={"file": PLAIN}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_refused(name: str, tmp_path, monkeypatch) -> None:
    text, settings, words = BAD[name]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unusable) as error:
        if text is None:
            Path("series.csv").write_text(PLAIN, encoding="utf-8")
            read_series(**settings)
        read(text, tmp_path, **settings)
    assert words in str(error.value) and "; allowed: " in str(error.value)
    assert len(str(error.value)) < 400
    assert error.value._render_traceback_() == [f"Not usable: {error.value}"]


def test_sixty_values_are_enough_and_fewer_are_not(tmp_path) -> None:
    text = table(DAYS[:FEWEST], VALUES[:FEWEST])
    assert len(read(text, tmp_path).values) == FEWEST == 60
    with pytest.raises(Unusable, match="the number of values is 59"):
        read(without(text, FEWEST + 1), tmp_path)


def test_a_year_of_two_digits_is_from_1970_to_2069(tmp_path) -> None:
    for first in ("1970-01-01", "2069-01-01"):
        dates = np.datetime64(first) + PLACE
        check(read(dated(dates, "%d.%m.%y"), tmp_path), VALUES, dates, "day")


def test_a_forecast_begins_after_the_last_date(tmp_path) -> None:
    for dates in (DAYS, HOURS, MONTHS, WORKDAYS):
        series = read(table(dates[:-3], VALUES[:-3]), tmp_path)
        np.testing.assert_array_equal(series.dates_after(3), dates[-3:])


# ==== There and back: a random series in a random dialect

FORMS = {
    "m": ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M:%SZ"],
    "D": ["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%-d/%-m/%y", "%d %b %Y", "%B %d, %Y"],
    "M": ["%Y-%m", "%Y%m", "%b %Y", "%m/%Y", "%Y-%m-%d", "%d.%m.%y", "%m/%d/%Y"],
    "Y": ["%Y", "%Y-%m-%d", "%d/%m/%Y"],
}
FORMS["h"] = FORMS["m"]
STEPS = {
    "minute": ("m", 1), "15 minutes": ("m", 15), "hour": ("h", 1), "6 hours": ("h", 6),
    "day": ("D", 1), "3 days": ("D", 3), "week": ("D", 7), "working day": ("D", 1),
    "month": ("M", 1), "quarter": ("M", 3), "year": ("Y", 1),
}  # fmt: skip


@st.composite
def dialects(draw):
    """A file's bytes, what else to say to `read_series`, and what it should find."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, step = draw(st.integers(66, 200)), draw(st.sampled_from([*STEPS, "row"]))
    between = draw(st.sampled_from(",;\t| "))
    comma = draw(st.booleans())
    digits = draw(st.sampled_from([None, 0, 1, 2, 3]))
    raw = (
        rng.standard_normal(n).cumsum() * 10.0 ** draw(st.integers(-6, 12))
        if digits is None
        else (1e4 * rng.standard_normal(n))
    )
    form = (
        "{!r}"
        if digits is None
        else f"{{:{',' * draw(st.booleans()) if digits in (1, 2) else ''}.{digits}f}}"
    )
    texts = [form.format(value) for value in raw.tolist()]
    values = np.array([float(text.replace(",", "")) for text in texts])
    if comma and not (between == "," and digits == 3):  # there 1,234 is 1234
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    lost = np.zeros(n, bool)
    lost[rng.choice(np.arange(1, n - 1), draw(st.integers(0, 6)), replace=False)] = True
    values[lost] = np.nan
    texts = [
        draw(st.sampled_from(["NA", "-", "NA" if between == " " else ""])) if gone else text
        for text, gone in zip(texts, lost, strict=True)
    ]
    columns = {"value": texts}
    dates, more = np.arange(1, n + 1), {}
    if step != "row":
        unit, count = STEPS[step]
        start = np.datetime64("1975-01-01", "m") + draw(st.integers(0, 30 * 365)) * 1440
        dates = start.astype(f"M8[{unit}]") + count * np.arange(n)
        if unit == "h" and draw(st.booleans()):
            dates = dates.astype("M8[m]") + 30
        if step == "working day":
            dates = np.busday_offset(dates[0], np.arange(n), roll="forward")
        form = draw(st.sampled_from(FORMS[unit]))
        written = dates
        if unit == "M":  # any day of the month may stand for it
            written = dates.astype("M8[D]") + draw(st.sampled_from([0, 4, 14, 27]))
        columns["when"] = spelt(written, form)
        more = {"dates": "when"} if draw(st.booleans()) or form in ("%Y", "%Y%m", "%Y%m%d") else {}
    order = np.arange(n)
    if step != "row":
        order = draw(st.sampled_from([order, order[::-1], rng.permutation(n)]))
        if draw(st.booleans()):
            order = order[~lost[order]]  # gaps as missing lines
    if draw(st.booleans()):
        columns["sky"] = rng.choice(["süß", "a, b; c", 'the "blue"', "x"], n).tolist()
    if draw(st.booleans()):
        columns["other"] = rng.integers(10, size=n).tolist()
    names = draw(st.permutations(list(columns)))
    rows = [[columns[name][k] for name in names] for k in order]
    file = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    writer = csv.writer(file, delimiter=between, quoting=quoting, lineterminator=end)
    header = draw(st.booleans()) or len(names) == 1  # 1,5 alone may be two columns
    writer.writerows([names, *rows] if header else rows)
    more["column"] = "value"
    if not header:
        more = {key: names.index(name) + 1 for key, name in more.items()}
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return file.getvalue().encode(encoding), more, values, dates, step


@pytest.mark.slow
@given(dialects())
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_there_and_back(case) -> None:
    text, more, values, dates, step = case
    with tempfile.TemporaryDirectory() as folder:
        check(read(text, Path(folder), **more), values, dates, step)


# ==== Damage


def damaged(raw: bytes, rng: np.random.Generator) -> bytes:
    """One or two kinds of harm, as a slip of the hand or of a program does it."""
    for _ in range(rng.integers(1, 3)):
        lines = raw.split(b"\n")
        at, to = np.sort(rng.integers(len(raw) + 1, size=2))
        a, b = rng.integers(len(lines), size=2)
        kind = rng.integers(8)
        if kind == 0:  # bytes flipped
            cells = bytearray(raw)
            for k in rng.integers(len(raw), size=rng.integers(1, 9)) if raw else ():
                cells[k] = rng.integers(256)
            raw = bytes(cells)
        elif kind == 1:
            raw = raw[:to] if rng.random() < 0.3 else raw[:at] + raw[min(at + 30, to) :]
        elif kind == 2:
            raw = b"\n".join(lines[k] for k in rng.permutation(len(lines)))
        elif kind == 3:
            raw = b"\n".join(lines[: max(a, b)] + lines[min(a, b) :])
        elif kind == 4:  # cells swapped
            one, two = re.split(rb"([,;\t ])", lines[a]), re.split(rb"([,;\t ])", lines[b])
            one[-1], two[0] = two[0], one[-1]
            lines[a], lines[b] = b"".join(one), b"".join(two)
            raw = b"\n".join(lines)
        else:
            pieces = [
                b'"',
                b"'",
                b",",
                b";",
                b"\t",
                b" ",
                b"\n",
                b"\r",
                b"-",
                b".",
                b"9",
                b"e9",
                b"#",
            ]
            piece = pieces[rng.integers(len(pieces))] * rng.integers(1, 4)
            raw = raw[:at] + piece + raw[at:]
    return raw


@pytest.mark.slow
def test_damaged_files_are_read_or_refused(tmp_path) -> None:
    rng = np.random.default_rng(0)
    whole = [
        (text if isinstance(text, bytes) else text.encode(), more)
        for text, *_, more in GOOD.values()
    ]
    outcomes = Counter()
    for k in range(1000):
        raw, more = whole[k % len(whole)]
        try:
            series = read(damaged(raw, rng), tmp_path, **more)
        except Unusable as error:
            assert "; allowed: " in str(error)
            outcomes["refused"] += 1
            continue
        assert np.isfinite(series.values[[0, -1]]).all() and not np.isinf(series.values).any()
        assert np.isfinite(series.values).sum() >= FEWEST
        assert len(series.dates) == len(series.values)
        assert (np.diff(series.dates).astype(int) > 0).all()
        assert (np.diff(series.dates_after(3)).astype(int) > 0).all()
        outcomes["read"] += 1
    assert min(outcomes.values()) > 100, outcomes
