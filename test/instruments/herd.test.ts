import { createMonitor, Herd, type Monitor, type Snapshot } from '@promherd/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { temporaryDirectory } from '../support/resources.ts'

/**
 * Random lives of workers against a model, read through the directory.
 *
 * The model of a worker is a map from series to numbers. What a worker has when it ends goes to the model of exited workers,
 * if it is a count; what a worker removes goes from the worker's own model alone.
 */

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const
const BOUNDS = [1, 10]
const MAX_SERIES = 4
const WORKERS = 2

/** Where a store says which process owns it, and a pid that no process has. */
const PID_SLOT = 4
const NO_PROCESS = 2 ** 30

interface Numbers {
  counts: Map<string, number>
  levels: Map<string, number>
  sizes: Map<string, number[]>
}

const worker = fc.nat(WORKERS - 1)
const name = fc.constantFrom(...NAMES)
const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('inc'), worker, name, by: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set'), worker, name, by: fc.integer({ min: -9, max: 9 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('observe'), worker, name, by: fc.nat(20) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('remove'), worker, name, by: fc.constant(0) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('expire'), worker, name, by: fc.constant(0) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('clear', 'end', 'kill', 'retire', 'retire'),
      worker,
      name,
      by: fc.constant(0),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('look'), worker, name, by: fc.constant(0) }) },
)

// Without `size` such a list has hardly ten items: too short a life to remove something, die and be looked at.
const lives = fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' })

test.each(['mmap', 'file'] as const)(
  'whatever is recorded, removed and retired on the %s storage, a herd shows it',
  async storage => {
    await fc.assert(
      fc.asyncProperty(lives, async operations => {
        const stage = new Stage(storage)
        try {
          for (const each of [...operations, { do: 'look', worker: 0, name: 'a', by: 0 } as const])
            await stage.play(each)
        } finally {
          await stage.close()
        }
      }),
      { numRuns: 60 },
    )
  },
)

interface Operation {
  readonly do: string
  readonly worker: number
  readonly name: string
  readonly by: number
}

class Stage {
  readonly #storage: 'mmap' | 'file'
  readonly #directory = temporaryDirectory()
  readonly #herd = new Herd({ directory: this.#directory.path })
  readonly #workers: Worker[]
  readonly #dead = noNumbers()
  readonly #killed: Monitor[] = []

  constructor(storage: 'mmap' | 'file') {
    this.#storage = storage
    this.#herd.lead()
    this.#workers = Array.from({ length: WORKERS }, (_, i) => this.#start(i))
  }

  async play(operation: Operation): Promise<void> {
    const worker = this.#workers[operation.worker]!
    if (operation.do === 'retire') await this.#herd.retireExited()
    else if (operation.do === 'end' || operation.do === 'kill') {
      if (operation.do === 'end') await worker.monitor.close()
      else this.#killed.push(await worker.kill())
      add(this.#dead.counts, worker.model.counts)
      addAll(this.#dead.sizes, worker.model.sizes)
      this.#workers[operation.worker] = this.#start(operation.worker)
    } else if (operation.do === 'look') await this.#look()
    else worker.play(operation)
  }

  async #look(): Promise<void> {
    for (const { monitor } of this.#workers) await monitor.collect()
    const snapshot = await this.#herd.snapshot()
    const expected = noNumbers()
    for (const { counts, sizes } of [this.#dead, ...this.#workers.map(({ model }) => model)]) {
      add(expected.counts, counts)
      addAll(expected.sizes, sizes)
    }
    for (const { model } of this.#workers) add(expected.levels, model.levels)
    expect(seriesOf(snapshot, 'jobs_total')).toEqual(mapped(expected.counts))
    expect(seriesOf(snapshot, 'level')).toEqual(mapped(expected.levels))
    expect(seriesOf(snapshot, 'sizes')).toEqual(Object.fromEntries(expected.sizes))
  }

  async close(): Promise<void> {
    for (const monitor of [...this.#killed, ...this.#workers.map(({ monitor }) => monitor)]) await monitor.close()
    await this.#herd.close()
    this.#directory.remove()
  }

  #start(i: number): Worker {
    return new Worker(
      createMonitor({ directory: this.#directory.path, worker: i + 1, storage: this.#storage, promClient: false }),
    )
  }
}

/** One worker, what it has recorded, and every series that it ever held: it goes on with those that were removed. */
class Worker {
  readonly monitor: Monitor
  readonly model = noNumbers()
  readonly #jobs
  readonly #level
  readonly #sizes
  readonly #held = new Map<string, { inc(by: number): void }>()
  /** What was recorded to since the last look for idle series, as `kind name`. */
  readonly #touched = new Set<string>()

  constructor(monitor: Monitor) {
    this.monitor = monitor
    const common = { help: 'Help.', labels: ['name'], maxSeries: MAX_SERIES } as const
    this.#jobs = monitor.counter({ ...common, name: 'jobs_total' })
    this.#level = monitor.gauge({ ...common, name: 'level', maxSeries: NAMES.length })
    this.#sizes = monitor.histogram({ ...common, name: 'sizes', maxSeries: NAMES.length, buckets: BOUNDS })
  }

  play({ do: what, name, by }: Operation): void {
    const { counts, levels, sizes } = this.model
    if (what === 'inc') {
      const held = this.#held.get(name) ?? this.#jobs.labels(name)
      this.#held.set(name, held)
      held.inc(by)
      this.#count(counts, name, by)
    } else if (what === 'set') {
      this.#level.labels(name).set(by)
      levels.set(name, by)
      this.#touched.add(`level ${name}`)
    } else if (what === 'observe') {
      this.#sizes.labels(name).observe(by)
      this.#touched.add(`sizes ${name}`)
      addAll(sizes, new Map([[name, [Number(by <= 1), Number(by > 1 && by <= 10), Number(by > 10), by]]]))
    } else if (what === 'remove') {
      for (const [metric, model] of [
        [this.#jobs, counts],
        [this.#level, levels],
        [this.#sizes, sizes],
      ] as const) {
        metric.remove({ name })
        model.delete(name)
      }
    } else if (what === 'expire') this.#expire()
    else {
      for (const metric of [this.#jobs, this.#level, this.#sizes]) metric.clear()
      for (const model of [counts, levels, sizes]) model.clear()
    }
  }

  /** Looks for idle series as the timer would: what was not touched since the last look goes. */
  #expire(): void {
    const { counts, levels, sizes } = this.model
    for (const [kind, model] of [
      ['jobs_total', counts],
      ['level', levels],
      ['sizes', sizes],
    ] as const) {
      internalsOf(this.monitor).store.familyNamed(kind)!.expire(0, 0)
      for (const name of model.keys()) {
        if (name !== '_overflow' && !this.#touched.has(`${kind} ${name}`)) model.delete(name)
      }
    }
    this.#touched.clear()
  }

  /** What a reader sees of a process that was killed: an owner that is not there, and no last word. */
  async kill(): Promise<Monitor> {
    internalsOf(this.monitor).store.storage.values[PID_SLOT] = NO_PROCESS
    await this.monitor.collect()
    return this.monitor
  }

  /** A count that finds the family full goes to the series of the rest, which is shown once it is not zero. */
  #count(counts: Map<string, number>, name: string, by: number): void {
    const own = [...counts.keys()].filter(each => each !== '_overflow')
    const at = counts.has(name) || own.length < MAX_SERIES ? name : '_overflow'
    if (at === name) this.#touched.add(`jobs_total ${name}`)
    if (at === name || by > 0) counts.set(at, (counts.get(at) ?? 0) + by)
  }
}

function noNumbers(): Numbers {
  return { counts: new Map(), levels: new Map(), sizes: new Map() }
}

function add(sum: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, value] of more) sum.set(name, (sum.get(name) ?? 0) + value)
}

function addAll(sum: Map<string, number[]>, more: ReadonlyMap<string, number[]>): void {
  for (const [name, values] of more)
    sum.set(
      name,
      values.map((value, i) => value + (sum.get(name)?.[i] ?? 0)),
    )
}

function mapped(numbers: ReadonlyMap<string, number>): Record<string, number[]> {
  return Object.fromEntries([...numbers].map(([name, value]) => [name, [value]]))
}

function seriesOf({ families }: Snapshot, name: string): Record<string, number[]> {
  const family = families.find(each => each.name === name)
  const numbers = (i: number): number[] => [...family!.values.of(i)]
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(), numbers(i)]))
}
