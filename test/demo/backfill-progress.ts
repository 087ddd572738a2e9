// Shows how far the backfill is: a bar on a terminal, a line now and then otherwise.
import { SingleBar } from 'cli-progress'
import type { Status } from './service.ts'

export interface Progress {
  show: (status: Status) => void
  end: () => void
}

const LINE_EVERY_MS = 2_000

export function createProgress(output: NodeJS.WriteStream, say: (line: string) => void): Progress {
  return output.isTTY ? bar(output) : lines(say)
}

function bar(output: NodeJS.WriteStream): Progress {
  const shown = new SingleBar({
    stream: output,
    format: 'Backfill [{bar}] {percentage} % | {done} of {all} records{left}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    barsize: 30,
    // The bar would otherwise take Ctrl-C to itself.
    gracefulExit: false,
  })
  let isStarted = false
  return {
    show({ backfill }) {
      const words = wordsOf(backfill)
      const total = Math.max(1, backfill.total)
      if (!isStarted) shown.start(total, 0, words)
      isStarted = true
      shown.setTotal(total)
      shown.update(backfill.state === 'done' ? total : backfill.done, words)
    },
    end() {
      if (isStarted) shown.stop()
      isStarted = false
    },
  }
}

function lines(say: (line: string) => void): Progress {
  let lastAt = 0
  let last = ''
  return {
    show({ backfill }) {
      const { done, all, left } = wordsOf(backfill)
      const percent = backfill.total === 0 ? 0 : Math.floor((backfill.done / backfill.total) * 100)
      const line = `Backfill: ${done} of ${all} records (${percent} %)${left}`
      if (line === last || (Date.now() - lastAt < LINE_EVERY_MS && backfill.state !== 'done')) return
      say(line)
      last = line
      lastAt = Date.now()
    },
    end: () => undefined,
  }
}

function wordsOf({ done, total, etaSeconds }: Status['backfill']): {
  done: string
  all: string
  left: string
} {
  return {
    done: done.toLocaleString('en'),
    all: total.toLocaleString('en'),
    left: etaSeconds === null || etaSeconds === 0 ? '' : `, about ${etaSeconds} s left`,
  }
}
