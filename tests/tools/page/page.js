// Search, and pictures that follow sliders. No page loads anything but files beside it; they come
// by script tags, since a browser fetches nothing for a page that was opened from a disk.
"use strict";
const root = document.currentScript.dataset.root;
const asked = {};

function load(file) {
  asked[file] ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = root + file;
    script.onload = done;
    script.onerror = () => failed(new Error(`${file} was not found`));
    document.head.append(script);
  });
  return asked[file];
}

// ---- films (films.py says what is in one)

const films = {};
window.film = (name, key, found) => { films[name] = found; };
const picture = text => `data:image/webp;base64,${text}`;

// A frame over the picture below, at their own size: scaled each by itself, edges would show.
async function drawn(film, number) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = film.size;
  for (const text of [film.below, film.frames[number]]) {
    const image = new Image();
    image.src = picture(text);
    await image.decode();
    canvas.getContext("2d").drawImage(image, 0, 0);
  }
  return canvas.toDataURL();
}

function play(box) {
  const sliders = [...box.querySelectorAll("input[type=range]")];
  const outputs = [...box.querySelectorAll("output")];
  const shown = box.querySelector("img");
  const alt = shown.alt;
  const menu = box.querySelector("select");

  async function show(moved) {
    const file = menu ? menu.value : box.dataset.film;
    await load(file);
    const film = films[file.replace(/^films\/|\.js$/g, "")][box.dataset.name];
    if (!film.grid && moved !== undefined) {
      sliders.forEach((slider, k) => { if (k !== moved) slider.value = film.controls[k].start; });
    }
    const places = sliders.map(slider => Number(slider.value));
    const texts = film.controls.map((control, k) => control.texts[places[k]]);
    texts.forEach((text, k) => {
      outputs[k].textContent = text;
      sliders[k].setAttribute("aria-valuetext", text);
    });
    const number = film.grid
      ? film.at[places.reduce((sum, k, n) => sum * film.controls[n].texts.length + k, 0)]
      : film.at[moved ?? 0][places[moved ?? 0]];
    const now = film.controls.map((control, k) => `${control.label} ${texts[k]}`).join(", ");
    shown.alt = `${alt} Now: ${menu ? `${menu.selectedOptions[0].text}, ` : ""}${now}.`;
    if (menu) {
      const atEnd = places[0] === film.controls[0].texts.length - 1;
      box.querySelector(".line").value = film.line;
      box.querySelector(".words").textContent = atEnd ? film.words : "";
    }
    const turn = box.turn = (box.turn ?? 0) + 1;
    const together = await drawn(film, number);
    if (turn === box.turn) shown.src = together; // else another position has been asked for
  }

  sliders.forEach((slider, k) => slider.addEventListener("input", () => show(k)));
  menu?.addEventListener("change", () => show());
  box.querySelector(".line")?.addEventListener("focus", event => event.target.select());
  box.querySelector(".sliders").hidden = false;
  // A little before it comes into sight
  new IntersectionObserver((seen, watch) => {
    if (!seen.some(entry => entry.isIntersecting)) return;
    watch.disconnect();
    menu ? show() : load(box.dataset.film);
  }, { rootMargin: "600px" }).observe(box);
}

// ---- search

window.searchable = pages => {
  window.sections = pages.flatMap(([page, title, parts]) => parts.map(([anchor, heading, text]) => ({
    page, title, anchor, heading, text, low: `${heading} ${text}`.toLowerCase(),
  })));
};

function found(query) {
  const words = query.replaceAll("\u2212", "-").toLowerCase().split(/\s+/).filter(Boolean);
  const score = section => words.reduce((sum, word) => {
    const inHeading = section.heading.toLowerCase().includes(word);
    return sum + 20 * inHeading + Math.min(5, section.low.split(word).length - 1);
  }, 0);
  return window.sections.filter(section => words.every(word => section.low.includes(word)))
    .map(section => [score(section), section]).sort((a, b) => b[0] - a[0]).map(pair => pair[1]);
}

function around(section, word) {
  const at = section.text.toLowerCase().indexOf(word);
  const from = Math.max(0, section.text.lastIndexOf(" ", Math.max(0, at - 60)));
  return `${from ? "... " : ""}${section.text.slice(from, from + 180).trim()} ...`;
}

function search(box) {
  const field = box.querySelector("input");
  const results = box.querySelector(".results");
  const [status, list] = [results.querySelector("p"), results.querySelector("ol")];

  async function look() {
    const query = field.value.trim();
    results.hidden = query.length < 2;
    list.replaceChildren();
    if (results.hidden) return;
    await load("search.js");
    const all = found(query);
    status.textContent = `${all.length} section${all.length === 1 ? "" : "s"} with ${query}`
      + (all.length > 20 ? ", the first 20 of them:" : "");
    list.replaceChildren(...all.slice(0, 20).map(section => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `${root}${section.page}#${encodeURIComponent(section.anchor)}`;
      link.textContent = section.heading === section.title
        ? section.title : `${section.title}: ${section.heading}`;
      const text = document.createElement("p");
      text.textContent = around(section, query.toLowerCase().split(/\s+/)[0]);
      item.append(link, text);
      return item;
    }));
  }

  field.addEventListener("focus", () => load("search.js"));
  field.addEventListener("input", look);
  box.addEventListener("submit", event => {
    event.preventDefault();
    list.querySelector("a")?.focus();
  });
  box.addEventListener("keydown", event => {
    if (event.key === "Escape") { field.value = ""; results.hidden = true; field.focus(); }
  });
  box.hidden = false;
}

// ---- a page

// What scrolls sideways must be reached without a mouse, and be seen to.
const wide = "pre, .wide, figure, math[display=block]";
function reach() {
  for (const box of document.querySelectorAll(wide)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
    fade(box);
  }
}
function fade(box) {
  box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 4);
}
document.addEventListener("scroll", event => {
  if (event.target.matches?.(wide)) fade(event.target);
}, true);

document.querySelectorAll(".film").forEach(play);
document.querySelectorAll(".search").forEach(search);
document.addEventListener("click", event => {
  const menu = document.querySelector(".menu[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", event => {
  const menu = document.querySelector(".menu[open]");
  if (menu && event.key === "Escape") { menu.open = false; menu.firstElementChild.focus(); }
});
if (matchMedia("(max-width: 68rem)").matches) document.querySelector(".toc details")?.removeAttribute("open");
// A link into a folded part opens it
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  target?.closest("details")?.setAttribute("open", "");
}
addEventListener("hashchange", unfold);
addEventListener("resize", reach);
addEventListener("load", reach); // the pictures have their sizes now
unfold();
reach();
