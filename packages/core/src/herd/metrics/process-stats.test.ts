import { expect, test } from 'vitest'
import type { Definition } from '../../definitions/definition.ts'
import { FAMILIES } from '../../definitions/metrics.ts'
import { Numbers } from '../../snapshot/numbers.ts'
import type { Family } from '../../snapshot/snapshot.ts'
import { HEADER } from '../../store/header.ts'
import { Store } from '../../store/store.ts'
import type { Usage } from './pid-usage.ts'
import { ProcessStats, type ProcessStatsOptions, type UsageOf } from './process-stats.ts'
import { SelfSource } from './self-source.ts'

const OWN: Usage = { cpuSeconds: 1, residentBytes: process.memoryUsage.rss() }

/** A worker whose process has this pid, as far as its store tells. */
function member(worker: number, pid: number, threadId = 0): SelfSource {
  const store = new Store({ storage: 'memory', directory: undefined, worker })
  store.storage.values[HEADER.pid] = pid
  store.storage.values[HEADER.threadId] = threadId
  const source = new SelfSource(store)
  source.refresh()
  return source
}

function said(definition: Definition, values: Readonly<Record<string, number>>): Family {
  const { name, help } = definition
  return {
    name,
    type: definition.type as 'gauge',
    help,
    labelNames: ['worker'],
    buckets: [],
    aggregator: 'sum' as const,
    labels: Object.keys(values).map(worker => [worker]),
    values: Numbers.from(Object.values(values)),
  }
}

const cpu = (values: Readonly<Record<string, number>>): Family => said(FAMILIES.workerCpu, values)
const memory = (values: Readonly<Record<string, number>>): Family => said(FAMILIES.workerResidentMemory, values)

/** Something to look with: what it sees is what a test puts there. */
class World {
  readonly usages = new Map<number, Usage>([[process.pid, OWN]])
  readonly errors: string[] = []
  looks = 0
  now = 0
  fails = false
  readonly processStats: ProcessStats

  constructor(options: ProcessStatsOptions = {}) {
    const usage: UsageOf = async () => {
      this.looks++
      if (this.fails) throw new Error('no such file')
      return this.usages
    }
    this.processStats = new ProcessStats(message => this.errors.push(message), {
      usage,
      now: () => this.now,
      ...options,
    })
  }

  sees(pid: number, cpuSeconds: number, residentBytes = 100): void {
    this.usages.set(pid, { cpuSeconds, residentBytes })
  }

  /** Looks, and answers what is shown then: of `total`, each member has said its own part. */
  async cpu(total: Readonly<Record<string, number>>, own: ReadonlyMap<SelfSource, number>): Promise<object> {
    const members = [...own.keys()]
    await this.processStats.sample(members)
    const families = this.processStats.correct([cpu(total)], members, member => own.get(member as SelfSource)!)
    return valuesIn(families, FAMILIES.workerCpu)
  }

  async shown(
    definition: Definition,
    families: readonly Family[],
    members: readonly SelfSource[],
  ): Promise<Record<string, number>> {
    await this.processStats.sample(members)
    return valuesIn(
      this.processStats.correct(families, members, () => 0),
      definition,
    )
  }
}

function valuesIn(families: readonly Family[], { name }: Definition): Record<string, number> {
  const family = families.find(each => each.name === name)
  return Object.fromEntries((family?.labels ?? []).map(([worker], i) => [worker, family!.values.get(i)]))
}

test('the CPU seconds of a worker that reports nothing increase, and do not fall when it reports again', async () => {
  const world = new World()
  const [hangs, works] = [member(1, 11), member(2, 12)]
  const shown = (said: number) =>
    world.cpu(
      { 1: said, 2: 5.25 },
      new Map([
        [hangs, said],
        [works, 5.25],
      ]),
    )
  world.sees(11, 1)
  world.sees(12, 5.25)
  expect(await shown(1.5)).toEqual({ 1: 1.5, 2: 5.25 })
  world.sees(11, 4)
  expect(await shown(1.5)).toEqual({ 1: 4, 2: 5.25 })
  world.sees(11, 4.25)
  expect(await shown(4.5)).toEqual({ 1: 4.5, 2: 5.25 })
  expect(await shown(4.25)).toEqual({ 1: 4.5, 2: 5.25 })
})

test('the CPU seconds of a worker that hung are kept after it was killed and replaced', async () => {
  const world = new World()
  const [first, second, third] = [member(1, 11), member(1, 21), member(1, 31)]
  world.sees(11, 30)
  expect(await world.cpu({ 1: 2 }, new Map([[first, 2]]))).toEqual({ 1: 30 })
  // The second one was not sampled yet.
  expect(await world.cpu({ 1: 2.5 }, new Map([[second, 0.5]]))).toEqual({ 1: 30.5 })
  world.sees(21, 3)
  expect(await world.cpu({ 1: 4.5 }, new Map([[second, 2.5]]))).toEqual({ 1: 33 })
  // It says more at its end than was seen of it.
  expect(await world.cpu({ 1: 6 }, new Map([[third, 0.5]]))).toEqual({ 1: 34 })
})

test.each(['before', 'after'])(
  'CPU time that is added to the totals %s the next snapshot is not counted twice',
  async moment => {
    const world = new World()
    const [first, second] = [member(1, 11), member(1, 21)]
    const store = { id: first.header('storeId'), worker: 1 }
    world.sees(11, 30)
    expect(await world.cpu({ 1: 2 }, new Map([[first, 2]]))).toEqual({ 1: 30 })
    if (moment === 'after') expect(await world.cpu({ 1: 2.5 }, new Map([[second, 0.5]]))).toEqual({ 1: 30.5 })
    expect(world.processStats.sampledCpu(store.id)).toBe(30)
    world.processStats.retired(store, 28)
    expect(world.processStats.sampledCpu(store.id)).toBeUndefined()
    expect(await world.cpu({ 1: 30.5 }, new Map([[second, 0.5]]))).toEqual({ 1: 30.5 })
    expect(await world.cpu({ 1: 31 }, new Map([[second, 1]]))).toEqual({ 1: 31 })
  },
)

test('a worker that is first sampled after it reported is not counted twice', async () => {
  const world = new World()
  const late = member(1, 11)
  expect(await world.cpu({ 1: 2 }, new Map([[late, 2]]))).toEqual({ 1: 2 })
  world.sees(11, 2.25)
  expect(await world.cpu({ 1: 2 }, new Map([[late, 2]]))).toEqual({ 1: 2.25 })
})

test('a worker that hung, recovered and exited is not counted twice', async () => {
  const world = new World()
  const [first, second] = [member(1, 11), member(1, 21)]
  world.sees(11, 30)
  expect(await world.cpu({ 1: 2 }, new Map([[first, 2]]))).toEqual({ 1: 30 })
  expect(await world.cpu({ 1: 31.5 }, new Map([[second, 0.5]]))).toEqual({ 1: 31.5 })
})

test('memory and CPU utilization are those of the newest process of a worker, once it was sampled', async () => {
  const world = new World()
  const old = member(1, 11)
  world.sees(11, 1, 100)
  expect(await world.shown(FAMILIES.workerResidentMemory, [memory({ 1: 90 })], [old])).toEqual({ 1: 100 })
  // A gauge that the worker has not set is there all the same.
  expect(await world.shown(FAMILIES.workerResidentMemory, [], [old])).toEqual({ 1: 100 })
  const newer = member(1, 21)
  expect(await world.shown(FAMILIES.workerResidentMemory, [memory({ 1: 50 })], [old, newer])).toEqual({ 1: 50 })
  world.sees(21, 1, 60)
  expect(await world.shown(FAMILIES.workerResidentMemory, [memory({ 1: 50 })], [old, newer])).toEqual({ 1: 60 })
  world.now = 999
  world.sees(21, 1.5, 60)
  expect(await world.shown(FAMILIES.workerCpuUtilization, [], [old, newer])).toEqual({})
  world.now = 2000
  expect(await world.shown(FAMILIES.workerCpuUtilization, [], [old, newer])).toEqual({ 1: 0.25 })
})

test('an old sample is not served as a current one', async () => {
  const world = new World()
  const members = [member(1, 11)]
  world.sees(11, 1, 100)
  expect(await world.shown(FAMILIES.workerResidentMemory, [memory({ 1: 90 })], members)).toEqual({ 1: 100 })
  world.usages.delete(11)
  world.now = 10_001
  expect(await world.shown(FAMILIES.workerResidentMemory, [memory({ 1: 90 })], members)).toEqual({ 1: 90 })
})

test('failing samples are reported once, and again only after one succeeded', async () => {
  const world = new World()
  const members = [member(1, 11)]
  world.sees(11, 7)
  const shown = () => world.cpu({ 1: 2 }, new Map(members.map(each => [each, 2])))
  world.fails = true
  expect(await shown()).toEqual({ 1: 2 })
  expect(await shown()).toEqual({ 1: 2 })
  expect(world.errors).toEqual([
    'process stats cannot be read (no such file): the served CPU and memory of workers are those that they reported last, and do not change while a worker hangs',
  ])
  world.fails = false
  expect(await shown()).toEqual({ 1: 7 })
  world.fails = true
  expect(await shown()).toEqual({ 1: 7 })
  expect(world.errors).toHaveLength(2)
})

test.each([
  ['does not find itself', undefined],
  ['finds its own memory to be four times what it is', { ...OWN, residentBytes: OWN.residentBytes * 4 }],
])('results are discarded if the sampler %s', async (_, own) => {
  const world = new World()
  if (own === undefined) world.usages.delete(process.pid)
  else world.usages.set(process.pid, own)
  world.sees(11, 7, 100)
  expect(await world.shown(FAMILIES.workerResidentMemory, [memory({ 1: 90 })], [member(1, 11)])).toEqual({ 1: 90 })
  expect(world.errors).toHaveLength(1)
})

test('a slow sample is shared, and the previous results are served meanwhile', async () => {
  let answer = (_: ReadonlyMap<number, Usage>): void => {}
  let asked = 0
  const usage: UsageOf = () => {
    asked++
    return new Promise(resolve => {
      answer = resolve
    })
  }
  const processStats = new ProcessStats(() => {}, { usage })
  const members = [member(1, 11)]
  const looks = [processStats.sample(members), processStats.sample(members)]
  expect(asked).toBe(1)
  expect(processStats.correct([memory({ 1: 90 })], members, () => 0)[0]!.values.get(0)).toBe(90)
  answer(
    new Map([
      [process.pid, { ...OWN, residentBytes: process.memoryUsage.rss() }],
      [11, { cpuSeconds: 1, residentBytes: 100 }],
    ]),
  )
  await Promise.all(looks)
  expect(processStats.correct([memory({ 1: 90 })], members, () => 0)[0]!.values.get(0)).toBe(100)
})

test('threads and primaries are not sampled', async () => {
  const world = new World()
  await world.processStats.sample([member(0, 11), member(1, 12, 3)])
  expect(world.looks).toBe(0)
})

test('a foreign process is sampled only if it owns its pid itself', async () => {
  const world = new World({ areForeign: true })
  const [itself, taken, unsaid] = [1, 2, 3].map(worker => member(worker, process.pid))
  const all = [itself!, alter(taken!, 1), alter(unsaid!, 0)]
  const seen = { [itself!.worker]: OWN.residentBytes }
  expect(await world.shown(FAMILIES.workerResidentMemory, [], all)).toEqual(process.platform === 'linux' ? seen : {})
  const own = memory({ 1: 90, 2: 90, 3: 90 })
  expect(await world.shown(FAMILIES.workerResidentMemory, [own], all.slice(1))).toEqual({ 1: 90, 2: 90, 3: 90 })
})

/** The same worker, as if it had been started at another tick; 0 if that is unknown. */
function alter(source: SelfSource, startTicks: number): SelfSource {
  source.values[HEADER.startTicks] = startTicks
  return source
}

test('the CPU seconds of foreign processes are those that they report, so that no reader serves less than another', async () => {
  const world = new World({ areForeign: true })
  const worker = member(1, process.pid)
  world.usages.set(process.pid, { ...OWN, cpuSeconds: 30 })
  expect(await world.cpu({ 1: 2 }, new Map([[worker, 2]]))).toEqual({ 1: 2 })
  world.now = 2000
  world.usages.set(process.pid, { ...OWN, cpuSeconds: 31 })
  expect(await world.shown(FAMILIES.workerCpuUtilization, [], [worker])).toEqual({ 1: 0.5 })
})
