/** The text of an event stream, taken apart (WHATWG HTML, §9.2.6). */

export interface Frame {
  event: string;
  data: string;
}

const LINE_END = /\r\n|\n|\r(?!$)/;
const PENDING_LENGTH_MAX = 4_000_000;

/** Collects text as it arrives and gives the frames that are complete. */
export class FrameReader {
  /** How long the server wants a client to wait before it connects again. */
  retryMs: number | null = null;
  #pending = "";
  #event = "";
  #data: string[] = [];

  read(text: string): Frame[] {
    const lines = (this.#pending + text).split(LINE_END);
    this.#pending = lines.pop() ?? "";
    if (this.#pending.length > PENDING_LENGTH_MAX) throw new RangeError("a line of the event stream has no end");
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): Frame[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#event = value;
    if (name === "data") this.#data.push(value);
    if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return [];
  }

  #dispatch(): Frame[] {
    const frame = { event: this.#event || "message", data: this.#data.join("\n") };
    const complete = this.#data.length > 0;
    this.#event = "";
    this.#data = [];
    return complete ? [frame] : [];
  }
}
