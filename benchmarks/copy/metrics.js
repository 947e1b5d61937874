import client from 'prom-client'

/** Fills a registry with `samples` samples of a kind. */
export function fill(register, kind, samples) {
  if (kind === 'mixed') {
    counters(register, samples / 4)
    gauges(register, samples / 4)
    histograms(register, samples / 2)
  } else ({ counters, gauges, histograms, summaries })[kind](register, samples)
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const labelNames = ['method', 'route']
const help = 'Help.'

function labelsOf(i) {
  return { method: i % 2 === 0 ? 'GET' : 'POST', route: `/things/${i >> 1}/:id` }
}

function counters(register, samples) {
  const counter = new client.Counter({ name: 'counted_total', help, labelNames, registers: [register] })
  for (let i = 0; i < samples; i++) counter.inc(labelsOf(i), i + 1)
}

function gauges(register, samples) {
  for (let i = 0; i < samples; i++) new client.Gauge({ name: `level_${i}`, help, registers: [register] }).set(i)
}

function histograms(register, samples) {
  const histogram = new client.Histogram({ name: 'taken', help, labelNames, buckets: BUCKETS, registers: [register] })
  const series = Math.floor(samples / (BUCKETS.length + 3))
  for (let i = 0; i < series; i++) for (let n = 0; n < 10; n++) histogram.observe(labelsOf(i), 2 ** (n - 7))
}

function summaries(register, samples) {
  const summary = new client.Summary({
    name: 'seen',
    help,
    labelNames,
    percentiles: [0.5, 0.9, 0.99],
    registers: [register],
  })
  for (let i = 0; i < samples / 5; i++) for (let n = 0; n < 10; n++) summary.observe(labelsOf(i), 2 ** n)
}

/** 1,000 series of all kinds in a registry, each as a function that changes it. */
export function seriesIn(register) {
  const common = { help, labelNames, registers: [register] }
  const counter = new client.Counter({ ...common, name: 'counted_total' })
  const histogram = new client.Histogram({ ...common, name: 'taken', buckets: BUCKETS })
  const summary = new client.Summary({ ...common, name: 'seen', percentiles: [0.5, 0.9, 0.99] })
  return Array.from({ length: 1000 }, (_, i) => {
    const labels = labelsOf(i)
    if (i % 20 === 0) return () => summary.observe(labels, 0.3)
    if (i % 4 === 1) return () => counter.inc(labels)
    if (i % 4 === 2) return levelOf(register, i)
    return () => histogram.observe(labels, 0.3)
  })
}

function levelOf(register, i) {
  const gauge = new client.Gauge({ name: `level_${i}`, help, registers: [register] })
  return () => gauge.inc()
}
