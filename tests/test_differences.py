"""What may differ between two runs of a notebook: numbers behind the sign ≈, and pictures."""

from __future__ import annotations

import base64
import io

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from differences import apart, differences, first_wrong_text


def png(width: int, grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, 3), (grey, grey, grey)).save(buffer, "PNG")
    return buffer.getvalue()


def page(text: str, *pictures: bytes) -> NotebookNode:
    outputs = [new_output("stream", name="stdout", text=text)]
    for picture in pictures:
        data = {"image/png": base64.b64encode(picture).decode()}
        outputs.append(new_output("display_data", data=data))
    return new_notebook(cells=[new_code_cell("x", id="a", outputs=outputs)])


def test_a_number_behind_the_sign_may_differ_and_other_words_must_not() -> None:
    stored = page("one\nloss ≈0.123, 5 of 5\n")
    (found,) = differences(stored, page("one\nloss ≈0.124, 5 of 5\n"))
    assert (found.must, found.stored) == (False, "loss ≈0.123, 5 of 5")
    assert first_wrong_text(stored, page("one\nloss ≈0.124, 5 of 5\n")) is None
    wrong = first_wrong_text(stored, page("one\nloss ≈0.123, 4 of 5\n"))
    assert (wrong.must, wrong.fresh) == (True, "loss ≈0.123, 4 of 5")
    assert next(iter(differences(stored, page("one\n")))).must
    assert [*differences(stored, stored)] == []


def test_pictures_may_differ_but_not_their_number() -> None:
    stored = page("", png(2, 100))
    (found,) = differences(stored, page("", png(2, 110)))
    assert not found.must and "by 10.0 of 255" in str(found)
    (found,) = differences(stored, page(""))
    assert found.must
    assert apart(png(2, 100), png(4, 100)) == 255
