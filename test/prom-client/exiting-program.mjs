import { Worker } from 'node:worker_threads'
import { createMonitor } from '@promherd/core'
import client from 'prom-client'

/**
 * A program that counts with prom-client and exits in the way that its argument names. It has a monitor if there is a
 * directory. It counts in the turn of the event loop in which it exits.
 */
if (process.env.PROMETHEUS_MULTIPROC_DIR !== undefined) {
  createMonitor({ promClient: process.env.NAMED === 'yes' ? [client.register] : 'auto' })
}

const labelNames = ['of']
const counter = new client.Counter({ name: 'c_total', help: 'C.', labelNames })
const histogram = new client.Histogram({ name: 'h', help: 'H.', labelNames, buckets: [1, 10] })
const summary = new client.Summary({ name: 's', help: 'S.', percentiles: [0.5] })
/** What the collect functions have not counted yet. */
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

/** Counts once in each way. */
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
  /** Exits with metrics whose last sample cannot be taken, and logs whose collect() was called. */
  uncollected() {
    const called = []
    const metric = (name, collect) => new client.Counter({ name, help: 'C.', collect })
    metric('promised_total', async function collect() {
      called.push('promised')
      this.inc()
    })
    metric('answering_total', function collect() {
      called.push('answering')
      this.inc()
      return Promise.resolve()
    })
    metric('failing_total', function collect() {
      called.push('failing')
      this.inc()
      throw new Error('thrown by collect()')
    })
    process.on('exit', () => console.log([...new Set(called)].join()))
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
  /** Counts in an exit listener that was added after the monitor. */
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
  /** Counts on a message, in the phase of the event loop that the message names, and then is idle. */
  wait() {
    const phases = { message: run => run(), timer: run => setTimeout(run, 30), immediate: setImmediate }
    process.on('message', phase => phases[phase](count))
    process.send('ready')
  },
}
WAYS[process.argv[2]]()
