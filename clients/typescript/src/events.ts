/** Server-Sent Events: one sequence of typed events over however many connections it takes. */
import { FrameReader } from "./frames.js";
import { Problem } from "./problems.js";
import type { components } from "./schema/notifier.js";

/** Everything an account is told, told apart by `type`. A client ignores types that it does not know. */
export type ServerEvent = components["schemas"]["ServerEvent"];

/** What was missed is no longer kept: read the current state again; the events go on from there. */
export interface Reset {
  type: "reset";
  oldest_sequence: number;
  last_sequence: number;
}

export interface FollowOptions {
  /** Go on after this sequence number: the last one seen. */
  after?: number;
  signal?: AbortSignal;
  /** Silence after which a connection counts as lost; heartbeats come every 15 s. */
  silenceSeconds?: number;
}

/** Opens one connection: `Last-Event-ID` where there is one to send. */
export type Connect = (headers: Record<string, string>, signal: AbortSignal) => Promise<Response>;

const WAIT_MS_MIN = 500;
const WAIT_MS_MAX = 30_000;
const SILENCE_SECONDS = 45;

/**
 * Follow a stream: connects again where it breaks, goes on after the last event seen, repeats nothing.
 *
 * Ends where the server has no more to say (204) or `signal` is aborted. Throws a `Problem` where the server
 * refuses for good: 4xx other than 408 and 429.
 */
export async function* follow(connect: Connect, options: FollowOptions = {}): AsyncGenerator<ServerEvent | Reset, void> {
  const place = { last: options.after };
  let failures = 0;
  while (!options.signal?.aborted) {
    const reader = new FrameReader();
    let waitMs = 0;
    try {
      for await (const event of connection(connect, options, place, reader)) {
        failures = 0;
        yield event;
      }
    } catch (error) {
      if (error instanceof NothingMore || options.signal?.aborted) return;
      if (error instanceof Problem && isFinal(error)) throw error;
      if (error instanceof Problem) waitMs = 1000 * (error.retryAfterSeconds ?? 0);
      failures += 1;
    }
    waitMs = Math.max(waitMs, reader.retryMs ?? 0, Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(failures, 6)));
    await sleep(waitMs * (0.75 + Math.random() / 4), options.signal);
  }
}

class NothingMore extends Error {}

/** The events of one connection, without those that were seen before. */
async function* connection(
  connect: Connect,
  options: FollowOptions,
  place: { last: number | undefined },
  reader: FrameReader,
): AsyncGenerator<ServerEvent | Reset, void> {
  const watch = new Watch(options.signal, options.silenceSeconds ?? SILENCE_SECONDS);
  try {
    const headers = place.last === undefined ? {} : { "Last-Event-ID": String(place.last) };
    const answer = await connect({ Accept: "text/event-stream", ...headers }, watch.signal);
    if (answer.status === 204) throw new NothingMore();
    if (!answer.ok || answer.body === null) throw await Problem.of(answer);
    const decoder = new TextDecoder();
    for await (const chunk of chunks(answer.body)) {
      watch.heard();
      for (const { event, data } of reader.read(decoder.decode(chunk, { stream: true }))) {
        if (event === "server-draining") return;
        if (event === "reset") {
          const reset = { ...(JSON.parse(data) as Omit<Reset, "type">), type: "reset" as const };
          place.last = reset.oldest_sequence - 1;
          yield reset;
          continue;
        }
        const told = JSON.parse(data) as ServerEvent;
        if (place.last !== undefined && told.sequence <= place.last) continue;
        place.last = told.sequence;
        yield told;
      }
    }
  } finally {
    watch.stop();
  }
}

/** Aborts a connection with the caller's signal, at the end, and when nothing was heard for too long. */
class Watch {
  readonly #controller = new AbortController();
  readonly #abort = (): void => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly outer: AbortSignal | undefined,
    private readonly silenceSeconds: number,
  ) {
    outer?.addEventListener("abort", this.#abort, { once: true });
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#abort, 1000 * this.silenceSeconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener("abort", this.#abort);
    this.#abort();
  }
}

/** The pieces of a body; not every browser can iterate one. */
async function* chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function isFinal(problem: Problem): boolean {
  return problem.status >= 400 && problem.status < 500 && problem.status !== 408 && problem.status !== 429;
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
