// Builds elements. Data only ever becomes text or a checked address; nothing here turns it into markup.

/** An element. `on` holds listeners, `text` its text; other members are attributes (true: present, null: left out). */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The address if it is one that may be opened or shown, else null. */
export function safeUrl(text) {
  if (typeof text !== "string") return null;
  try {
    const url = new URL(text, location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

/** Says something to those who listen to the page instead of seeing it. */
export function announce(message) {
  const region = document.getElementById("announcements");
  if (region.textContent !== message) region.textContent = message;
}

/** Runs work behind a button, which cannot be pressed meanwhile. */
export async function busy(button, work) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
    if (!button.dataset.held) button.disabled = false;
  }
}

/** Keeps a button disabled for that many seconds and tells each second how many are left. */
export function hold(button, seconds, tell) {
  const until = Date.now() + seconds * 1000;
  button.dataset.held = "true";
  button.disabled = true;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left > 0) return tell(left);
    clearInterval(timer);
    delete button.dataset.held;
    button.disabled = false;
    tell(0);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

/** Waits; ends early without an error when the signal aborts. */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
}
