import { expect, test } from 'vitest'
import { internalsOf } from '../monitor/internals.ts'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'
import type { Family, Snapshot } from '../snapshot/snapshot.ts'
import { runSync } from '../snapshot/task.ts'
import { Group } from './group.ts'
import { HerdLog } from './herd-log.ts'
import { InstanceRun } from './instance-run.ts'
import type { Aggregate } from './shape.ts'
import { foldInto } from './totals.ts'

/** A host that writes a log, and a reader that reads each entry at once. */
class Host {
  readonly monitor: Monitor = createMonitor()
  readonly run: InstanceRun
  log: HerdLog
  #seq = 0
  sizes: number[] = []

  constructor(instance: string, aggregate: Aggregate, log: HerdLog = new HerdLog(1), id = instance) {
    this.run = new InstanceRun({ id, instance, startedAt: internalsOf(this.monitor).store.startedAt }, aggregate)
    this.log = log
  }

  async push(only: (family: Family) => boolean = ({ name }) => !name.startsWith('promherd_')): Promise<void> {
    const snapshot: Snapshot = await this.monitor.snapshot()
    const isFirst = this.log.length === 16
    const families = snapshot.families.filter(only)
    const { names, bytes } = runSync(this.log.encode({ ...snapshot, families }, isFirst))
    this.sizes.push(bytes.length)
    this.#seq++
    if (isFirst) expect(this.run.begin([[this.#seq, bytes]], { epoch: this.log.epoch, bytes: names })).toBe(true)
    else expect(this.run.append([[this.#seq, bytes]], names)).toBe(true)
  }
}

function shown(group: Group, hosts: readonly Host[], departed: readonly Host[] = []): Record<string, number[]> {
  const runs = [...hosts, ...departed].map(({ run }) => run)
  const families = runSync(group.sum(runs, run => !departed.some(host => host.run === run)))
  const entries = families
    .filter(({ name }) => !name.startsWith('promherd_'))
    .flatMap(({ name, labelNames, labels, values }) =>
      labels.map((each, i) => [
        `${name}{${each.map((value, at) => `${labelNames[at]}=${value}`).join(',')}}`,
        [...values.of(i)],
      ]),
    )
  return Object.fromEntries(entries)
}

test('counters and histograms of all hosts are added up, also those of a departed host', async () => {
  const group = new Group('sum')
  const hosts = [new Host('a', 'sum'), new Host('b', 'sum')]
  for (const [i, { monitor }] of hosts.entries()) {
    monitor
      .counter({ name: 'jobs_total', help: 'Jobs.', labels: ['queue'] })
      .labels('mail')
      .inc(10 * (i + 1))
    monitor.histogram({ name: 'size', help: 'Size.', buckets: [1, 10] }).observe(5)
    monitor.gauge({ name: 'depth', help: 'Depth.' }).set(i + 1)
  }
  for (const host of hosts) await host.push()
  const all = { 'jobs_total{queue=mail}': [30], 'size{}': [0, 2, 0, 10], 'depth{}': [3] }
  expect(shown(group, hosts)).toEqual(all)
  expect(shown(group, [hosts[0]!], [hosts[1]!])).toEqual({ ...all, 'depth{}': [1] })
  const empty = { lineage: 'l', version: 0, names: Buffer.alloc(0), values: Buffer.alloc(0) }
  group.setTotals(runSync(foldInto(empty, [hosts[1]!.run.member!])))
  expect(shown(group, [hosts[0]!])).toEqual({ ...all, 'depth{}': [1] })
  // A second one is folded into the same totals.
  group.setTotals(runSync(foldInto(group.totals!, [hosts[0]!.run.member!])))
  expect(shown(group, [])).toEqual({ 'jobs_total{queue=mail}': [30], 'size{}': [0, 2, 0, 10] })
})

test('gauges are combined over all workers of all hosts by their aggregator', async () => {
  const group = new Group('sum')
  const hosts = [new Host('a', 'sum'), new Host('b', 'sum')]
  for (const [i, { monitor }] of hosts.entries()) {
    for (const aggregator of ['sum', 'max', 'min', 'average', 'first', 'latest', 'worker'] as const) {
      monitor.gauge({ name: `g_${aggregator}`, help: 'G.', aggregator }).set(i === 0 ? 10 : 4)
    }
    await hosts[i]!.push()
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  expect(shown(group, hosts)).toEqual({
    'g_sum{}': [14],
    'g_max{}': [10],
    'g_min{}': [4],
    'g_average{}': [7, 2],
    'g_first{}': [10, 1],
    'g_latest{}': [4, expect.any(Number)],
    'g_worker{worker=1,instance=a}': [10],
    'g_worker{worker=1,instance=b}': [4],
  })
})

test('with the label `instance` each live host has its own series, and a label of that name is renamed', async () => {
  const group = new Group('instance')
  const hosts = [new Host('a', 'instance'), new Host('b', 'instance')]
  for (const { monitor } of hosts) {
    monitor
      .counter({ name: 'jobs_total', help: 'Jobs.', labels: ['instance'] })
      .labels('x')
      .inc(2)
  }
  for (const host of hosts) await host.push()
  expect(shown(group, hosts)).toEqual({
    'jobs_total{exported_instance=x,instance=a}': [2],
    'jobs_total{exported_instance=x,instance=b}': [2],
  })
  expect(shown(group, [hosts[0]!], [hosts[1]!])).toEqual({ 'jobs_total{exported_instance=x,instance=a}': [2] })
})

test('an entry contains the changes; removed series disappear, and others take their places', async () => {
  const group = new Group('sum')
  const host = new Host('a', 'sum')
  const jobs = host.monitor.counter({ name: 'jobs_total', help: 'Jobs.', labels: ['queue'] })
  for (let i = 0; i < 1000; i++) jobs.labels(`q${i}`).inc()
  await host.push()
  jobs.labels('q5').inc(2)
  await host.push()
  await host.push()
  expect(host.sizes).toEqual([32 + 8 + 8000, 32 + 16, 32])
  jobs.remove('q5')
  jobs.labels('new').inc(7)
  await host.push()
  const after = shown(group, [host])
  expect(after['jobs_total{queue=new}']).toEqual([7])
  expect(after['jobs_total{queue=q5}']).toBeUndefined()
  expect(Object.keys(after).length).toBe(1000)
})

test('a baseline is subtracted from all later pushes of a herd', async () => {
  const group = new Group('sum')
  const host = new Host('a', 'sum')
  const jobs = host.monitor.counter({ name: 'jobs_total', help: 'Jobs.' })
  jobs.inc(10)
  await host.push()
  const again = new Host('a', 'sum', new HerdLog(2, host.log.baselineAt(host.log.values)), 'a.2')
  Object.assign(again, { monitor: host.monitor })
  jobs.inc(3)
  await again.push()
  expect(shown(group, [again])).toEqual({ 'jobs_total{}': [3] })
  expect(shown(group, [again], [host])).toEqual({ 'jobs_total{}': [13] })
  const third = new Host('a', 'sum', new HerdLog(3, again.log.baselineAt(again.log.values)), 'a.3')
  Object.assign(third, { monitor: host.monitor })
  jobs.inc(1)
  await third.push()
  expect(shown(group, [third])).toEqual({ 'jobs_total{}': [1] })
})

test('a run is read again if a push is missing, and older numbers are rejected', async () => {
  const run = new InstanceRun({ id: 'a', instance: 'a', startedAt: 1 }, 'sum')
  const monitor = createMonitor()
  const log = new HerdLog(1)
  const entries: { names: Buffer; bytes: Buffer }[] = []
  for (let i = 0; i < 3; i++) entries.push(runSync(log.encode(await monitor.snapshot(), i === 0)))
  const names = Buffer.concat(entries.map(each => each.names))
  expect(run.append([[1, entries[0]!.bytes]], names)).toBe(false)
  expect(run.begin([[1, entries[0]!.bytes]], { epoch: 1, bytes: entries[0]!.names })).toBe(true)
  expect(run.append([[3, entries[2]!.bytes]], Buffer.alloc(0))).toBe(false)
  const all = entries.map(({ bytes }, i) => [i + 1, bytes] as const)
  expect(run.begin(all, { epoch: 2, bytes: names })).toBe(false)
  expect(run.begin(all, { epoch: 1, bytes: names })).toBe(true)
  expect(run.seq).toBe(3)
  expect(run.begin(all.slice(0, 2), { epoch: 1, bytes: names })).toBe(false)
  expect(() => run.append([[4, Buffer.from([9, 9])]], Buffer.alloc(0))).toThrow()
})
