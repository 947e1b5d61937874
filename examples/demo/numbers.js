import { get } from 'node:http'

/** Reading Prometheus text, as far as the demo needs it. */

/** Fetches the metrics as a list of samples. */
export async function scrape(url) {
  return parse(await fetchText(url))
}

export function fetchText(url) {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 5_000 }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      response.on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`${url} answered ${response.statusCode}`))
      })
    })
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer within 5 s`)))
    request.on('error', reject)
  })
}

export function parse(text) {
  const samples = []
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (match === null) continue
    const labels = {}
    for (const [, name, value] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = value
    samples.push({ name: match[1], labels, value: Number(match[3].replace('Inf', 'Infinity')) })
  }
  return samples
}

/** The sum of the samples of one name that `wanted` accepts. */
export function sum(samples, name, wanted = () => true) {
  let total = 0
  for (const sample of samples) if (sample.name === name && wanted(sample.labels)) total += sample.value
  return total
}

/** Each worker's pid and count of requests so far, by its number. */
export function workersOf(samples) {
  const workers = new Map()
  for (const { name, labels, value } of samples) {
    const worker = workers.get(labels.worker) ?? { worker: Number(labels.worker), pid: undefined, requests: 0 }
    if (name === 'promherd_worker_info') worker.pid = Number(labels.pid)
    else if (name === 'promherd_worker_requests_total') worker.requests = value
    else continue
    workers.set(labels.worker, worker)
  }
  return [...workers.values()].filter(({ worker }) => worker > 0).sort((a, b) => a.worker - b.worker)
}

/** The cumulative buckets of a histogram: a Map from each `le` to its count. */
export function durationsOf(samples) {
  const counts = new Map()
  for (const { name, labels, value } of samples) {
    if (name !== 'http_request_duration_seconds_bucket') continue
    const bound = Number(labels.le.replace('Inf', 'Infinity'))
    counts.set(bound, (counts.get(bound) ?? 0) + value)
  }
  return counts
}

/** The quantile of the observations between two scrapes of a histogram, computed as by histogram_quantile(). */
export function quantile(q, now, before) {
  const buckets = [...now]
    .sort(([a], [b]) => a - b)
    .map(([bound, n]) => ({ bound, count: n - (before.get(bound) ?? 0) }))
  const rank = q * (buckets.at(-1)?.count ?? 0)
  if (rank === 0) return undefined
  let low = { bound: 0, count: 0 }
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (bucket.bound === Number.POSITIVE_INFINITY) return low.bound
      return low.bound + ((bucket.bound - low.bound) * (rank - low.count)) / (bucket.count - low.count)
    }
    low = bucket
  }
  return undefined
}
