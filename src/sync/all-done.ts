// Side-by-side work of which every part ends before the whole does: whoever frees the records must not do so while a sibling's call is
// still out.

/** Resolves when all have; rejects with the first failure, but not before all have ended. */
export async function allDone(parts: Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(parts)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
