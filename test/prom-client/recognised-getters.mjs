import { createRequire } from 'node:module'
import { hasRecognisedGetter } from '../../packages/core/dist/clients/recognised-getter.js'
import { readFields, summaryFieldsOf } from '../../packages/core/dist/clients/synchronous-reader.js'

/** Reports for each metric class of the package in the argument: whether its getter is recognised, and both readings. */
const [, , name] = process.argv
const { default: client } = await import(name)
const { version } = createRequire(import.meta.url)(`${name}/package.json`)

const register = new client.Registry()
const common = { help: 'Help.', labelNames: ['of'], registers: [register] }
const counter = new client.Counter({ ...common, name: 'c_total' })
const gauge = new client.Gauge({ ...common, name: 'g' })
const histogram = new client.Histogram({ ...common, name: 'h', buckets: [1, 10] })
const summary = new client.Summary({ ...common, name: 's', percentiles: [0.5] })
for (const [i, of] of ['x', 'y'].entries()) {
  counter.inc({ of }, i + 1)
  gauge.set({ of }, -i)
  for (const value of [0.5, 5, 50]) histogram.observe({ of }, value + i)
  for (const value of [1, 2]) summary.observe({ of }, value + i)
}

const classes = {}
for (const metric of [counter, gauge, histogram, summary]) {
  const isRecognised = hasRecognisedGetter(metric)
  const fields = readFields(metric)
  classes[metric.constructor.name] = {
    isRecognised,
    fields: fields?.values.map(numbersOf),
    own: ownNumbers(await metric.get()),
  }
}
process.stdout.write(JSON.stringify({ version, classes }))

/** A value, or a sum and a count, of the fields of one series. */
function numbersOf(series) {
  const { sum, count } = summaryFieldsOf(series)
  return sum === undefined ? [series.value] : [sum, count]
}

/** The same of the client's own reading, series by series. */
function ownNumbers({ name, values }) {
  const of = metricName => values.filter(sample => sample.metricName === metricName).map(({ value }) => value)
  const sums = of(`${name}_sum`)
  const counts = of(`${name}_count`)
  return sums.length === 0 ? values.map(({ value }) => [value]) : sums.map((sum, i) => [sum, counts[i]])
}
