"""The check before class: each fault is seen, and the browser's answers are counted."""

from __future__ import annotations

import io
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image

import preflight
from build import NOTEBOOKS
from kernel import PATH, Kernel
from lab import chromium, jupyterlab, notebook_of, opened, run_all

SHOW = (
    PATH
    + """from ipywidgets import HTML, Text, Widget
from preflight import *
made = []
Widget.on_widget_constructed(made.append)
preflight()
text, *_ = (widget for widget in made if isinstance(widget, HTML))
(field,) = (widget for widget in made if isinstance(widget, Text))
print(field.model_id)"""
)


def faults(findings: list[preflight.Finding]) -> list[str]:
    return [finding.what for finding in findings if finding.remedy]


def test_this_python_has_what_the_lessons_need() -> None:
    assert faults(preflight.check_versions()) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("numpy<1", version("numpy")),
        ("torch>=99", version("torch")),
        ("nowhere-to-be-had>=1", "not installed"),
    ],
)
def test_a_version_that_does_not_fit_is_seen(tmp_path: Path, line: str, found: str) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(f"matplotlib>=3\n{line}\n")
    findings = preflight.check_versions(file)
    assert faults(findings) == [findings[-1].what]
    assert findings[-1].found.startswith(found)
    assert "requirements.txt" in findings[-1].remedy


def test_a_line_that_is_no_requirement_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("numpy>=1.26\nnumpy\n")
    with pytest.raises(ValueError, match="requirements has 'numpy'; allowed: a name and a range"):
        preflight.check_versions(file)


def test_little_memory_slow_steps_and_late_pictures_are_faults() -> None:
    assert preflight.free_memory() > 0
    assert faults([preflight.check_memory(0.9), preflight.check_memory(1.1)]) == ["memory"]
    slow = preflight.STEP * (preflight.SLOW + 1)
    assert faults([preflight.check_speed(slow), preflight.check_speed(preflight.STEP)]) == [
        "a training step"
    ]
    late, soon = [preflight.LATE + 1.0] * 9, [1.0, 1.0, 3 * preflight.LATE]
    assert faults([preflight.check_browser(late), preflight.check_browser(soon)]) == ["browser"]


def test_a_slow_machine_is_told_how_long_a_lesson_takes() -> None:
    found = preflight.check_speed(3 * preflight.STEP).found
    assert f"about {round(3 * preflight.LESSON_05 / 60)} min" in found


def test_the_verdict_names_what_to_look_at() -> None:
    good, bad = preflight.Finding("a", "1"), preflight.Finding("b", "2", "mend it")
    assert preflight.verdict([good]) == "Verdict: ready."
    assert preflight.verdict([good], waiting=True) == "Verdict: wait for the browser."
    assert preflight.verdict([good, bad], waiting=True) == "Verdict: not yet. Look at: b."
    assert preflight.lines([good, bad]) == ["a: 1", "b: 2. To do: mend it"]


def test_pictures_differ_in_width_and_are_large() -> None:
    pictures = [preflight.picture(number) for number in range(preflight.PICTURES + 1)]
    widths = [Image.open(io.BytesIO(data), formats=["PNG"]).width for data in pictures]
    assert widths == [360 + number for number in range(preflight.PICTURES + 1)]
    assert min(map(len, pictures)) > 95_000


@pytest.mark.slow
def test_the_command_ends_with_a_verdict() -> None:
    command = [sys.executable, str(NOTEBOOKS / "preflight.py")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stderr == ""
    last = run.stdout.splitlines()[-2]
    assert last.startswith("Verdict: ")
    assert run.returncode == (last != "Verdict: ready.")


@pytest.mark.slow
def test_the_verdict_waits_for_all_pictures() -> None:
    kernel = Kernel()
    try:
        field = kernel.run(SHOW)
        for number in range(preflight.PICTURES):
            kernel.move(field, {"value": str(360 + number)})
            assert preflight.SILENT in kernel.run("print(text.value)"), number
        kernel.move(field, {"value": str(360 + preflight.PICTURES)})
        said = kernel.run("print(text.value)")
        assert f"browser: {preflight.PICTURES} pictures came" in said
    finally:
        kernel.close()


@pytest.mark.slow
@pytest.mark.browser
def test_in_a_browser_with_and_without_scripts(tmp_path: Path) -> None:
    source = 'import sys; sys.path[:0] = ["notebooks"]\nimport preflight\n'
    # A machine that computes something else, as in a test, is no fault here.
    source += "preflight.SLOW = preflight.LATE = 1e9\n"
    text = "document.querySelector('.lstm-preflight')?.innerText"
    with chromium() as browser, jupyterlab(tmp_path) as lab:
        for cut in ("", "preflight.SCRIPT = ''\n"):
            notebook = notebook_of(lab, f"{source}{cut}preflight.preflight()")
            with opened(browser, notebook) as (page, errors):
                assert run_all(page) == []
                end = "Verdict: wait for the browser." if cut else "Verdict: ready."
                page.wait_for_function(f"end => {text}?.includes(end)", arg=end, timeout=60_000)
                if cut:
                    page.wait_for_timeout(2000)
                said = page.locator(".lstm-preflight").inner_text()
                assert (preflight.SILENT in said, end in said) == (bool(cut), True)
                assert errors == []
