// Why a system can't even be asked yet.
export function notSetUp(missing: string[]): Error {
  return new Error(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`)
}
