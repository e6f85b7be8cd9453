/** The client: every route of the API, typed from its documents; what goes wrong is thrown as a `Problem`. */
import createFetchClient, { type Client } from "openapi-fetch";
import { follow, type FollowOptions, type Reset, type ServerEvent } from "./events.js";
import { Problem } from "./problems.js";
import type { components, paths as GatewayPaths } from "./schema/gateway.js";
import type { paths as BillingPaths } from "./schema/billing.js";
import type { paths as GenerationPaths } from "./schema/generation.js";
import type { paths as NotifierPaths } from "./schema/notifier.js";

/** The routes the gateway answers, by itself or for billing, generation and the notifier. */
export type Paths = GatewayPaths &
  Omit<BillingPaths, "/v1/credits/jobs/{job_id}"> &
  GenerationPaths &
  NotifierPaths;

export type Job = components["schemas"]["Job"];
export type Session = components["schemas"]["SessionView"];
export type Receipt = components["schemas"]["Receipt"];

export interface AtelierOptions {
  baseUrl: string;
  /** An API key or an access token; a function is asked before each request. */
  token?: string | (() => string | null | Promise<string | null>);
  fetch?: typeof globalThis.fetch;
}

type KindIn<Path> = Path extends `/v1/jobs/{${string}` ? never : Path extends `/v1/jobs/${infer Name}` ? Name : never;
/** The kinds of work, by the name they have in the path. */
export type Kind = KindIn<keyof GatewayPaths>;
/** What a kind of work asks for. */
export type Input<Name extends Kind> = GatewayPaths[`/v1/jobs/${Name}`] extends {
  post: { requestBody: { content: { "application/json": infer Body } } };
}
  ? Body
  : never;

export class Atelier {
  /** Every route, as openapi-fetch has them; but what is not a success is thrown, so `data` is there. */
  readonly api: Client<Paths>;
  readonly #baseUrl: string;
  readonly #token: AtelierOptions["token"];
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: AtelierOptions) {
    this.#baseUrl = options.baseUrl.replace(/\/$/, "");
    this.#token = options.token;
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.api = createFetchClient<Paths>({ baseUrl: this.#baseUrl, fetch: (request) => this.#fetch(request) });
    this.api.use({
      onRequest: async ({ request }) => {
        for (const [name, value] of Object.entries(await this.#credentials())) request.headers.set(name, value);
        return request;
      },
      onResponse: async ({ response }) => {
        if (response.status >= 400) throw await Problem.of(response);
      },
    });
  }

  /** Another client of the same server, for whoever has this token. */
  as(token: NonNullable<AtelierOptions["token"]>): Atelier {
    return new Atelier({ baseUrl: this.#baseUrl, token, fetch: this.#fetch });
  }

  /**
   * Ask for a piece of work. Repeat a call whose answer was lost under the same key: it stays one job.
   *
   * @param idempotencyKey - a new one for each piece of work; made up where it is left out.
   */
  async submit<Name extends Kind>(kind: Name, input: Input<Name>, idempotencyKey: string = newKey()): Promise<Job> {
    const answer = await this.#fetch(`${this.#baseUrl}/v1/jobs/${kind}`, {
      method: "POST",
      headers: {
        ...(await this.#credentials()),
        "Content-Type": "application/json",
        "Idempotency-Key": idempotencyKey,
      },
      body: JSON.stringify(input),
    });
    if (!answer.ok) throw await Problem.of(answer);
    return (await answer.json()) as Job;
  }

  /** Everything that happens to the account from now on, or after an event. */
  events(options: FollowOptions = {}): AsyncGenerator<ServerEvent | Reset, void> {
    return this.#follow("/v1/events", options);
  }

  /** What happens to one job, from its beginning to its last word. */
  async *jobEvents(jobId: string, options: FollowOptions = {}): AsyncGenerator<ServerEvent | Reset, void> {
    for await (const event of this.#follow(`/v1/jobs/${encodeURIComponent(jobId)}/events`, options)) {
      yield event;
      if ("final" in event && event.final) return;
    }
  }

  async #credentials(): Promise<Record<string, string>> {
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  #follow(path: string, options: FollowOptions): AsyncGenerator<ServerEvent | Reset, void> {
    return follow(async (headers, signal) => {
      const credentials = await this.#credentials();
      return this.#fetch(this.#baseUrl + path, { headers: { ...headers, ...credentials }, signal });
    }, options);
  }
}

/** A key for `Idempotency-Key`: one for each thing that is wanted once. */
export function newKey(): string {
  return globalThis.crypto.randomUUID();
}
