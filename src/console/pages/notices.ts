// What a change that was just asked for has to say on the page it leads to. By code, so that an address can't put words in our mouth.
const SENTENCES: Record<string, (count: string) => string> = {
  retried: (count) => (count === '1' ? 'One record is queued again.' : `${count} records are queued again.`),
  synced: () => 'The record is queued and goes out first, with all its fields.',
  backfill: () => 'The backfill starts within seconds.',
  paused: () => 'The backfill pauses within seconds.',
  resumed: () => 'The backfill goes on within seconds.',
  reconcile: () => 'The reconcile starts within seconds.',
  confirmed: () =>
    'The removal is confirmed and goes on within seconds. Another mass removal is stopped again.',
  reloaded: () => 'The mapping was read anew.',
  late: () => 'The leader has not read the mapping yet. Look at the problems on the home page.',
}

/** Of a request's address: the routes' schemas know nothing of these parameters. */
export function sentenceOf(address: string): string | undefined {
  const query = new URLSearchParams(address.split('?', 2)[1])
  const done = query.get('done') ?? ''
  const count = query.get('n') ?? ''
  return Object.hasOwn(SENTENCES, done) ? SENTENCES[done]?.(/^\d{1,9}$/.test(count) ? count : '0') : undefined
}
