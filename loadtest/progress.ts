// How far a run is, on stderr: a bar that redraws on a terminal, else a line every few seconds.
import type { Progress } from './load.ts'

const LINE_EVERY_MS = 5_000
const BAR_WIDTH = 20

export type ProgressDisplay = { show: (progress: Progress) => void; done: () => void }

export function startProgress(stream: NodeJS.WriteStream, requests: number): ProgressDisplay {
  const startedAt = performance.now()
  let nextLineAt = startedAt + LINE_EVERY_MS

  const text = ({ sent, accepted, failed }: Progress) => {
    const seconds = (performance.now() - startedAt) / 1_000
    const perSecond = Math.round(sent / Math.max(seconds, 0.001))
    const parts = [
      `${count(sent)}/${count(requests)} sent`,
      `${count(accepted)} accepted`,
      ...(failed > 0 ? [`${count(failed)} not`] : []),
      `${count(perSecond)}/s`,
      `${seconds.toFixed(1)}s`,
    ]
    return parts.join(', ')
  }

  if (!stream.isTTY) {
    return {
      show(progress) {
        if (performance.now() < nextLineAt) return
        nextLineAt += LINE_EVERY_MS
        stream.write(`${text(progress)}\n`)
      },
      done() {},
    }
  }
  return {
    show(progress) {
      const full = Math.round((BAR_WIDTH * progress.sent) / requests)
      const line = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${text(progress)}`
      stream.write(`\r\u001B[K${line.slice(0, (stream.columns || 80) - 1)}`)
    },
    done() {
      stream.write('\r\u001B[K')
    },
  }
}

const count = (n: number) => n.toLocaleString('en-US')
