/** Lists that come in pages, as one iteration. */

export interface Page<Item> {
  items: Item[];
  next_cursor?: string | null;
}

/**
 * All items of a list, page after page, asked for as they are needed.
 *
 *     for await (const job of pages((cursor) => atelier.get("/v1/jobs", { query: { cursor } }))) …
 */
export async function* pages<Item>(page: (cursor?: string) => Promise<Page<Item>>): AsyncGenerator<Item, void> {
  let cursor: string | undefined;
  do {
    const { items, next_cursor } = await page(cursor);
    yield* items;
    cursor = next_cursor ?? undefined;
  } while (cursor !== undefined);
}
