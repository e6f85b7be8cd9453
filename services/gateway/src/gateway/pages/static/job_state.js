// What is known of a job, from answers and events that arrive in any order: it only ever moves forward.

const RANKS = { submitted: 0, queued: 1, running: 2, succeeded: 3, failed: 3, cancelled: 3, rejected: 3 };

/** Whether the job has its outcome. */
export const isOver = (job) => RANKS[job.status] === 3;

/** Whether both the outcome and its cost are known. */
export const isSettled = (job) => isOver(job) && (job.charge.settled || job.status === "rejected");

/** The job with a newer or older answer of the API taken in. */
export function withSnapshot(job, snapshot) {
  if (!job) return snapshot;
  if (rank(snapshot) < rank(job)) return job;
  const charge = job.charge.settled && !snapshot.charge.settled ? job.charge : snapshot.charge;
  const older = rank(snapshot) === rank(job) && snapshot.progress < job.progress;
  return older ? { ...job, charge } : { ...snapshot, charge, preview: job.preview };
}

/** The job with one event of its stream taken in. */
export function withEvent(job, event) {
  switch (event.type) {
    case "job.queued":
      return forward(job, "queued", { queue: queueOf(event), charge: { ...job.charge, held: job.charge.price } });
    case "job.started":
      return forward(job, "running", { queue: null, started_at: job.started_at ?? event.occurred_at });
    case "job.progress":
      return event.progress < job.progress ? job : forward(job, "running", progressOf(job, event));
    case "job.succeeded":
      return forward(job, "succeeded", { ...ended(event), progress: 1, result: event.result });
    case "job.failed":
      return forward(job, "failed", { ...ended(event), error: { code: event.code, detail: event.detail } });
    case "job.cancelled":
      return forward(job, "cancelled", ended(event));
    case "job.rejected":
      return forward(job, "rejected", { ...ended(event), error: { code: event.reason, detail: event.reason } });
    case "job.charged":
      return { ...job, charge: settled(job, event.captured_credits, event.released_credits) };
    case "job.released":
      return { ...job, charge: settled(job, 0, event.released_credits) };
    default:
      return job;
  }
}

const rank = (job) => RANKS[job.status] ?? 0;
const ended = (event) => ({ queue: null, message: null, finished_at: event.finished_at ?? event.occurred_at });
const settled = (job, charged, returned) => ({ ...job.charge, held: 0, charged, returned, settled: true });

function forward(job, status, facts) {
  if (rank(job) === 3 || RANKS[status] < rank(job)) return job;
  return { ...job, ...facts, status };
}

function progressOf(job, event) {
  return { progress: event.progress, message: event.message, preview: event.preview_url ?? job.preview, queue: null };
}

function queueOf(event) {
  const { start_seconds_p50: p50, start_seconds_p90: p90, duration_seconds_p50, duration_seconds_p90 } = event.wait;
  return {
    position: event.position,
    start: { p50_seconds: p50, p90_seconds: p90 },
    finish: { p50_seconds: p50 + duration_seconds_p50, p90_seconds: p90 + duration_seconds_p90 },
  };
}
