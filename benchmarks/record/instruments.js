import client from 'prom-client'

/** The measured ways of recording into a user's metric. */

const BOUND = { atMost: 10 }
export const NAME = 'bench'

/** Each returns a function that records the integer `n`, below 1024, and a function that returns the sum. */
export const INSTRUMENTS = {
  counter_bound: {
    what: 'a bound counter of promherd',
    reach: BOUND,
    make: monitor => bound(monitor.counter({ name: NAME, help: NAME, labels: ['a'] }), 'inc'),
  },
  gauge_bound: {
    what: 'a bound gauge of promherd, inc',
    reach: BOUND,
    make: monitor => bound(monitor.gauge({ name: NAME, help: NAME, labels: ['a'] }), 'inc'),
  },
  histogram_bound: {
    what: 'a bound histogram of promherd, 14 buckets, half of the observations above the last bucket',
    make: monitor => bound(monitor.histogram({ name: NAME, help: NAME, labels: ['a'] }), 'observe'),
  },
  counter_labels: {
    what: 'a counter of promherd with two labels that are looked up each time',
    make: monitor => {
      const counter = monitor.counter({ name: NAME, help: NAME, labels: ['a', 'b'] })
      return n => counter.labels('x', TEXTS[n & 15]).inc(n)
    },
  },
  prom_client_counter_bound: {
    what: 'a bound counter of prom-client',
    make: () => {
      const counter = new client.Counter({ name: NAME, help: NAME, labelNames: ['a'] }).labels('x')
      return n => counter.inc(n)
    },
  },
  prom_client_counter_labels: {
    what: 'a counter of prom-client with two labels that are looked up each time',
    make: () => {
      const counter = new client.Counter({ name: NAME, help: NAME, labelNames: ['a', 'b'] })
      return n => counter.labels('x', TEXTS[n & 15]).inc(n)
    },
  },
}

const TEXTS = Array.from({ length: 16 }, (_, i) => `value ${i}`)

function bound(instrument, method) {
  const series = instrument.labels('x')
  return method === 'inc' ? n => series.inc(n) : n => series.observe(n / 64)
}
