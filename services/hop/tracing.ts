// Makes the spans of events that are traced, and sends them by OTLP. Loaded only when tracing is on.
//
// Nobody waits for the collector: spans go into a bounded queue, and what it has no room for, or the collector does not
// take, is lost.
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Span } from '@opentelemetry/api'
import { create } from '@bufbuild/protobuf'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'
import { TraceSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../lib/endpoint.ts'
import { reasonOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { eventId } from '../lib/views.ts'
import { recordsOf, Verdict, type Batch, type Deliver, type Outcome, type Run, type Sink } from './batch.ts'
import { shapeOfSink, shapeOfSource, type SpanShape } from './trace-names.ts'
import type { TracingOptions } from './trace-options.ts'
import { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts'

/** What is not sent by then is lost: a stop must not wait for a collector. */
const STOP_DEADLINE_MS = 2_000
/** OpenTelemetry's own default (OTEL_BSP_MAX_EXPORT_BATCH_SIZE). */
const MOST_SPANS_A_POST = 512

/** What a client sent in one go. Its events carry the traceparent; `end` gets the answer's status, or nothing when the client left. */
export type RequestSpan = { traceparent: string; end(status: number | undefined): void }

/** Undefined when the request is not traced: its client says so, or says nothing and the ratio leaves it out. */
export type StartRequest = (method: string, path: string, traceparent: unknown) => RequestSpan | undefined

export type Tracing = {
  startRequest: StartRequest
  /** The same, with a span for each traced event of a batch and each attempt. */
  sink(sink: Sink, endpoint: Endpoint): Sink
  deliver(deliver: Deliver, endpoint: Endpoint): Deliver
  close(): Promise<void>
}

export function startTracing(
  { url, ratio, flushMs, queueSpans }: TracingOptions,
  { name, pipeline }: { name: string; pipeline: string },
  log: Log,
): Tracing {
  const processor = new BatchSpanProcessor({
    exporter: watched(new OTLPTraceExporter({ url }), log),
    scheduledDelayMillis: flushMs,
    maxQueueSize: queueSpans,
    maxExportBatchSize: Math.min(queueSpans, MOST_SPANS_A_POST),
  })
  const provider = new TracerProvider({
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come after, so that they win.
    resource: resourceFromAttributes({ 'service.name': name, 'service.namespace': pipeline }).merge(
      detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }),
    ),
    spanProcessors: [processor],
  })
  const tracer = provider.getTracer('freshet')

  const startSpan = (
    { name: spanName, kind, attributes }: SpanShape,
    parent: TraceContext | undefined,
    more = {},
  ) =>
    tracer.startSpan(
      spanName,
      { kind, attributes: { ...attributes, ...more } },
      parent
        ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: TraceFlags.SAMPLED, isRemote: true })
        : ROOT_CONTEXT,
    )

  /** A call with one span for each traced event; what is called gets their contexts in place of those that came. */
  const traced = (shape: SpanShape, call: Deliver): Deliver => {
    const startAll = (batch: Batch, spans: Span[]): Run[] => {
      const records = recordsOf(batch)
      return batch.runs.map((run) => (run.traces.length === 0 ? run : startRun(batch, run, records, spans)))
    }
    const startRun = (batch: Batch, run: Run, records: number, spans: Span[]): Run => {
      const traces = run.traces.map(({ index, traceparent }) => {
        const more = { ...attributesOf(shape, batch, run, index), 'freshet.batch.records': records }
        const span = startSpan(shape, parseTraceparent(traceparent), more)
        spans.push(span)
        return create(TraceSchema, { index, traceparent: formatTraceparent(span.spanContext()) })
      })
      return { ...run, traces }
    }
    return async (batch, revoked) => {
      if (batch.runs.every(({ traces }) => traces.length === 0)) return call(batch, revoked)
      const spans: Span[] = []
      const runs = startAll(batch, spans)
      try {
        const outcome = await call({ ...batch, runs }, revoked)
        for (const span of spans) endSpan(span, outcome)
        return outcome
      } catch (cause) {
        for (const span of spans) endSpan(span, { verdict: Verdict.FAILED, reason: reasonOf(cause) })
        throw cause
      }
    }
  }

  return {
    startRequest(method, path, traceparent) {
      const parent = parseTraceparent(traceparent)
      if (parent ? !parent.sampled : Math.random() >= ratio) return undefined
      const span = startSpan(shapeOfRequest(method, path), parent)
      let ended = false
      return {
        traceparent: formatTraceparent(span.spanContext()),
        end(status) {
          if (ended) return
          ended = true
          if (status === undefined) span.setAttribute('error.type', 'client_gone')
          else if (method !== 'WS') span.setAttribute('http.response.status_code', status)
          if (status === undefined || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
          span.end()
        },
      }
    },
    sink(sink, endpoint) {
      const write = traced(shapeOfSink(endpoint, pipeline), (batch) => sink.write(batch))
      return { ...sink, write }
    },
    deliver: (deliver, endpoint) => traced(shapeOfSource(endpoint, pipeline), deliver),
    async close() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, STOP_DEADLINE_MS)
      })
      try {
        await Promise.race([provider.shutdown(), late])
      } catch (cause) {
        log.warn('the last spans are lost', { cause: reasonOf(cause) })
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function shapeOfRequest(method: string, path: string): SpanShape {
  const protocol =
    method === 'WS'
      ? { 'network.protocol.name': 'websocket' }
      : { 'http.request.method': method, 'http.route': path }
  return {
    name: `${method} ${path}`,
    kind: SpanKind.SERVER,
    attributes: { ...protocol, 'url.path': path, 'url.scheme': 'http' },
  }
}

function attributesOf({ partitioned }: SpanShape, batch: Batch, run: Run, index: number) {
  const { log } = batch
  const offsetDelta = run.offsetDeltas[index]
  return {
    'freshet.event.id': eventId(run.origin, run.partition, run.firstSeq + BigInt(index)),
    ...(partitioned && { 'messaging.destination.partition.id': String(log?.partition ?? run.partition) }),
    ...(partitioned &&
      log &&
      offsetDelta !== undefined && { 'messaging.kafka.offset': Number(log.firstOffset) + offsetDelta }),
  }
}

const errorTypes: Partial<Record<Verdict, string>> = {
  [Verdict.REFUSED_GAP]: 'refused_gap',
  [Verdict.REFUSED_BEHIND]: 'refused_behind',
  [Verdict.REJECTED]: 'rejected',
}

function endSpan(span: Span, { verdict, reason }: Pick<Outcome, 'verdict' | 'reason'>): void {
  if (verdict !== Verdict.STORED) {
    span.setAttribute('error.type', errorTypes[verdict] ?? 'failed')
    span.setStatus({ code: SpanStatusCode.ERROR, message: reason })
  }
  span.end()
}

/** Says it once when the collector takes no spans, and once when it does again. */
function watched(exporter: SpanExporter, log: Log): SpanExporter {
  let failing = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined || result.code !== 0
        if (failed && !failing)
          log.warn('the collector takes no spans; they are lost', { cause: reasonOf(result.error) })
        if (!failed && failing) log.info('the collector takes spans again')
        failing = failed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
}
