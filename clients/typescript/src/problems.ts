/** What goes wrong, as RFC 9457 problem documents with a stable `code`. */
import type { components } from "./schema/gateway.js";

export type ProblemDocument = components["schemas"]["Problem"];

/** Members that documents of a code have beside those that all have. */
export interface ProblemMembers {
  INSUFFICIENT_CREDITS: { required: number; available: number };
  OPERATION_IN_PROGRESS: { job_id?: string | null };
  IDEMPOTENCY_KEY_REUSED: { job_id?: string | null };
  RATE_LIMITED: { rule?: string; limit?: number };
  QUOTA_EXCEEDED: { rule: string; limit: number; used: number };
  TOO_MANY_IN_FLIGHT: { rule: string; limit: number; in_flight: number };
}

/** An answer that is not a success. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly document: ProblemDocument,
    /** When it makes sense to try again, where the answer says so. */
    readonly retryAfterSeconds: number | null,
  ) {
    super(`${document.code}: ${document.detail}`);
  }

  get status(): number {
    return this.document.status;
  }

  get code(): string {
    return this.document.code;
  }

  /** The problem an answer holds; one is made up for answers that are none, such as a proxy's. */
  static async of(answer: Response): Promise<Problem> {
    const text = await answer.text().catch(() => "");
    const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
    return new Problem(read(text) ?? unknown(answer), Number.isFinite(seconds) ? seconds : null);
  }
}

/** Whether something thrown is the problem of this code; then its members are known too. */
export function isProblem<Code extends keyof ProblemMembers>(
  thrown: unknown,
  code: Code,
): thrown is Problem & { document: ProblemDocument & ProblemMembers[Code] };
export function isProblem(thrown: unknown, code?: string): thrown is Problem;
export function isProblem(thrown: unknown, code?: string): boolean {
  return thrown instanceof Problem && (code === undefined || thrown.code === code);
}

function read(text: string): ProblemDocument | null {
  try {
    const value: unknown = JSON.parse(text);
    const isDocument = typeof value === "object" && value !== null && "code" in value && "status" in value;
    return isDocument ? (value as ProblemDocument) : null;
  } catch {
    return null;
  }
}

function unknown(answer: Response): ProblemDocument {
  const detail = answer.statusText || `The server answered ${answer.status}.`;
  return { type: "about:blank", title: "Unknown", status: answer.status, code: "UNKNOWN", detail };
}
