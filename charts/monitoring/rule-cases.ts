// For each alert what provokes it and what looks like it and must not; for recordings what they must say. `make test-rules`
// gives them to promtool. Values are Prometheus' notation, one every 15 s, looked at after 15 minutes.
import type { Pipeline } from '../../pipelines/pipeline.ts'
import { energy, GRID_GRAMS_PER_KWH, JOULES_PER_KWH } from './energy.ts'
import { servingPods } from './mesh-rules.ts'

export type SeriesValues = Record<string, string>
export type AlertCase = { alert: string; because: string; series: SeriesValues; fires: boolean }
export type RecordCase = {
  what: string
  series: SeriesValues
  expr: string
  samples: { labels: string; value: number }[]
}

const STEPS = 80
const always = (value: number) => `${value}x${STEPS}`
const growing = (by: number, from = 0) => `${from}+${by}x${STEPS}`
/** Grows once, five minutes before it is looked at. */
const once = (from: number, by: number) => `${from}x40 ${from + by}x40`

type Pair = {
  alert: string
  fires: [because: string, series: SeriesValues]
  silent: [because: string, series: SeriesValues][]
}

export function alertCasesOf(pipelines: Pipeline[]): AlertCase[] {
  const [first] = pipelines
  if (!first) throw new Error('no pipeline')
  return pairsOf(pipelines, first).flatMap(({ alert, fires, silent }) => [
    { alert, because: fires[0], series: fires[1], fires: true },
    ...silent.map(([because, series]) => ({ alert, because, series, fires: false })),
  ])
}

function pairsOf(pipelines: Pipeline[], first: Pipeline): Pair[] {
  const own = `pipeline="${first.name}"`
  const [hop] = Object.keys(first.hops)
  const at = `${own}, hop="${hop}"`
  const ready = (except?: string): SeriesValues =>
    Object.fromEntries(
      pipelines.flatMap(({ name, hops }) =>
        Object.keys(hops).flatMap((each): [string, string][] =>
          name === first.name && each === except
            ? []
            : [[`freshet_hop_ready{pipeline="${name}", hop="${each}", pod="p"}`, always(1)]],
        ),
      ),
    )
  const attempts = (verdict: string) =>
    `freshet_hop_attempts_total{${at}, sink="redis", by="to", verdict="${verdict}"}`
  const responses = (status: number) => `freshet_hop_responses_total{${at}, status="${status}"}`
  const fresh = (le: string) =>
    `freshet_hop_freshness_seconds_bucket{${at}, sink="redis", by="to", le="${le}"}`
  const ledger = (store: string) => `freshet_query_ledger_records{${own}, store="${store}"}`
  const view = (name: string) => `freshet_query_view_${name}{${own}, view="count:a"}`
  const [pod] = servingPods(first)
  const inbound = `direction="inbound", namespace="${first.namespace}", deployment="${pod}"`
  const answers = (classification: string) => `response_total{${inbound}, classification="${classification}"}`
  const latency = (le: string) => `response_latency_ms_bucket{${inbound}, le="${le}"}`
  const counter = (alert: string, because: string, name: string, labels = ''): Pair => ({
    alert,
    fires: [because, { [`freshet_hop_${name}_total{${at}${labels}}`]: once(3, 1) }],
    silent: [['the counter stands', { [`freshet_hop_${name}_total{${at}${labels}}`]: always(3) }]],
  })
  return [
    {
      alert: 'HopNotReady',
      fires: ['no pod of a hop can be read', ready(hop)],
      silent: [['all are ready', ready()]],
    },
    {
      alert: 'HopNotReady',
      fires: [
        'its only pod is not ready',
        { ...ready(hop), [`freshet_hop_ready{${at}, pod="p"}`]: always(0) },
      ],
      silent: [
        ['one of two pods is ready', { ...ready(), [`freshet_hop_ready{${at}, pod="q"}`]: always(0) }],
      ],
    },
    {
      alert: 'HopFails',
      fires: [
        'a tenth of the batches fails',
        { [attempts('failed')]: growing(1), [attempts('stored')]: growing(9) },
      ],
      silent: [
        ['one of a hundred fails', { [attempts('failed')]: growing(1), [attempts('stored')]: growing(99) }],
        [
          'the view sends the log reader back',
          { [attempts('behind')]: growing(9), [attempts('stored')]: growing(9) },
        ],
      ],
    },
    {
      alert: 'IntakeRefuses',
      fires: ['two of a hundred are 503', { [responses(503)]: growing(2), [responses(202)]: growing(98) }],
      silent: [
        [
          'clients send nonsense',
          { [responses(400)]: growing(50), [responses(503)]: always(0), [responses(202)]: growing(50) },
        ],
      ],
    },
    {
      alert: 'NotFresh',
      fires: [
        'a tenth takes 5 to 10 s',
        { [fresh('5')]: growing(90), [fresh('10')]: growing(100), [fresh('+Inf')]: growing(100) },
      ],
      silent: [
        ['all take less than a second', { [fresh('1')]: growing(100), [fresh('+Inf')]: growing(100) }],
        ['nothing comes', { [fresh('1')]: always(100), [fresh('+Inf')]: always(100) }],
      ],
    },
    counter('GapInLog', 'a gap is stepped over', 'gaps'),
    counter('DeadLetters', 'a dead letter is sent', 'dead_letters'),
    counter('RecordsLost', 'a channel overflows', 'dropped_records', ', reason="the queue is full"'),
    counter('OtherCounted', 'a view is full', 'other_records'),
    {
      alert: 'StoreAway',
      fires: [
        'a store does not answer',
        { [`freshet_query_store_up{${own}, store="Redis", pod="p"}`]: always(0) },
      ],
      silent: [
        [
          'one of two query pods cannot reach it',
          {
            [`freshet_query_store_up{${own}, store="Redis", pod="p"}`]: always(0),
            [`freshet_query_store_up{${own}, store="Redis", pod="q"}`]: always(1),
          },
        ],
      ],
    },
    {
      alert: 'Lag',
      fires: [
        'a group has 20,000 records before it',
        { [`freshet_query_lag_records{${own}, group="g"}`]: always(20_000) },
      ],
      silent: [
        ['a group has 9,000', { [`freshet_query_lag_records{${own}, group="g"}`]: always(9_000) }],
        [
          'a group had 20,000 for a minute',
          { [`freshet_query_lag_records{${own}, group="g"}`]: '0x56 20000x4 0x20' },
        ],
      ],
    },
    {
      alert: 'LedgerOutOfBalance',
      fires: [
        'Redis has lost seven at rest',
        { [ledger('mongodb')]: always(100), [ledger('redis')]: always(93) },
      ],
      silent: [
        [
          'Redis is seven behind while events come',
          { [ledger('mongodb')]: growing(10, 100), [ledger('redis')]: growing(10, 93) },
        ],
        [
          'Kafka holds what was sent twice',
          {
            [ledger('kafka')]: always(105),
            [ledger('mongodb')]: always(100),
            [ledger('redis')]: always(100),
          },
        ],
        ['Redis is away', { [ledger('mongodb')]: always(100) }],
      ],
    },
    {
      alert: 'LedgerOutOfBalance',
      fires: [
        'Kafka has lost what MongoDB has',
        { [ledger('kafka')]: always(90), [ledger('mongodb')]: always(100) },
      ],
      silent: [
        [
          'all have all',
          {
            [ledger('kafka')]: always(100),
            [ledger('mongodb')]: always(100),
            [ledger('redis')]: always(100),
          },
        ],
      ],
    },
    {
      alert: 'ViewFills',
      fires: ['280 of 300 keys are used', { [view('keys')]: always(280), [view('max_keys')]: always(300) }],
      silent: [['200 of 300 are', { [view('keys')]: always(200), [view('max_keys')]: always(300) }]],
    },
    {
      alert: 'MeshFailures',
      fires: [
        'two of a hundred requests fail',
        { [answers('failure')]: growing(2), [answers('success')]: growing(98) },
      ],
      silent: [
        ['one of a thousand fails', { [answers('failure')]: growing(1), [answers('success')]: growing(999) }],
      ],
    },
    {
      alert: 'MeshLatency',
      fires: [
        'a tenth takes a second',
        { [latency('100')]: growing(90), [latency('1000')]: growing(100), [latency('+Inf')]: growing(100) },
      ],
      silent: [
        ['all take less than 100 ms', { [latency('100')]: growing(100), [latency('+Inf')]: growing(100) }],
      ],
    },
  ]
}

const STEP_SECONDS = 15

export function recordCasesOf(pipelines: Pipeline[]): RecordCase[] {
  const [first] = pipelines
  if (!first) throw new Error('no pipeline')
  const { name, namespace } = first
  const watts = (count: number) => growing(count * STEP_SECONDS)
  const container = (id: string, pod: string, zone: string) =>
    `kepler_container_cpu_joules_total{container_id="${id}", container_name="${id}", pod_id="${pod}", zone="${zone}", state="running"}`
  const podSeries = (id: string, podName: string) =>
    `kepler_pod_cpu_joules_total{pod_id="${id}", pod_name="${podName}", pod_namespace="${namespace}", zone="package", state="running"}`
  const series = {
    [container('a', '1', 'package')]: watts(3),
    [container('a', '1', 'dram')]: watts(1),
    [container('a', '1', 'core')]: watts(2),
    [container('b', '1', 'package')]: watts(4),
    [container('c', '2', 'package')]: watts(2),
    [podSeries('1', 'intake-7c9d8b6f5-x2x4z')]: watts(9),
    [podSeries('2', 'redis-0')]: watts(2),
    [`freshet_hop_responses_total{pipeline="${name}", hop="h", status="202"}`]: watts(5),
  }
  const case_ = (what: string, expr: string, samples: RecordCase['samples']): RecordCase => ({
    what,
    series,
    expr,
    samples,
  })
  const of = `{pipeline="${name}"}`
  return [
    case_(
      'joules of containers are summed per pod, and cores are not counted twice',
      `sum by (pod_name) (${energy.pod})`,
      [
        { labels: '{pod_name="intake-7c9d8b6f5-x2x4z"}', value: 8 },
        { labels: '{pod_name="redis-0"}', value: 2 },
      ],
    ),
    case_('pods are summed per workload', `sum by (workload) (${energy.workload})`, [
      { labels: '{workload="intake"}', value: 8 },
      { labels: '{workload="redis"}', value: 2 },
    ]),
    case_('and per pipeline', energy.pipeline, [{ labels: `${energy.pipeline}${of}`, value: 10 }]),
    case_('10 watts at 5 events a second are 2,000 joules for 1,000 events', energy.perThousand, [
      { labels: `${energy.perThousand}${of}`, value: 2_000 },
    ]),
    case_('CO2 follows the factor of the grid', energy.grams, [
      { labels: `${energy.grams}${of}`, value: (10 * GRID_GRAMS_PER_KWH) / JOULES_PER_KWH },
    ]),
    {
      what: 'without a power meter there is no data, and no zero',
      series: {
        [`freshet_hop_responses_total{pipeline="${name}", hop="h", status="202"}`]: watts(5),
        kepler_build_info: always(1),
      },
      expr: `${energy.pipeline} or ${energy.perThousand} or ${energy.grams} or ${energy.pod} or ${energy.workload}`,
      samples: [],
    },
  ]
}
