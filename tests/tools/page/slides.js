// A deck: one slide at a time, with the keys of every projector's remote control.
"use strict";
const deck = document.body;
const slides = [...document.querySelectorAll(".slide")];
const place = document.querySelector(".place");
const lesson = document.querySelector(".lesson");
let now = 0;

// What does not fit gets smaller; what fills little of a slide, and is no picture, gets larger.
function fit(slide) {
  const content = slide.querySelector(".content");
  slide.classList.remove("short");
  content.style.setProperty("--fit", 1);
  const short = !slide.querySelector("figure") && content.scrollHeight < 300;
  slide.classList.toggle("short", short);
  for (let size = short ? 1.28 : 1; size > 0.5; size -= 0.04) {
    content.style.setProperty("--fit", size);
    const wide = [content, ...content.querySelectorAll("pre, .film, .wide, math[display=block]")]
      .filter(box => !box.closest("details:not([open])"))
      .some(box => box.scrollWidth > box.clientWidth + 1 && box.clientWidth);
    if (content.scrollHeight * size <= 614 && !wide) break;
  }
}

function layout() {
  const scale = Math.min(innerWidth / 1280, innerHeight / 720);
  deck.style.setProperty("--scale", scale);
  deck.style.setProperty("--left", `${(innerWidth - 1280 * scale) / 2}px`);
  deck.style.setProperty("--top", `${(innerHeight - 720 * scale) / 2}px`);
}

function turn(to, focus = true) {
  now = Math.max(0, Math.min(slides.length - 1, to));
  slides.forEach((slide, k) => {
    slide.classList.toggle("now", k === now);
    slide.ariaHidden = k === now ? null : "true";
  });
  fit(slides[now]);
  place.textContent = `${now + 1} / ${slides.length}`;
  lesson.hash = slides[now].dataset.at;
  history.replaceState(null, "", `#${now + 1}`);
  if (focus) slides[now].focus({ preventScroll: true });
}

function overview(open) {
  deck.classList.toggle("all", open);
  if (open) slides[now].scrollIntoView({ block: "center" });
  else scrollTo(0, 0);
}

const keys = {
  ArrowRight: () => turn(now + 1), PageDown: () => turn(now + 1), ArrowDown: () => turn(now + 1),
  ArrowLeft: () => turn(now - 1), PageUp: () => turn(now - 1), ArrowUp: () => turn(now - 1),
  Home: () => turn(0), End: () => turn(slides.length - 1),
  o: () => overview(!deck.classList.contains("all")),
  Escape: () => overview(!deck.classList.contains("all")),
  f: () => document.fullscreenElement ? document.exitFullscreen() : deck.requestFullscreen(),
  b: () => deck.classList.toggle("black"), ".": () => deck.classList.toggle("black"),
  n: () => deck.classList.toggle("noted"),
};

document.addEventListener("keydown", event => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.matches("input, select")) return; // sliders have the arrows to themselves
  const space = event.key === " " && !event.target.matches("button, summary, a");
  const act = space ? keys[event.shiftKey ? "ArrowLeft" : "ArrowRight"]
    : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
document.querySelectorAll("[data-key]").forEach(button =>
  button.addEventListener("click", () => keys[button.dataset.key]()));
slides.forEach((slide, k) => slide.addEventListener("click", () => {
  if (!deck.classList.contains("all")) return;
  overview(false);
  turn(k);
}));

let touched = null;
document.addEventListener("touchstart", event => {
  touched = event.target.matches("input, select") ? null : event.touches[0].clientX;
});
document.addEventListener("touchend", event => {
  const moved = touched === null ? 0 : event.changedTouches[0].clientX - touched;
  if (Math.abs(moved) > 60) turn(now + (moved < 0 ? 1 : -1));
});

for (const slide of slides) {
  const tall = [...slide.querySelectorAll(".code img:first-child")]
    .some(img => img.getAttribute("width") / img.getAttribute("height") < 1.7);
  const film = slide.querySelector(".film");
  slide.classList.toggle("filmed", Boolean(film));
  slide.classList.toggle("two", Boolean(tall && !film && slide.querySelector(".text")));
  slide.querySelectorAll("img").forEach(img => { img.loading = "eager"; });
  // Many short lines go into two columns; a line of over 70 letters would be too small there.
  slide.querySelectorAll(".printed").forEach(printed => printed.classList.toggle("long",
    printed.textContent.split("\n").length > 18 && printed.style.getPropertyValue("--columns") <= 70));
}
deck.classList.add("live");
addEventListener("resize", layout);
addEventListener("load", () => slides.forEach(fit)); // the pictures have their sizes now
layout();
slides.forEach(fit);
turn((Number(location.hash.slice(1)) || 1) - 1, false);
