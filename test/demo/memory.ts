// The most memory that the service has had resident. Linux keeps count of it; elsewhere the service is asked now and then.
import { readFile } from 'node:fs/promises'

export interface MemoryWatch {
  peakMb: () => number
  look: () => Promise<void>
  stop: () => void
}

const LOOK_EVERY_MS = 1_000

/** `ask` gives the resident bytes of now. */
export function watchMemory(pid: number, ask: () => Promise<number>): MemoryWatch {
  let peak = 0
  async function look(): Promise<void> {
    const bytes = (await peakOfLinux(pid)) ?? (await ask().catch(() => 0))
    peak = Math.max(peak, bytes)
  }
  const timer = setInterval(() => void look(), LOOK_EVERY_MS)
  timer.unref()
  return { peakMb: () => Math.round(peak / 2 ** 20), look, stop: () => clearInterval(timer) }
}

async function peakOfLinux(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}
