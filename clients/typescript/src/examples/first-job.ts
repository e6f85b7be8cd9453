/** A whole visit: sign up, sign in, ask for a picture, follow it, read what it cost. The tests run it. */
import { Atelier, isProblem, newKey, pages } from "../index.js";
import type { AtelierOptions, Job, Receipt, ServerEvent } from "../index.js";

export interface Visit {
  job: Job;
  repeated: Job;
  told: ServerEvent["type"][];
  sequences: number[];
  receipt: Receipt;
  jobs: string[];
  refusal: { code: string; required: number; available: number } | null;
}

export async function firstJob(options: AtelierOptions, email: string, password: string): Promise<Visit> {
  const stranger = new Atelier(options);
  await stranger.api.POST("/v1/users", { body: { email, password } });
  const { data: session } = await stranger.api.POST("/v1/sessions", { body: { email, password } });
  if (!session) throw new Error("signing in answers with a session");
  const atelier = stranger.as(session.access_token);
  for await (const event of atelier.events({ after: 0 })) {
    if (event.type === "balance.changed" && event.available_credits >= 10) break;
  }

  const key = newKey();
  const job = await atelier.submit("text-to-design", { prompt: "A lighthouse at dusk", style: "vintage" }, key);
  const repeated = await atelier.submit("text-to-design", { prompt: "A lighthouse at dusk", style: "vintage" }, key);
  const told: ServerEvent["type"][] = [];
  const sequences: number[] = [];
  for await (const event of atelier.jobEvents(job.id)) {
    if (event.type === "reset") continue;
    told.push(event.type);
    sequences.push(event.sequence);
  }

  const { data: receipt } = await atelier.api.GET("/v1/jobs/{job_id}/receipt", { params: { path: { job_id: job.id } } });
  if (!receipt) throw new Error("an accepted job has a receipt");
  const jobs: string[] = [];
  const list = async (cursor?: string) => {
    const query = { limit: 1, ...(cursor === undefined ? {} : { cursor }) };
    const { data } = await atelier.api.GET("/v1/jobs", { params: { query } });
    return data ?? { items: [] };
  };
  let refusal: Visit["refusal"] = null;
  try {
    await atelier.submit("text-to-design", { prompt: "One more lighthouse" });
    await atelier.submit("text-to-design", { prompt: "One lighthouse too many" });
  } catch (thrown) {
    if (!isProblem(thrown, "INSUFFICIENT_CREDITS")) throw thrown;
    const { code, required, available } = thrown.document;
    refusal = { code, required, available };
  }
  for await (const item of pages(list)) jobs.push(item.id);
  return { job, repeated, told, sequences, receipt, jobs, refusal };
}
