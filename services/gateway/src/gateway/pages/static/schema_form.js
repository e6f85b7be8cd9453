// A kind's form as a whole: its value, and errors of the API put beside the fields they name.

import { el } from "./dom.js";
import { membersOf, resolve } from "./schema_fields.js";
import { t } from "./texts.js";

/** Draws the form of an object schema; what may be left out is folded away where there is much of it. */
export function schemaForm(schema) {
  const whole = resolve(schema, schema);
  const members = membersOf(whole, schema);
  return { element: el("div", { class: "fields" }, foldOptional(whole, members)), read: members.read, fill: members.fill, complain };

  /** Shows each error at its field and focuses the first; answers those that belong to none. */
  function complain(errors) {
    let first = null;
    const left = errors.filter(({ pointer, detail }) => {
      const [place, name, ...path] = pointer.split("/").slice(1).map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
      const field = place === "body" && name !== undefined ? members.member(name)?.find(path) : null;
      if (!field) return true;
      field.complain(detail);
      first ??= field;
      return false;
    });
    if (first) {
      first.element.closest("details")?.setAttribute("open", "");
      first.focus();
    }
    return left;
  }
}

function foldOptional(schema, { elements }) {
  const must = (schema.required ?? []).filter((name) => name in schema.properties).length;
  const optional = elements.slice(must);
  if (must === 0 || optional.length < 3) return elements;
  return [...elements.slice(0, must), el("details", { class: "fold" }, el("summary", { text: t("more_options") }), el("div", { class: "fields" }, optional))];
}
