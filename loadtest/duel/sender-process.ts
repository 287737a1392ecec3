// Sends what its parent asks for, one load after the other: a sender that is warm, and whose start is in no figure.
import { runLoad } from '../load.ts'
import { readRows } from '../data-file.ts'
import { ANSWERS_MS, type Load } from './sender.ts'

/** More than can be sent. */
const ENDLESS = 1_000_000_000

const rows = await readRows(process.argv[2]!)

process.on('message', ({ url, clients, requests = ENDLESS, seconds, rate }: Load) => {
  runLoad({
    host: new URL(url),
    rows,
    requests,
    concurrence: clients,
    sendForMs: seconds * 1_000,
    timeoutMs: seconds * 1_000 + ANSWERS_MS,
    ...(rate !== undefined && { rate }),
  }).then(
    (report) => process.send!(report),
    (cause: unknown) => {
      throw cause
    },
  )
})
// The parent may end without a word.
process.on('disconnect', () => process.exit(0))
process.send!('ready')
