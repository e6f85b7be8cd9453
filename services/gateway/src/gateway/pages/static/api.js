// Calls the API as whoever is signed in, and turns what goes wrong into something a page can show.

import { accessToken } from "./session.js";
import { t, knows, clock } from "./texts.js";

const TIMEOUT_MS = 30_000;

/** The API's refusal (RFC 9457): `code`, `detail`, `errors` of fields, and when to try again. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "INTERNAL";
    this.detail = body.detail ?? null;
    this.errors = body.errors ?? [];
    this.jobId = body.job_id ?? null;
    this.required = body.required_credits ?? body.required ?? null;
    this.available = body.available_credits ?? body.available ?? null;
    this.retrySeconds = retryAfter;
  }
}

/** Fetches with the reader's token; a token refused once is renewed once. */
export async function authorised(path, { headers = {}, ...options } = {}) {
  let token = await accessToken();
  let answer = await send(path, headers, options, token);
  if (answer.status === 401 && token) {
    token = await accessToken(token);
    if (token) answer = await send(path, headers, options, token);
  }
  return answer;
}

/** Asks, and answers the JSON of a success. Throws `Problem` for a refusal, `TypeError` when nobody answers. */
export async function call(method, path, { body, headers = {}, signal } = {}) {
  const sent = body === undefined ? {} : { "Content-Type": "application/json" };
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await authorised(path, {
    method,
    headers: { Accept: "application/json", ...sent, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: signal && AbortSignal.any ? AbortSignal.any([signal, limit]) : limit,
  });
  if (!answer.ok) throw await problemOf(answer);
  return answer.status === 204 ? null : answer.json();
}

/** The refusal in an answer that is none of the 2xx. */
export async function problemOf(answer) {
  const body = await answer.json().catch(() => ({}));
  const after = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
  return new Problem(answer.status, body, Number.isFinite(after) ? after : null);
}

/** What to tell a person about it, in their language where the code is known. */
export function explain(error) {
  if (!(error instanceof Problem)) return t("unreachable");
  const key = `problem.${error.code}`;
  const values = { required: error.required ?? "?", available: error.available ?? "?" };
  const message = knows(key) ? t(key, values) : (error.detail ?? t("problem.INTERNAL"));
  if (!error.retrySeconds || error.status !== 429) return message;
  return `${message} ${t("try_again_at", { time: clock(new Date(Date.now() + error.retrySeconds * 1000)) })}`;
}

function send(path, headers, options, token) {
  const identified = token ? { ...headers, Authorization: `Bearer ${token}` } : headers;
  return fetch(path, { credentials: "omit", cache: "no-store", ...options, headers: identified });
}
