/** The benchmarks, in the order of the page: the question of each, and how it is loaded. */
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
    question: 'How long does a scrape of several workers take, and which processes does it block?',
    load: async () => (await import('../scrape.js')).scrape,
  },
  latency: {
    question: 'Does a scrape delay the requests of the application?',
    load: async () => (await import('../latency.js')).latency,
  },
  scale: {
    question: 'How much time and memory does the primary of a very large herd need?',
    load: async () => (await import('../scale.js')).scale,
  },
  memory: {
    question: 'How much memory do 20,000 histogram series need in a worker?',
    load: async () => (await import('../memory.js')).memory,
  },
  startup: {
    question: 'How long does it take to import a middleware?',
    load: async () => (await import('../startup.js')).startup,
  },
  growth: {
    question: 'Do time and memory grow linearly with the herd, and not with the number of restarts?',
    load: async () => (await import('../growth.js')).growth,
  },
  copy: {
    question: 'How much CPU time does a worker need to copy its prom-client registries?',
    load: async () => (await import('../copy.js')).copy,
  },
  sampling: {
    question: 'How much CPU time does a worker need for its own metrics?',
    load: async () => (await import('../sampling.js')).sampling,
  },
  redis: {
    question: 'How much CPU time and memory are needed to send a herd to Redis, and to serve the sum of many hosts?',
    load: async () => (await import('../redis.js')).redis,
  },
}
