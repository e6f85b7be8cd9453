// Addresses of files in a result expire; here they are asked for again.

const MARGIN_MS = 60_000;

/** Whether a file somewhere in the result has an address that works no more, or not for another minute. */
export function hasExpired(value) {
  if (typeof value !== "object" || value === null) return false;
  if (typeof value.url_expires_at === "string" && new Date(value.url_expires_at) - Date.now() < MARGIN_MS) return true;
  return Object.values(value).some(hasExpired);
}

/** The result with fresh addresses, where any has expired; `ask` fetches the job's artefacts. */
export async function withFreshLinks(result, ask) {
  if (!hasExpired(result)) return result;
  const { items } = await ask().catch(() => ({ items: [] })); // old addresses say themselves that they are no good
  return replaced(result, new Map(items.map((file) => [file.id, file])));
}

function replaced(value, fresh) {
  if (Array.isArray(value)) return value.map((item) => replaced(item, fresh));
  if (typeof value !== "object" || value === null) return value;
  const file = typeof value.url === "string" ? fresh.get(value.id) : undefined;
  if (file) return { ...value, url: file.url, url_expires_at: file.url_expires_at };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replaced(member, fresh)]));
}
