import { createMonitor } from '@promherd/core'
import client from 'prom-client'

/** A worker with default metrics, and one metric of each kind whose values depend on its worker number. */
const monitor = createMonitor()
client.collectDefaultMetrics()
const n = Number(process.env.PROMHERD_WORKER)
new client.Counter({ name: 'orders_total', help: 'Orders.', labelNames: ['kind'] }).inc({ kind: 'a' }, n * 10)
for (const aggregator of ['sum', 'max', 'min', 'average', 'first', 'omit']) {
  new client.Gauge({ name: `level_${aggregator}`, help: 'A level.', labelNames: ['of'], aggregator }).set(
    { of: 'x' },
    n,
  )
}
const histogram = new client.Histogram({ name: 'work_seconds', help: 'Work.', buckets: [1, 2, 3] })
histogram.observe(n)
histogram.observe(0.5)
const summary = new client.Summary({ name: 'size_bytes', help: 'Sizes.', percentiles: [0.5] })
summary.observe(n * 100)
const removed = new client.Gauge({ name: 'removed', help: 'Some are removed.', labelNames: ['of'] })
for (const of of ['some', 'all']) removed.set({ of }, n)

process.on('message', async message => {
  if (message === 'remove') {
    removed.remove({ of: 'all' })
    if (n === 4) removed.remove({ of: 'some' })
    new client.Counter({ name: 'late_total', help: 'Late.' }).inc(n)
  }
  if (message.startsWith('first '))
    client.register.getSingleMetric('level_first').set({ of: 'x' }, Number(message.slice(6)))
  if (message === 'reset') {
    for (const name of ['orders_total', 'work_seconds', 'size_bytes']) client.register.getSingleMetric(name).reset()
    client.register.getSingleMetric('orders_total').inc({ kind: 'a' }, 7)
    histogram.observe(0.25)
    summary.observe(7)
  }
  if (message === 'stop') {
    await monitor.close()
    process.disconnect()
    return
  }
  await monitor.collect()
  process.send('done')
})
await monitor.collect()
process.send('done')
