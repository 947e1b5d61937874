import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { DURATION_BUCKETS } from '../../packages/core/dist/definitions/metrics.js'
import { HEADER, HEADER_SLOTS } from '../../packages/core/dist/store/header.js'
import { Store } from '../../packages/core/dist/store/store.js'
import { storePaths } from '../../packages/core/dist/store/store-files.js'
import { LABELS, observationsOf, seriesLabels } from '../lib/workload.js'

/** A herd of any size without its processes: one store is filled, and the others are copies of it with other names. */

export const FAMILY = 'bench_duration_seconds'
const WIDTH = DURATION_BUCKETS.length + 2

/** Fills the directory. This process owns all stores. Returns a function that changes every hundredth series, or more. */
export function fillHerd(directory, stores, series) {
  const { paths, slots } = fillStore(directory, series)
  const all = [paths]
  for (let worker = 2; worker <= stores; worker++) {
    const copy = storePaths(directory, worker, worker)
    const values = floatsOf(paths.values)
    values[HEADER.worker] = worker
    values[HEADER.storeId] = worker
    copyFileSync(paths.catalog, copy.catalog)
    writeFileSync(copy.values, values)
    all.push(copy)
  }
  return (every = 100) => {
    const changed = slots.filter((_, i) => i % every === 0)
    for (const { values } of all) addOne(values, changed)
  }
}

function fillStore(directory, series) {
  const store = new Store({ storage: 'file', directory, worker: 1 })
  const definition = { name: FAMILY, type: 'histogram', help: 'Durations.', labels: LABELS, buckets: DURATION_BUCKETS }
  const family = store.family({ ...definition, aggregator: 'sum' }, series + 1)
  const slots = Array.from({ length: series }, (_, i) => family.slot(seriesLabels(i)))
  for (const [i, slot] of slots.entries()) {
    for (const seconds of observationsOf(1, i)) {
      const bucket = DURATION_BUCKETS.findIndex(bound => seconds <= bound)
      store.storage.values[slot + (bucket < 0 ? DURATION_BUCKETS.length : bucket)]++
      store.storage.values[slot + WIDTH - 1] += seconds
    }
  }
  store.flush()
  return { paths: store.paths, slots }
}

/** Adds one observation of 0 s to the first bucket of these series. */
function addOne(path, slots) {
  const values = floatsOf(path)
  for (const slot of slots) values[slot]++
  const fd = openSync(path, 'r+')
  writeSync(fd, new Uint8Array(values.buffer, HEADER_SLOTS * 8), 0, undefined, HEADER_SLOTS * 8)
  closeSync(fd)
}

function floatsOf(path) {
  const bytes = readFileSync(path)
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}
