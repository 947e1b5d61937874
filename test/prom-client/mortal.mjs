import { Worker } from 'node:worker_threads'
import { createMonitor } from '@promherd/core'
import client from 'prom-client'

/**
 * A program that counts with prom-client and ends in the way that is its argument: with a monitor where there is a
 * directory, and without one elsewhere. It counts in the same turn in which it ends.
 */
if (process.env.PROMETHEUS_MULTIPROC_DIR !== undefined) {
  createMonitor({ promClient: process.env.NAMED === 'yes' ? [client.register] : 'auto' })
}

const labelNames = ['of']
const counter = new client.Counter({ name: 'c_total', help: 'C.', labelNames })
const histogram = new client.Histogram({ name: 'h', help: 'H.', labelNames, buckets: [1, 10] })
const summary = new client.Summary({ name: 's', help: 'S.', percentiles: [0.5] })
/** What the metrics that collect are still to bring in. */
let due = 0
new client.Counter({
  name: 'c_collected_total',
  help: 'C.',
  collect() {
    this.inc(due)
  },
})
new client.Histogram({
  name: 'h_collected',
  help: 'H.',
  buckets: [1, 10],
  collect() {
    for (; due > 0; due--) this.observe(5)
  },
})
const bound = { counter: counter.labels('bound'), histogram: histogram.labels('bound') }

/** Counts once in each way that there is. */
function count() {
  counter.inc({ of: 'given' })
  bound.counter.inc(2)
  histogram.observe({ of: 'given' }, 0.5)
  bound.histogram.observe(50)
  summary.observe(3)
  due++
}

function fail() {
  throw new Error('thrown')
}

const WAYS = {
  /** Exits with metrics whose last sample cannot be taken, and logs which of them were asked for it. */
  unanswered() {
    const asked = []
    const ask = (name, collect) => new client.Counter({ name, help: 'C.', collect })
    ask('promised_total', async function collect() {
      asked.push('promised')
      this.inc()
    })
    ask('answering_total', function collect() {
      asked.push('answering')
      this.inc()
      return Promise.resolve()
    })
    ask('failing_total', function collect() {
      asked.push('failing')
      this.inc()
      throw new Error('thrown by collect()')
    })
    process.on('exit', () => console.log([...new Set(asked)].join()))
    process.exit(3)
  },
  exit() {
    count()
    process.exit(3)
  },
  throw() {
    count()
    fail()
  },
  throwLater: () => setTimeout(WAYS.throw, 10),
  async reject() {
    await null
    count()
    fail()
  },
  end: count,
  /** Counts in a listener that was added after the monitor, and that keeps others from being called. */
  listener() {
    process.on('exit', count)
    setTimeout(() => {}, 10)
  },
  lastListener() {
    count()
    process.on('exit', () => process.exit(4))
  },
  handled() {
    process.once('SIGTERM', () => {
      count()
      process.exit(0)
    })
    process.kill(process.pid, 'SIGTERM')
    setTimeout(() => {}, 10_000)
  },
  thread: () => new Worker(new URL(import.meta.url), { argv: ['exit'] }),
  failingThread: () => new Worker(new URL(import.meta.url), { argv: ['throw'] }).on('error', () => {}),
  /** Counts when it is told to, in the named phase of the event loop, and then does nothing more. */
  wait() {
    const phases = { message: run => run(), timer: run => setTimeout(run, 30), immediate: setImmediate }
    process.on('message', phase => phases[phase](count))
    process.send('ready')
  },
}
WAYS[process.argv[2]]()
