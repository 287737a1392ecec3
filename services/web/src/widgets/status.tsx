// How fresh the page's data is, in the header; every page reports it.
import { createContext, useContext, useEffect } from 'react'
import type { Held } from '../connection.ts'
import { useSpeech } from '../texts.ts'

type Status = Omit<Held<unknown>, 'state'>

export const StatusContext = createContext<(status: Status | undefined) => void>(() => {})

/** Shows the state of a connection in the header while the component is there. */
export function useStatus({ phase, ageSeconds }: Status): void {
  const report = useContext(StatusContext)
  useEffect(() => {
    report({ phase, ageSeconds })
  }, [report, phase, ageSeconds])
  useEffect(() => () => report(undefined), [report])
}

export function ageText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`
}

export function StatusPill({ status }: { status: Status | undefined }) {
  const { t } = useSpeech()
  if (!status) return <span className="pill" data-phase="none" />
  const { phase, ageSeconds = 0 } = status
  const age = ageText(ageSeconds)
  const text =
    phase === 'connecting'
      ? t.status.connecting
      : phase === 'live'
        ? t.status.live
        : phase === 'old'
          ? t.status.old(age)
          : status.ageSeconds === undefined
            ? t.status.lost
            : t.status.oldLost(age)
  return (
    <span className="pill" data-phase={phase}>
      <span aria-hidden="true">{text}</span>
      {/* Read out when it changes, and not each second. */}
      <span className="unseen" role="status">
        {phase === 'live' || phase === 'connecting' ? t.status[phase] : t.status.lost}
      </span>
    </span>
  )
}
