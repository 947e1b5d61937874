/** The exchanges that all sides record: the same routes, statuses and durations in the same order. */

export const LABELS = ['method', 'route', 'status_code']
const METHODS = ['GET', 'POST', 'PUT']
export const STATUSES = [200, 201, 404, 500]
/** The percentage of exchanges with each status: a healthy service with some errors. */
const SHARES = [86, 8, 4, 2]
const HUNDRED = STATUSES.flatMap((status, i) => Array(SHARES[i]).fill(status))
/** The same strings each time, as the templates of a router are. */
const ROUTES = Array.from({ length: 20 }, (_, i) => `/api/things/${i}/:id`)

/**
 * Durations are whole multiples of 1/1024 s, so that their sums are exact in any order.
 * @param {number} count
 * @param {readonly number[]} [statuses] to pick from
 * @returns {{ method: string, route: string, status: number, seconds: number }[]}
 */
export function exchanges(count, statuses = HUNDRED) {
  const random = generator(1)
  const pick = list => list[Math.floor(random() * list.length)]
  return Array.from({ length: count }, () => ({
    method: pick(METHODS),
    route: pick(ROUTES),
    status: pick(statuses),
    // From 1 ms to 16 s, with the same number in each octave, so that every bucket is used.
    seconds: Math.ceil(2 ** (random() * 14)) / 1024,
  }))
}

/** The label values of series number `i`, as a service with many routes has them. */
export function seriesLabels(i) {
  return [METHODS[i % 3], `/api/v1/things/${Math.floor(i / 12)}/:id`, String(STATUSES[Math.floor(i / 3) % 4])]
}

/** The durations that worker `worker` observes in series `i`, in different buckets. */
export function observationsOf(worker, i) {
  return [1, 7 + (i % 13), 100 * worker + (i % 500)].map(units => units / 1024)
}

/** A small generator of numbers from 0 to 1, the same in every run (mulberry32). */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296
  }
}
