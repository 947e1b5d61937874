import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Herd } from '@promherd/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runProcess } from '../support/process.ts'
import { until } from '../support/until.ts'

/** The herd has all prom-client counts of a process, independently of how the process exited. */

const PROGRAM = fileURLToPath(new URL('./exiting-program.mjs', import.meta.url))

function herdIn(directory: string): Herd {
  const herd = new Herd({ directory })
  onTestFinished(() => herd.close())
  return herd
}

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-exits-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

/** Families that are copied within 100 ms, and those that are sampled at an exit. */
const COPIED = ['c_total', 'h', 's']
const NAMES = [...COPIED, 'c_collected_total', 'h_collected']

/** The numbers of the program's families, by label values. */
async function counted(herd: Herd, names: readonly string[] = NAMES): Promise<Record<string, readonly number[]>> {
  const { families } = await herd.snapshot()
  const own = families.filter(({ name }) => names.includes(name))
  return Object.fromEntries(
    own.flatMap(({ name, labels, values }) =>
      labels.map((each, i) => [[name, ...each].join(), [...values.of(i)]] as const),
    ),
  )
}

/** What the program counts in n turns: of histograms the buckets and the sum, of summaries the sum and the count. */
function times(n: number): Record<string, readonly number[]> {
  return {
    'c_total,given': [n],
    'c_total,bound': [2 * n],
    'h,given': [n, 0, 0, 0.5 * n],
    'h,bound': [0, 0, n, 50 * n],
    s: [3 * n, n],
  }
}

describe('no count is lost, and the process exits as without promherd', () => {
  const WAYS = [
    ['exit', 'by process.exit() in its first turn'],
    ['throwLater', 'by an uncaught error'],
    ['reject', 'by an unhandled rejection'],
    ['end', 'because its event loop is empty'],
    ['listener', 'and counts in an exit listener'],
    ['lastListener', 'and calls process.exit() in an exit listener'],
    ['handled', 'by its own handler of SIGTERM'],
    ['thread', 'by process.exit() in a thread'],
    ['failingThread', 'by an uncaught error in a thread'],
  ] as const
  test.each(WAYS)('%s: when it exits %s', async way => {
    const directory = newDirectory()
    const env = { NODE_OPTIONS: undefined, PROMETHEUS_MULTIPROC_DIR: undefined }
    const run = (more: object) => runProcess(process.execPath, [PROGRAM, way], { env: { ...env, ...more } })
    const [alone, herded] = await Promise.all([run({}), run({ PROMETHEUS_MULTIPROC_DIR: directory })])
    expect(herded).toEqual(alone)
    const collected = { c_collected_total: [1], h_collected: [0, 1, 0, 5] }
    expect(await counted(herdIn(directory))).toEqual({ ...times(1), ...collected })
  })
})

test('at an exit, metrics with an asynchronous or failing collect() are not sampled, and the exit is not changed', async () => {
  const directory = newDirectory()
  const env = { NODE_OPTIONS: undefined, PROMETHEUS_MULTIPROC_DIR: directory }
  const { code, output } = await runProcess(process.execPath, [PROGRAM, 'uncollected'], { env })
  expect([code, output]).toEqual([3, 'answering,failing\n'])
  expect(await counted(herdIn(directory), ['promised_total', 'answering_total', 'failing_total'])).toEqual({})
})

describe.each(['mmap', 'file'])('with a %s store', storage => {
  test('counts of any phase of the event loop survive a SIGKILL of the idle process', async () => {
    const directory = newDirectory()
    const herd = herdIn(directory)
    const child = fork(PROGRAM, ['wait'], {
      env: { ...process.env, PROMETHEUS_MULTIPROC_DIR: directory, PROMHERD_STORAGE: storage },
    })
    onTestFinished(() => end(child))
    await once(child, 'message')
    for (const [i, phase] of ['message', 'timer', 'immediate', 'timer', 'message'].entries()) {
      child.send(phase)
      await until(async () => (await counted(herd, COPIED))['s']?.[1] === i + 1, {
        what: `${i + 1} counts by ${phase}`,
      })
    }
    await end(child)
    expect(await counted(herd, COPIED)).toEqual(times(5))
  })
})

test.each(['mmap', 'file'])(
  'an idle process with a thousand series in a %s store is not woken to copy them',
  async storage => {
    const program = fileURLToPath(new URL('./idle.mjs', import.meta.url))
    const env = { NODE_OPTIONS: undefined, PROMETHEUS_MULTIPROC_DIR: newDirectory(), PROMHERD_STORAGE: storage }
    const { code, output } = await runProcess(process.execPath, [program, '3'], { env })
    expect(code, output).toBe(0)
    // A heartbeat and a sample of the event loop's delay each second, and as many again for Node itself.
    expect(Number(output)).toBeLessThanOrEqual(3 * 2 * 2)
  },
)

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
