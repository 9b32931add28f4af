"""What the widgets that show markup are told to show."""

from __future__ import annotations

import ipywidgets as widgets

MARKUP = "<img/src='x'/onerror=document.title='PWNED'>"


def is_script(widget: widgets.DOMWidget) -> bool:
    return "lstm-script" in widget._dom_classes  # of `accessible`: the same in all, no text


def shown_texts(box: widgets.Box) -> list[str]:
    found = []
    for child in box.children:
        if isinstance(child, widgets.Box):
            found += shown_texts(child)
        elif isinstance(child, (widgets.HTML, widgets.HTMLMath)) and not is_script(child):
            found.append(child.value)
    return found
