// Draws the field for any JSON Schema of an input: text, number, choice, switch, list, group, and JSON for the rest.
//
// A field has `element`, `read()` (undefined: left out), `fill(value)` and `find(path)`, which answers the innermost
// field that a JSON pointer leads to, with `complain(text)` and `focus()`.

import { el } from "./dom.js";
import { humanise, t } from "./texts.js";

const DEPTH_MAX = 6;
const LONG_TEXT = 120;
const INPUT_TYPES = { email: "email", uri: "url", date: "date", time: "time", password: "password" };
let count = 0;

/** The field for a member `name` of an object. `root` is the schema that `$ref` points into. */
export function fieldOf(name, raw, root, required, depth = 0) {
  const schema = resolve(raw, root);
  const facts = { name, schema, root, required, depth, label: labelOf(name, schema) };
  if ("const" in schema) return constant(schema.const, required);
  if (schema.enum) return choice(facts);
  if (depth < DEPTH_MAX) {
    if (schema.type === "array" && schema.items) return resolve(schema.items, root).enum ? severalOf(facts) : list(facts);
    if (schema.type === "object" && schema.properties) return group(facts);
  }
  if (schema.type === "boolean") return toggle(facts);
  if (schema.type === "integer" || schema.type === "number") return numeric(facts);
  if (schema.type === "string") return textual(facts);
  return anything(facts);
}

/** A schema with its references and `| null` taken in. */
export function resolve(raw, root, depth = 0) {
  if (depth > DEPTH_MAX || typeof raw !== "object" || raw === null) return {};
  const { $ref, allOf, anyOf, oneOf, ...own } = raw;
  if ($ref) {
    const target = $ref.replace(/^#\/?/, "").split("/").reduce((node, part) => node?.[part.replace(/~1/g, "/").replace(/~0/g, "~")], root);
    const { title, ...rest } = resolve(target, root, depth + 1);
    return { ...rest, ...own };
  }
  if (allOf?.length === 1) return { ...resolve(allOf[0], root, depth + 1), ...own };
  const branches = (anyOf ?? oneOf ?? []).filter((branch) => branch.type !== "null");
  if (branches.length === 1) return { ...resolve(branches[0], root, depth + 1), ...own };
  return branches.length ? own : raw;
}

function labelOf(name, schema) {
  const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  return schema.title && plain(schema.title) !== plain(name) ? schema.title : humanise(name);
}

/** A control with its label, hint and place for complaints. */
function framed({ label, schema, required }, control, { read, fill }) {
  const id = `field-${(count += 1)}`;
  control.id = id;
  const hint = schema.description ? el("span", { class: "hint", id: `${id}-hint`, text: schema.description }) : null;
  const error = el("p", { class: "field-error", id: `${id}-error` });
  control.setAttribute("aria-describedby", hint ? `${id}-hint ${id}-error` : `${id}-error`);
  const caption = el("label", { for: id }, label, required ? null : el("span", { class: "muted", text: ` · ${t("optional")}` }));
  const field = { read, fill, find: () => field, focus: () => control.focus(), complain };
  const inline = control.type === "checkbox";
  field.element = el("div", { class: inline ? "field inline" : "field" }, ...(inline ? [control, caption, hint] : [caption, hint, control]), error);
  function complain(text) {
    error.textContent = text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  control.addEventListener("input", () => complain(""));
  if (schema.default !== undefined && schema.default !== null) fill(schema.default);
  return field;
}

function textual(facts) {
  const { schema, required, name } = facts;
  const limits = { maxlength: schema.maxLength, minlength: schema.minLength, required };
  const long = !schema.format && !schema.pattern && (schema.maxLength ?? 0) > LONG_TEXT;
  const control = long
    ? el("textarea", { name, rows: (schema.maxLength ?? 0) > 600 ? 4 : 2, ...limits })
    : el("input", { name, type: INPUT_TYPES[schema.format] ?? "text", pattern: schema.pattern, ...limits });
  return framed(facts, control, {
    read: () => (control.value === "" ? undefined : control.value),
    fill: (value) => (control.value = value ?? ""),
  });
}

function numeric(facts) {
  const { schema, required, name } = facts;
  const step = schema.multipleOf ?? (schema.type === "integer" ? 1 : "any");
  const control = el("input", { name, type: "number", inputmode: schema.type === "integer" ? "numeric" : "decimal", min: schema.minimum, max: schema.maximum, step, required });
  return framed(facts, control, {
    read: () => (control.value === "" ? undefined : control.valueAsNumber),
    fill: (value) => (control.value = value ?? ""),
  });
}

function toggle(facts) {
  const control = el("input", { name: facts.name, type: "checkbox" });
  return framed({ ...facts, required: true }, control, { read: () => control.checked, fill: (value) => (control.checked = Boolean(value)) });
}

function choice(facts) {
  const { schema, required, name } = facts;
  const values = schema.enum.filter((value) => value !== null);
  const options = values.map((value, index) => el("option", { value: String(index), text: wordFor(value) }));
  const none = required && schema.default === undefined ? [] : [el("option", { value: "", text: t("choose") })];
  const control = el("select", { name, required }, ...(schema.default === undefined || schema.default === null ? none : []), ...options);
  return framed(facts, control, {
    read: () => (control.value === "" ? undefined : values[Number(control.value)]),
    fill: (value) => (control.value = values.includes(value) ? String(values.indexOf(value)) : ""),
  });
}

const wordFor = (value) => (typeof value === "string" && /^[a-z][a-z_-]+$/.test(value) ? humanise(value) : String(value));

/** Several of a fixed choice: a box to tick for each. */
function severalOf(facts) {
  const values = resolve(facts.schema.items, facts.root).enum;
  const boxes = values.map((value) => el("input", { type: "checkbox", name: facts.name, value: String(value) }));
  const frame = fieldset(facts, boxes.map((box, index) => el("label", { class: "tick" }, box, wordFor(values[index]))));
  const read = () => {
    const chosen = values.filter((_, index) => boxes[index].checked);
    return chosen.length || facts.required ? chosen : undefined;
  };
  const fill = (chosen) => boxes.forEach((box, index) => (box.checked = (chosen ?? []).includes(values[index])));
  if (facts.schema.default) fill(facts.schema.default);
  return own({ ...frame, read, fill, focus: () => boxes[0]?.focus() });
}

/** Any number of the same: rows to add and remove. */
function list(facts) {
  const { schema, root, depth, label } = facts;
  const fields = [];
  const rows = el("div", { class: "rows" });
  const adder = el("button", { class: "quiet", type: "button", text: `+ ${t("add")}`, on: { click: () => add().focus() } });
  const frame = fieldset(facts, [rows, adder]);
  function add(value) {
    const field = fieldOf(`${label} ${fields.length + 1}`, schema.items, root, true, depth + 1);
    const remove = el("button", { class: "quiet remove", type: "button", "aria-label": t("remove", { name: `${label} ${fields.length + 1}` }), text: "×" });
    const row = el("div", { class: "row" }, field.element, remove);
    remove.addEventListener("click", () => drop(field, row));
    if (value !== undefined) field.fill(value);
    fields.push(field);
    rows.append(row);
    limit();
    return field;
  }
  function drop(field, row) {
    fields.splice(fields.indexOf(field), 1);
    row.remove();
    limit();
    adder.focus();
    rows.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const limit = () => (adder.hidden = fields.length >= (schema.maxItems ?? 100));
  function fill(values) {
    fields.length = 0;
    rows.replaceChildren();
    for (const value of values ?? []) add(value);
    while (fields.length < (schema.minItems ?? 0)) add();
    limit();
  }
  fill(schema.default);
  const read = () => {
    const values = fields.map((field) => field.read()).filter((value) => value !== undefined);
    return values.length || facts.required ? values : undefined;
  };
  return own({ ...frame, read, fill, focus: () => (fields[0] ?? { focus: () => adder.focus() }).focus() }, (part) => fields[Number(part)]);
}

/** The members of an object. */
function group(facts) {
  const members = membersOf(facts.schema, facts.root, facts.depth + 1);
  const frame = fieldset(facts, members.elements, "group");
  const read = () => {
    const value = members.read();
    return Object.keys(value).length || facts.required ? value : undefined;
  };
  const fill = (value) => members.fill(value ?? {});
  return own({ ...frame, read, fill, focus: () => members.first()?.focus() }, members.member);
}

/** The fields of an object schema, those that must be filled in first. */
export function membersOf(schema, root, depth = 0) {
  const required = new Set(schema.required ?? []);
  const names = Object.keys(schema.properties ?? {}).sort((a, b) => Number(required.has(b)) - Number(required.has(a)));
  const fields = new Map(names.map((name) => [name, fieldOf(name, schema.properties[name], root, required.has(name), depth)]));
  const read = () => {
    const entries = [...fields].map(([name, field]) => [name, field.read()]);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  };
  const fill = (value) => fields.forEach((field, name) => name in value && field.fill(value[name]));
  return { elements: [...fields.values()].map((field) => field.element), read, fill, member: (name) => fields.get(name), first: () => fields.values().next().value };
}

function constant(value, required) {
  return own({ element: el("span", { hidden: true }), read: () => (required ? value : undefined), fill: () => {}, focus: () => {}, complain: () => {} });
}

/** What no other field can draw is typed as JSON. */
function anything(facts) {
  const control = el("textarea", { name: facts.name, rows: 4, class: "code", spellcheck: "false", required: facts.required });
  const description = [facts.schema.description, t("json_hint")].filter(Boolean).join(" ");
  control.addEventListener("input", () => control.setCustomValidity(parsed(control.value).valid ? "" : t("json_invalid")));
  return framed({ ...facts, schema: { ...facts.schema, description } }, control, {
    read: () => parsed(control.value).value,
    fill: (value) => (control.value = value === undefined || value === null ? "" : JSON.stringify(value, null, 2)),
  });
}

function parsed(text) {
  if (!text.trim()) return { valid: true, value: undefined };
  try {
    return { valid: true, value: JSON.parse(text) };
  } catch {
    return { valid: false, value: undefined };
  }
}

function fieldset({ label, schema, required }, children, look = null) {
  const error = el("p", { class: "field-error" });
  const element = el("fieldset", { class: look },
    el("legend", {}, label, required ? null : el("span", { class: "muted", text: ` · ${t("optional")}` })),
    schema.description ? el("span", { class: "hint", text: schema.description }) : null, ...children, error);
  const complain = (text) => (error.textContent = text);
  element.addEventListener("input", () => complain(""));
  return { element, complain };
}

function own(field, member = () => undefined) {
  const whole = { ...field, find: ([part, ...rest]) => (part === undefined ? null : member(part)?.find(rest)) ?? whole };
  return whole;
}
