"""Names, focus and news for who hears the widgets, or moves them by keyboard.

ipywidgets puts no name on a slider's handle, no text on a picture, and no live region anywhere, and
has no trait for them; the front end's page must be told. So a hidden widget brings a style and a
script. The script is started by its element's animation: an inline <script> would not run when
ipywidgets sets it as innerHTML, and an <img onerror> would run before the box is on the page. An
animation starts when the element is there to be seen, in JupyterLab, Notebook 7 and Voila, and
again when the box is put up again. Where scripts are forbidden nothing happens, and the widgets
are as ipywidgets makes them. What it writes it reads from the page, and writes as text.
"""

from __future__ import annotations

import html

import ipywidgets as widgets

# Outlines of 3 to 1 on the pages and on the controls, in both themes. A hidden element is read out.
STYLE = """
.lstm-accessible { --lstm-focus: #1464c0; --lstm-live: #00704f; --lstm-quiet: #5f5f5f }
[data-jp-theme-light="false"] .lstm-accessible {
  --lstm-focus: #7cb8ff; --lstm-live: #45c79b; --lstm-quiet: #b0b0b0 }
.lstm-accessible :is(.noUi-handle, button, select, input, [contenteditable]):focus-visible {
  outline: 2px solid var(--lstm-focus) !important; outline-offset: 1px }
.lstm-accessible .lstm-hidden { position: absolute; width: 1px; min-width: 0; height: 1px;
  margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.lstm-accessible .noUi-handle { border-color: var(--lstm-quiet) }
.lstm-accessible .widget-label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.lstm-accessible .widget-radio-box label { height: auto; line-height: 1.5; white-space: normal }
.lstm-quiz .widget-html-content { line-height: 1.5 }
.lstm-start { animation: lstm-start 1ms } @keyframes lstm-start { to { opacity: 0 } }
"""
SCRIPT = """
const box = this.closest('.lstm-accessible');
const all = (what, act, within = box) => within.querySelectorAll(what).forEach(act);
const set = (e, name, text) => text && e.getAttribute(name) !== text && e.setAttribute(name, text);
const words = e => e ? e.textContent.trim() : '';
const tell = () => {
  const said = [];
  all('.widget-slider', slider => {
    const label = slider.querySelector('.widget-label'), name = words(label);
    const readout = slider.querySelector('.widget-readout'), value = words(readout);
    said.push(name + ' ' + value);
    all('.noUi-handle', handle => {
      set(handle, 'aria-label', name);
      set(handle, 'aria-valuetext', value);
      set(handle, 'aria-disabled', String(!!slider.querySelector('[disabled]')));
      label.title !== name && set(handle, 'aria-description', label.title);
    }, slider);
    if (slider.matches('.lstm-choice')) set(readout, 'contenteditable', 'false');
    else { set(readout, 'role', 'textbox'); set(readout, 'aria-label', name + ', typed'); }
  });
  all('select, input', e => words(e.labels && e.labels[0]) || set(e, 'aria-label', e.title));
  all('.widget-radio-box', group => {
    set(group, 'role', 'radiogroup');
    set(group, 'aria-label', words(group.closest('.widget-vbox').querySelector('.lstm-asked')));
    // One name makes them one group: arrows choose in it, and Tab leaves it.
    group.dataset.name ??= 'lstm-' + Math.random();
    all('input', e => set(e, 'name', group.dataset.name), group);
  });
  all('.lstm-status', status => set(status, 'role', 'status'));
  const text = words(box.querySelector('.lstm-alt')) || 'Picture for ' + said.join(', ');
  all('img.widget-image', image => set(image, 'alt', text));
};
// Else the notebook's own keys act: b adds a cell, x cuts one, arrows leave a menu.
const keyed = '.lstm-accessible :is(.noUi-handle, select, button, a, pre, [type=radio])';
const mute = e => e.target.matches?.(keyed) &&
  e.target.toggleAttribute('data-lm-suppress-shortcuts',
    !(e.ctrlKey || e.metaKey || e.altKey || (e.shiftKey && e.key === 'Enter')));
window.lstmMute ??= (window.addEventListener('keydown', mute, true), true);
if (box && !box.lstmTold) {
  box.lstmTold = new MutationObserver(tell);
  box.lstmTold.observe(box, {subtree: true, childList: true, characterData: true,
    attributeFilter: ['aria-valuetext', 'contenteditable', 'disabled']});
  tell();
}
"""


def accessible(box: widgets.Box) -> widgets.HTML:
    """A hidden widget, to be put among the children of `box`, that makes `box` accessible.

    Within it sliders get names; a widget of the class ``lstm-status`` is read out when it changes;
    the text of one of the class ``lstm-alt`` (hidden, with ``lstm-hidden``) is the picture's;
    radio buttons are named by the widget of the class ``lstm-asked`` in their box;
    the readouts of sliders of the class ``lstm-choice`` cannot be typed into.
    """
    box.add_class("lstm-accessible")
    start = f"<i class='lstm-start' onanimationstart='{html.escape(SCRIPT)}'></i>"
    script = widgets.HTML(f"<style>{STYLE}</style>{start}").add_class("lstm-script")
    return script.add_class("lstm-hidden")
