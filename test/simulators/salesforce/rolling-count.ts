// Counts over a sliding window (24 hours of API calls or deliveries), in buckets of a minute.

export interface RollingCount {
  add(n: number): void
  total(): number
}

const BUCKET_MS = 60_000

export function createRollingCount(now: () => number, windowMs = 86_400_000): RollingCount {
  const buckets = new Map<number, number>()
  return {
    add(n) {
      const bucket = Math.floor(now() / BUCKET_MS)
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + n)
    },
    total() {
      const oldest = Math.floor((now() - windowMs) / BUCKET_MS)
      let sum = 0
      for (const [bucket, count] of buckets) {
        if (bucket <= oldest) buckets.delete(bucket)
        else sum += count
      }
      return sum
    },
  }
}
