import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Aggregator } from '../definitions/definition.ts'
import { write } from '../exposition/encoder.ts'
import { OpenMetricsEncoder } from '../exposition/openmetrics.ts'
import { TextEncoder004 } from '../exposition/text.ts'
import { HttpRecorder } from '../http/http-recorder.ts'
import { countRefused } from '../http/watch/refused-requests.ts'
import { Instruments } from '../instruments/instruments.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { runSync } from '../snapshot/task.ts'
import { Store } from '../store/store.ts'
import { Herd } from './herd.ts'
import { SingleProcessHerd } from './single-process-herd.ts'

/**
 * Unchanged numbers are not added up or written again. So a reader with cached sums must return, scan after scan, what a
 * new reader returns.
 */

const MODES: readonly Aggregator[] = ['sum', 'max', 'min', 'average', 'first', 'latest', 'worker']
/** More than a block of the sum, a page of a store, and a block of the text. */
const SERIES = 300

/** The instruments of one worker, and what may be done with them. Whole numbers, whose sums know no rounding. */
class Worker {
  readonly store: Store
  readonly #counter
  readonly #histogram
  readonly #gauges
  readonly #recorder

  constructor(store: Store, seriesFirst: number) {
    this.store = store
    const instruments = new Instruments(store)
    const labels = ['i'] as const
    this.#counter = instruments.counter({ name: 'jobs_total', help: 'J.', labels })
    this.#histogram = instruments.histogram({ name: 'sizes', help: 'S.', labels, buckets: [1, 10] })
    this.#gauges = MODES.map(mode => instruments.gauge({ name: `gauge_${mode}`, help: 'G.', labels, aggregator: mode }))
    this.#recorder = new HttpRecorder(store)
    for (let i = 0; i < SERIES; i++) this.#recorder.record('GET', `/${i}`, 200, 1)
    // Each begins with another series, so that no two have theirs in the same order.
    for (let i = 0; i < SERIES; i += 3) this.#counter.labels(String((seriesFirst + i) % SERIES)).inc()
  }

  do({ what, series, value }: Act): void {
    const i = String(series)
    const gauge = this.#gauges[value % MODES.length]!
    if (what === 'inc') this.#counter.labels(i).inc(value)
    if (what === 'observe') this.#histogram.labels(i).observe(value)
    if (what === 'set') gauge.labels(i).set(value)
    if (what === 'unset') gauge.labels(i).clear()
    if (what === 'remove') [this.#counter, this.#histogram, gauge][value % 3]!.remove(i)
    if (what === 'clear') this.#histogram.clear()
    // Its counts are added to another family.
    if (what === 'serve') this.#recorder.record('GET', `/${i}`, 200, value)
    if (what === 'refuse') countRefused(this.#recorder.owner, 'GET', 431)
    this.store.flush()
  }
}

interface Act {
  readonly what: string
  readonly worker: number
  readonly series: number
  readonly value: number
}

const acts = fc.array(
  fc.record({
    what: fc.constantFrom(
      'inc',
      'inc',
      'inc',
      'observe',
      'observe',
      'set',
      'set',
      'unset',
      'remove',
      'clear',
      'serve',
      'serve',
      'refuse',
      'leave',
      'look',
    ),
    worker: fc.nat(2),
    // Mostly the same few, so that what changes is not new each time.
    series: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(0, 1, SERIES - 2, SERIES - 1) },
      { weight: 1, arbitrary: fc.nat(SERIES - 1) },
    ),
    value: fc.nat(20),
  }),
  { minLength: 5, maxLength: 60 },
)

/** The families of the workers' own: what the herd says of itself is of the moment. */
function ownIn(snapshot: Snapshot): Snapshot {
  return {
    ...snapshot,
    families: snapshot.families.filter(({ name }) => /^(jobs_total|sizes|gauge_|http_)/.test(name)),
  }
}

/** The lines of both formats, sorted, because a later reader finds the series in another order. */
class Reading {
  readonly #encoders = [new TextEncoder004(), new OpenMetricsEncoder()]

  of(snapshot: Snapshot): string[][] {
    return this.#encoders.map(encoder => {
      const { pieces } = runSync(write(ownIn(snapshot), encoder))
      return Buffer.concat(pieces).toString().split('\n').sort()
    })
  }
}

test.each(['mmap', 'file'] as const)(
  'of %s stores, a reader with cached sums reads what a new reader reads',
  async storage => {
    await fc.assert(
      fc.asyncProperty(acts, async script => {
        const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
        const open = (worker: number) => new Worker(new Store({ storage, directory, worker: worker + 1 }), 100 * worker)
        const workers = [open(0), open(1), open(2)]
        const herd = new Herd({ directory })
        herd.lead()
        const reading = new Reading()
        const handedOut: { snapshot: Snapshot; values: number[][] }[] = []
        try {
          for (const act of [...script, { what: 'look', worker: 0, series: 0, value: 0 }]) {
            if (act.what === 'leave') {
              workers[act.worker]!.store.close()
              // Some are seen when they are gone and not yet retired.
              if (act.value % 2 === 0) await herd.retireExited()
              workers[act.worker] = open(act.worker)
            } else if (act.what !== 'look') {
              workers[act.worker]!.do(act)
              continue
            }
            const snapshot = await herd.snapshot()
            const newcomer = new Herd({ directory })
            expect(reading.of(snapshot)).toEqual(new Reading().of(await newcomer.snapshot()))
            await newcomer.close()
            handedOut.push({ snapshot, values: snapshot.families.map(({ values }) => [...values]) })
          }
          for (const { snapshot, values } of handedOut) {
            expect(snapshot.families.map(family => [...family.values])).toEqual(values)
          }
        } finally {
          await herd.close()
          for (const { store } of workers) store.close()
          rmSync(directory, { recursive: true, force: true })
        }
      }),
      { numRuns: 12 },
    )
  },
)

test('a single process reads in each scan what a new reader reads', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async script => {
      const worker = new Worker(new Store({ storage: 'memory', directory: undefined, worker: 1 }), 0)
      const herd = new SingleProcessHerd(worker.store)
      const reading = new Reading()
      for (const act of script) {
        if (act.what !== 'look') worker.do(act)
        else {
          const newcomer = new SingleProcessHerd(worker.store)
          expect(reading.of(await herd.snapshot())).toEqual(new Reading().of(await newcomer.snapshot()))
        }
      }
    }),
    { numRuns: 15 },
  )
})
