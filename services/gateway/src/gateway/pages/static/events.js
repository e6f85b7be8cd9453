// Follows an event stream (WHATWG HTML §9.2) with a token, across breaks, deploys and silent proxies.

import { authorised, problemOf, Problem } from "./api.js";
import { pause } from "./dom.js";

const OPEN_MS = 15_000;
const MUTE_MS = 40_000; // the server says something every 15 s
const WAIT_MS_MAX = 30_000;

/** Makes a parser: feed it text in any pieces, it calls back once for each event. */
export function parser(onEvent, onRetry = () => {}) {
  let rest = "";
  let event = { id: null, type: "message", data: [] };
  const line = (text) => {
    if (text === "") {
      if (event.data.length) onEvent({ id: event.id, type: event.type, data: event.data.join("\n") });
      event = { id: null, type: "message", data: [] };
      return;
    }
    const colon = text.indexOf(":");
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (name === "data") event.data.push(value);
    else if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
    else if (name === "retry" && /^\d+$/.test(value)) onRetry(Number(value));
  };
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    lines.forEach(line);
  };
}

/**
 * Follows until the signal aborts or the server says there is nothing more.
 * `onOpen(resumed)` at each connection, `onEvent(type, body)` for each event, `onLive(live)` as the stream comes and goes.
 * Throws `Problem` when asking again cannot help (not signed in, not there).
 */
export async function follow(path, { onOpen, onEvent, onLive, signal }) {
  const state = { lastId: null, retryMs: 2000, failures: 0 };
  while (!signal.aborted) {
    let wait = null;
    try {
      if (await once(path, state, { onOpen, onEvent, onLive, signal })) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && [401, 403, 404].includes(error.status)) throw error;
      wait = error instanceof Problem && error.retrySeconds ? error.retrySeconds * 1000 : null;
      state.failures += 1;
    } finally {
      onLive(false);
    }
    const backoff = Math.min(WAIT_MS_MAX, state.retryMs * 2 ** Math.min(state.failures, 5));
    await pause(wait ?? backoff * (0.5 + Math.random() / 2), signal);
  }
}

/** One connection; true when the server has told everything. */
async function once(path, state, { onOpen, onEvent, onLive, signal }) {
  const connection = new AbortController();
  const end = () => connection.abort();
  signal.addEventListener("abort", end);
  let watch = setTimeout(end, OPEN_MS);
  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(end, MUTE_MS);
  };
  try {
    const headers = { Accept: "text/event-stream" };
    if (state.lastId !== null) headers["Last-Event-ID"] = state.lastId;
    const answer = await authorised(path, { headers, signal: connection.signal });
    if (answer.status === 204) return true;
    if (!answer.ok) throw await problemOf(answer);
    const feed = parser(
      ({ id, type, data }) => {
        if (id !== null) state.lastId = id;
        onEvent(type, JSON.parse(data));
      },
      (milliseconds) => (state.retryMs = milliseconds),
    );
    await read(answer.body, feed, heard, () => {
      state.failures = 0;
      onLive(true);
      onOpen(state.lastId !== null);
    });
    return false;
  } finally {
    clearTimeout(watch);
    signal.removeEventListener("abort", end);
    connection.abort();
  }
}

async function read(body, feed, heard, opened) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (let first = true; ; first = false) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    if (first) opened();
    feed(decoder.decode(value, { stream: true }));
  }
}
