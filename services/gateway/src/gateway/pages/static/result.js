// Draws a result of any shape: pictures, files to fetch, palettes, tables, reports, texts and figures.

import { el, safeUrl } from "./dom.js";
import { bytes, humanise, numberText, t } from "./texts.js";

const DEPTH_MAX = 5;
const LONG_TEXT = 80;
const COLOUR = /^#[0-9a-fA-F]{6}$/;

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isFile = (value) => isObject(value) && typeof value.url === "string";
const isImage = (value) => isFile(value) && String(value.media_type).startsWith("image/");
const isSection = (value) => isObject(value) && typeof value.heading === "string" && Array.isArray(value.paragraphs);
const isPart = (value) => isObject(value) && typeof value.title === "string" && Array.isArray(value.sections) && value.sections.every(isSection);
const isEmpty = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);

/** The first picture in a result, or null. */
export function firstImage(value, depth = 0) {
  if (isImage(value)) return value;
  if (depth > DEPTH_MAX || typeof value !== "object" || value === null) return null;
  for (const child of Object.values(value)) {
    const found = firstImage(child, depth + 1);
    if (found) return found;
  }
  return null;
}

/** The whole result: pictures and files first, then what there is to read. */
export function resultView(result, title) {
  const entries = Object.entries(result).filter(([, value]) => !isEmpty(value));
  const shown = ([, value]) => isFile(value) || (Array.isArray(value) && value.every(isFile));
  const files = entries.filter(shown).flatMap(([name, value]) => [value].flat().map((file) => fileView(file, name, title)));
  const written = ([, value]) => Array.isArray(value) && value.every(isPart);
  const parts = entries.filter(written).flatMap(([, value]) => value.map(partView));
  const source = ([name, value]) => name === "markdown" && typeof value === "string";
  const sources = entries.filter(source).map(([, value]) => el("details", { class: "source" }, el("summary", { text: "Markdown" }), el("pre", { text: value })));
  const facts = entries.filter((entry) => !shown(entry) && !written(entry) && !source(entry));
  return el("div", { class: "result" }, files, parts, facts.length ? pairs(Object.fromEntries(facts), 0) : null, sources);
}

/** A part of a report: what is to be read, with headings; by whom it was written stays in the data. */
function partView({ title, sections, points_title: pointsTitle, points }) {
  const texts = sections.flatMap(({ heading, paragraphs }) => [el("h3", { text: heading }), ...paragraphs.map((text) => el("p", { class: "prose", text }))]);
  const list = points?.length ? [pointsTitle ? el("h3", { text: pointsTitle }) : null, el("ul", { class: "plain" }, points.map((text) => el("li", { text })))] : [];
  return el("section", { class: "part" }, el("h2", { text: title }), texts, list);
}

function fileView(file, name, title) {
  const url = safeUrl(file.url);
  if (!url) return null;
  const size = file.size_bytes ? bytes(file.size_bytes) : null;
  const pixels = file.width ? `${file.width} × ${file.height}` : null;
  const format = String(file.media_type ?? "").split("/").pop().split("+")[0].toUpperCase();
  const facts = [pixels, format, size].filter(Boolean).join(" · ");
  const save = el("a", { class: "button primary", href: url, download: true, target: "_blank", rel: "noopener noreferrer", text: t("download") });
  if (!isImage(file)) return el("div", { class: "file" }, el("span", {}, name.toUpperCase() === format ? title : humanise(name), el("span", { class: "muted small", text: ` ${facts}` })), save);
  const image = el("img", { src: url, alt: title, width: file.width, height: file.height, decoding: "async", loading: "lazy" });
  const frame = el("a", { class: "picture", href: url, target: "_blank", rel: "noopener noreferrer", "aria-label": t("open_image") }, image);
  image.addEventListener("error", () => frame.replaceChildren(el("span", { class: "muted", text: t("picture_gone") })));
  return el("figure", {}, frame, el("figcaption", {}, el("span", { class: "muted small", text: facts }), save));
}

function pairs(object, depth) {
  const entries = Object.entries(object).filter(([, value]) => !isEmpty(value));
  return el("dl", { class: "facts" }, entries.map(([name, value]) => {
    const wide = (typeof value === "string" && value.length > LONG_TEXT) || typeof value === "object";
    return el("div", { class: wide ? "wide" : null }, el("dt", { text: humanise(name) }), el("dd", {}, shownValue(value, name, depth + 1)));
  }));
}

function shownValue(value, name, depth) {
  if (isEmpty(value)) return "–";
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return textView(value);
  if (depth > DEPTH_MAX) return el("pre", { text: JSON.stringify(value, null, 2) });
  if (isFile(value)) return fileView(value, name, humanise(name));
  if (!Array.isArray(value)) return pairs(value, depth);
  if (value.every(isFile)) return el("div", { class: "gallery" }, value.map((file) => fileView(file, name, humanise(name))));
  if (value.every((item) => isObject(item) && Object.values(item).some(isImage))) return album(value);
  if (value.every(isObject)) return table(value, depth);
  return el("ul", { class: "plain" }, value.map((item) => el("li", {}, shownValue(item, name, depth + 1))));
}

/** Things with pictures of their own, as the pages of a book: each with its pictures side by side. */
function album(items) {
  return el("div", { class: "album" }, items.map((item) => {
    const pictures = Object.entries(item).filter(([, value]) => isImage(value));
    const title = [item.number, item.caption ?? item.title ?? item.name].filter((part) => part !== undefined).join(" · ");
    return el("section", {}, el("h3", { text: title }), el("div", { class: "gallery" }, pictures.map(([name, file]) => fileView(file, name, `${title} (${humanise(name)})`))));
  }));
}

function textView(text) {
  if (COLOUR.test(text)) {
    const swatch = el("span", { class: "swatch" });
    swatch.style.backgroundColor = text; // CSSOM, which the style policy allows
    return el("span", { class: "colour" }, swatch, el("code", { text }));
  }
  const url = /^https?:\/\//.test(text) ? safeUrl(text) : null;
  if (url) return el("a", { href: url, target: "_blank", rel: "noopener noreferrer", text });
  return el("span", { class: "prose", text });
}

function table(items, depth) {
  const names = [...new Set(items.flatMap(Object.keys))];
  const numeric = (name) => (items.every((item) => isEmpty(item[name]) || typeof item[name] === "number") ? "number" : null);
  const head = el("tr", {}, names.map((name) => el("th", { scope: "col", class: numeric(name), text: humanise(name) })));
  const rows = items.map((item) => el("tr", {}, names.map((name) =>
    el("td", { class: numeric(name) }, shownValue(item[name], name, depth + 1)))));
  return el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("thead", {}, head), el("tbody", {}, rows)));
}
