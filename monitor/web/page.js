// Keeps the page up to date: asks for it anew and changes only what changed, so that focus, scrolling and what was
// unfolded stay. Without it the page works too and is loaded anew by itself.
"use strict";

const EVERY_MS = 5000;
const PATIENCE_MS = 10000;

const connection = document.getElementById("connection");
const news = document.getElementById("news");
let answered = new Date();
let timer = 0;
let asking = false;

// Element `old` becomes like `fresh`. Children with an id are found again wherever they stand; others by their place.
function become(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = child.id ? [...old.children].find((own) => own.id === child.id) : place;
    if (!same || same.nodeName !== child.nodeName || (same.id ?? "") !== (child.id ?? "")) {
      old.insertBefore(child, place);
      continue;
    }
    if (same !== place) old.insertBefore(same, place);
    if (same.nodeType !== Node.ELEMENT_NODE) same.data = child.data === same.data ? same.data : child.data;
    else if (!same.isEqualNode(child)) become(same, child);
    place = same.nextSibling;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function show(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const old = document.getElementById("main");
  const main = fresh.getElementById("main");
  if (!main) throw new Error("not the page");
  const focused = document.activeElement;
  const before = document.querySelector("h1")?.textContent;
  if (!old.isEqualNode(main)) become(old, main);
  if (document.title !== fresh.title) document.title = fresh.title;
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  const now = document.querySelector("h1")?.textContent;
  if (now !== before) news.textContent = `Now: ${now}`;
}

async function renew() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.text());
    answered = new Date();
    if (connection.textContent) connection.textContent = "";
  } catch {
    const since = `${answered.toISOString().slice(11, 16)} UTC`;
    const said = `No answer since ${since}: what you see is old.`;
    if (connection.textContent !== said) connection.textContent = said;
  }
  asking = false;
  timer = setTimeout(renew, EVERY_MS);
}

document.addEventListener("visibilitychange", renew);
timer = setTimeout(renew, EVERY_MS);
