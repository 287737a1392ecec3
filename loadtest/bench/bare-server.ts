// The least that an HTTP intake can do here: uWebSockets.js, JSON.parse, 202. Its port is the argument.
import * as uWS from 'uWebSockets.js'
import { listen } from '../../services/lib/admin.ts'

const app = uWS.App()
let parsed = 0
app.get('/readyz', (res) => {
  res.end('ready\n')
})
app.post('/input', (res) => {
  const chunks: Buffer[] = []
  res.onAborted(() => chunks.splice(0))
  res.onData((chunk, isLast) => {
    // The usual body is one chunk, and then nothing is copied.
    if (isLast && chunks.length === 0) return answer(res, Buffer.from(chunk))
    chunks.push(Buffer.from(chunk.slice(0)))
    if (isLast) answer(res, Buffer.concat(chunks))
  })
})

function answer(res: uWS.HttpResponse, body: Buffer): void {
  // Used, so that no compiler may leave the parsing out.
  if (JSON.parse(body.toString('utf8')) !== null) parsed++
  res.cork(() => {
    res.writeStatus('202 Accepted').writeHeader('Content-Type', 'application/json').end(`{"id":"${parsed}"}`)
  })
}

await listen(app, `127.0.0.1:${process.argv[2]}`)
