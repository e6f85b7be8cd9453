// Owns who is signed in: the token pair, kept for all tabs, and its renewal by one tab at a time.

const STORED = "atelier.session";
const EARLY_MS = 20_000;
const TIMEOUT_MS = 20_000;
const listeners = new Set();
let queue = Promise.resolve();

/** The session or null. */
export function current() {
  try {
    return JSON.parse(localStorage.getItem(STORED));
  } catch {
    return null;
  }
}

/** Keeps what sign-in, sign-up or a refresh answered. */
export function keep(answer) {
  const { user, account, access_token, refresh_token, expires_in_seconds } = answer;
  const expires_at = Date.now() + expires_in_seconds * 1000;
  localStorage.setItem(STORED, JSON.stringify({ user, account, access_token, refresh_token, expires_at }));
  tell();
}

/** Forgets the session on this device. */
export function forget() {
  localStorage.removeItem(STORED);
  tell();
}

/** Calls back with the user's id, or null, when it changes here or in another tab. */
export function onChange(listener) {
  listeners.add(listener);
}

/** A token good for a while, renewed where needed; `refused` names one the server does not take any more. */
export async function accessToken(refused = null) {
  const held = current();
  if (!held) return null;
  return usable(held, refused) ? held.access_token : exclusively(() => renew(refused));
}

/** Signs out here; a server that cannot be reached does not keep anybody signed in on this device. */
export async function signOut() {
  const held = current();
  forget();
  if (!held) return;
  const headers = { Authorization: `Bearer ${held.refresh_token}` };
  await fetch("/v1/sessions/current", { method: "DELETE", headers, keepalive: true }).catch(() => {});
}

function usable(held, refused) {
  return held.access_token !== refused && held.expires_at - EARLY_MS > Date.now();
}

// A refresh token works once, and showing it twice ends the session: tabs must take turns, and look again.
function exclusively(work) {
  if (navigator.locks) return navigator.locks.request(STORED, work);
  const turn = queue.then(work);
  queue = turn.catch(() => {});
  return turn;
}

async function renew(refused) {
  const held = current();
  if (!held) return null;
  if (usable(held, refused)) return held.access_token;
  const answer = await fetch("/v1/sessions/refresh", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refresh_token: held.refresh_token }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.status === 401 || answer.status === 422) {
    forget();
    return null;
  }
  if (!answer.ok) throw new TypeError(`refresh answered ${answer.status}`);
  keep(await answer.json());
  return current().access_token;
}

let known = current()?.user.id ?? null;
function tell() {
  const now = current()?.user.id ?? null;
  if (now === known) return;
  known = now;
  for (const listener of listeners) listener(now);
}
addEventListener("storage", (event) => {
  if (event.key === STORED || event.key === null) tell();
});
