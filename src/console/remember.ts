// Asks at most once per period, whoever and however many want to know; while one asks, the others wait for its answer.

/** A failure is not remembered: the next one asks again. */
export function remember<T>(periodMs: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  let askedAt = 0
  return () => {
    if (answer !== undefined && performance.now() - askedAt < periodMs) return answer
    askedAt = performance.now()
    const asked = ask()
    answer = asked
    asked.catch(() => {
      if (answer === asked) answer = undefined
    })
    return asked
  }
}
