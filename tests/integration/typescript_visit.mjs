// Runs the client's example against a running installation, and cuts its first event streams short on the way.
// Arguments: the client's folder, the address of the gateway, an e-mail address, a password.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, baseUrl, email, password] = process.argv.slice(2);
const { firstJob } = await import(pathToFileURL(join(folder, "dist", "examples", "first-job.js")).href);
const CUTS = 2;
const resumedAfter = [];

/** The body up to its second piece, and then a broken connection. */
function cut(body) {
  const reader = body.getReader();
  let pieces = 0;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      controller.enqueue(value);
      pieces += 1;
      if (pieces === 2) {
        await reader.cancel();
        controller.error(new TypeError("the connection was cut"));
      }
    },
  });
}

async function unsteady(input, init) {
  const answer = await fetch(input, init);
  const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream");
  if (!isStream || !answer.url.includes("/v1/jobs/")) return answer;
  resumedAfter.push(init.headers["Last-Event-ID"] ?? null);
  return resumedAfter.length > CUTS ? answer : new Response(cut(answer.body), answer);
}

const visit = await firstJob({ baseUrl, fetch: unsteady }, email, password);
console.log(JSON.stringify({ ...visit, resumedAfter }));
