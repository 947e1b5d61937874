/** The benchmarks, in the order in which they are told: the question that each answers, and how it is loaded. */
export const BENCHMARKS = {
  record: {
    question: 'What does it cost to record one exchange?',
    load: async () => (await import('../record.js')).record,
  },
  request: {
    question: 'What does a middleware add to a request?',
    load: async () => (await import('../request.js')).request,
  },
  preload: {
    question: 'Does a request cost more under the preload than under the adapter?',
    load: async () => (await import('../preload.js')).preload,
  },
  scrape: {
    question: 'How long does a scrape of several workers take, and whom does it hold up?',
    load: async () => (await import('../scrape.js')).scrape,
  },
  latency: {
    question: 'Do the requests of the application feel a scrape?',
    load: async () => (await import('../latency.js')).latency,
  },
  scale: {
    question: 'What does a herd far larger than most ask of its primary?',
    load: async () => (await import('../scale.js')).scale,
  },
  memory: {
    question: 'What do 20,000 histogram series take in a worker?',
    load: async () => (await import('../memory.js')).memory,
  },
  startup: {
    question: 'How long does it take to import a middleware?',
    load: async () => (await import('../startup.js')).startup,
  },
  growth: {
    question: 'Do time and memory grow with the herd, and with no more?',
    load: async () => (await import('../growth.js')).growth,
  },
  copy: {
    question: 'What does it cost a worker to have its prom-client registries copied?',
    load: async () => (await import('../copy.js')).copy,
  },
  sampling: {
    question: 'What does it cost a worker to look at itself?',
    load: async () => (await import('../sampling.js')).sampling,
  },
  redis: {
    question: 'What does it take to send a herd to Redis, and to serve the sum of many hosts?',
    load: async () => (await import('../redis.js')).redis,
  },
}
