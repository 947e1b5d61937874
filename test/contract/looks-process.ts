import { expect } from 'vitest'
import type { Chapter, Exception, Law } from './law.ts'
import { type LooksOfProcess, processDifferences } from './looks-compared.ts'
import { type Mode, sightsOf } from './looks-run.ts'

interface Compared {
  readonly before: Pair
  readonly after: Pair
}

/** The state of a process without promherd, and with it. */
type Pair = readonly [LooksOfProcess, LooksOfProcess]

/** The added values. */
type More = Readonly<Record<string, unknown>>

const PRELOAD = 'the preload'
const ADAPTERS = 'adapters'

const SYMBOLS = 'State that copies of promherd share is stored under symbols that are not enumerable.'
const SHARED = ['Symbol(promherd.shared.#)', 'Symbol(promherd.monitor.v1)']
const STARTED = 'Symbol(promherd.auto.v1)'
const LISTENERS = { listeners: ['exit saveAll', 'exit leaveAll', 'uncaughtExceptionMonitor countAll'] }

const LAWS: readonly Law<Compared>[] = [
  same('the handles, requests and resources that keep it running', ['handles', 'requests', 'resources']),
  same('the environment, and all keys of `process`', ['environment', 'process']),
  same('`Error.stackTraceLimit`, `Error.prepareStackTrace` and `Error.captureStackTrace`', [
    'error',
    'stackTraceLimit',
  ]),
  same('the functions that load modules, and their hooks', ['modules', 'extensions']),
  same('the listeners of `process`', ['listeners'], {
    [PRELOAD]: [{}, LISTENERS],
    [ADAPTERS]: [{}, LISTENERS],
    reason:
      'In a process that records HTTP, the counts are saved at exit. No listener changes the exit, its code or its order.',
  }),
  same('the keys of `globalThis`', ['global'], {
    [PRELOAD]: [{ global: [STARTED] }, { global: [STARTED, ...SHARED] }],
    [ADAPTERS]: [{ global: SHARED.slice(0, 1) }, { global: SHARED }],
    reason: SYMBOLS,
  }),
  same('the CommonJS modules in `require.cache`', ['cache'], {
    [PRELOAD]: [{}, { cache: ['packages/core/bundle/measuring.js'] }],
    reason:
      'The module that records servers is loaded synchronously with the first server, which only `require` can do.',
  }),
  same('`cluster`, and the flags of Node except that of the preload', ['cluster', 'execArgv'], {
    [PRELOAD]: [withForks(), withForks()],
    reason:
      'The environment is the only way to give workers a directory, so `fork` is replaced by a function with the same name and length.',
  }),
]

function withForks(): More {
  const fork = [expect.stringMatching(/^fork \/1\/\w{8}$/)]
  return { cluster: { more: fork, less: fork }, execArgv: ['--import', '@promherd/core/auto'] }
}

interface Excuses {
  readonly [PRELOAD]?: readonly [before: More, after: More]
  readonly [ADAPTERS]?: readonly [before: More, after: More]
  readonly reason: string
}

function same(what: string, keys: readonly string[], excuses?: Excuses): Law<Compared> {
  const check = ({ before, after }: Compared, [first, last]: readonly [More, More]): void => {
    expect(processDifferences(picked(before[0], keys), picked(before[1], keys))).toEqual(first)
    expect(processDifferences(picked(after[0], keys), picked(after[1], keys))).toEqual(last)
  }
  const cannot: Record<string, Exception<Compared>> = {}
  for (const name of [PRELOAD, ADAPTERS] as const) {
    const expected = excuses?.[name]
    if (expected === undefined) continue
    cannot[name] = { reason: excuses!.reason, instead: async compared => check(compared, expected) }
  }
  return { sentence: `the same: ${what}`, run: async compared => check(compared, [{}, {}]), cannot }
}

function picked(looks: LooksOfProcess, keys: readonly string[]): LooksOfProcess {
  return Object.fromEntries(keys.map(key => [key, looks[key]]))
}

function subject(name: string, bare: Mode, recorded: Mode, isPreloaded: boolean) {
  return {
    name,
    async within(use: (compared: Compared) => Promise<void>) {
      const [without, seen] = [await sightsOf(bare), await sightsOf(recorded, isPreloaded)]
      await use({ before: [without.before, seen.before], after: [without.after, seen.after] })
    },
  }
}

export const LOOKS_OF_PROCESS: Chapter<Compared> = {
  title: 'What a program sees of its process',
  about:
    'Before a program has created a server, and after servers of every framework have responded to requests. The ' +
    'compared processes are those of the previous chapter.',
  subjects: [subject(PRELOAD, 'without', 'without', true), subject(ADAPTERS, 'nothing', 'adapter', false)],
  laws: LAWS,
}
