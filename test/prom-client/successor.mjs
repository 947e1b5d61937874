import { createHook } from 'node:async_hooks'
import client from '@prometheus-io/client'
import { createMonitor } from '@promherd/core'
import { exposeHerd } from '@promherd/core/prom-client'

/** Reports what promherd serves of `@prometheus-io/client`; run by a Node version that the client supports. */

const warnings = []
const monitor = createMonitor({ onWarning: message => warnings.push(message) })
const common = { help: 'Help.', labelNames: ['of'] }
const counter = new client.Counter({ ...common, name: 'c_total' })
const gauge = new client.Gauge({ ...common, name: 'g', aggregator: 'max' })
const plain = new client.Gauge({ name: 'plain', help: 'Without an aggregator.' })
const histogram = new client.Histogram({ ...common, name: 'h', buckets: [1, 10] })
const summary = new client.Summary({ ...common, name: 's', percentiles: [0.5] })
client.register.setDefaultLabels({ app: 'shop' })
for (const [i, of] of ['x', 'a|b', 'é"\\\n'].entries()) {
  counter.inc({ of }, i + 1)
  gauge.set({ of }, -i)
  for (const value of [0.5, 5, 50]) histogram.observe({ of }, value + i)
  summary.observe({ of }, i)
}
plain.set(7)

const names = ['c_total', 'g', 'plain', 'h', 's']
const [x] = [...summary.store.values()]
let computed = 0
const compress = x.value.td.compress
x.value.td.compress = function () {
  computed++
  return compress.call(this)
}
const report = { node: process.versions.node, own: await client.register.metrics(), served: await monitor.metrics() }

await monitor.collect()
await monitor.collect()
// Once for the text of the registry itself, which changes the state, and once for the first of three copies.
report.computed = computed
// The same count and sum as before.
summary.reset()
summary.observe({ of: 'x' }, 0)
summary.observe({ of: 'a|b' }, 3)
report.changed = await monitor.metrics()

client.register.resetMetrics()
await monitor.collect()
counter.inc({ of: 'x' }, 10)
gauge.set({ of: 'x' }, 3)
const afterReset = await monitor.metrics()
for (const name of names) client.register.removeSingleMetric(name)
new client.Counter({ ...common, name: 'c_total' }).inc({ of: 'x' }, 100)
const afterReplaced = await monitor.metrics()

const many = new client.Registry()
for (let i = 0; i < 100; i++) new client.Gauge({ name: `g_${i}`, help: 'G.', registers: [many] })
const apart = createMonitor({ promClient: [many] })
let promises = 0
const hook = createHook({ init: (_, type) => (promises += type === 'PROMISE' ? 1 : 0) }).enable()
await apart.collect()
hook.disable()
report.promises = promises
await apart.close()

const through = new client.Registry()
const undo = exposeHerd(through, { monitor })
const exposed = await through.metrics()
undo()
const { default: other } = await import('prom-client')
new other.Counter({ name: 'other_total', help: 'In the older package.' }).inc(4)
const ofBoth = await monitor.metrics()
await monitor.close()
process.stdout.write(JSON.stringify({ ...report, afterReset, afterReplaced, exposed, ofBoth, warnings }))
