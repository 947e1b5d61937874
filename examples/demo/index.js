import { setTimeout as delay } from 'node:timers/promises'
import { BadOption, readOptions } from './options.js'
import { startHerd, startLoad } from './processes.js'
import { createScreen } from './screen.js'
import { compare, settledCount, verdictLines } from './verdict.js'
import { Watch } from './watch.js'

/**
 * The demo: a herd under load whose workers are killed. At the end, it checks whether a response is missing from the
 * metrics.
 */
const CONNECTIONS = 16
const KILL_EVERY_SECONDS = 10
const LOOK_EVERY_MS = 1_000

const interrupted = new AbortController()

async function main(args) {
  const options = readOptions(args)
  const herd = await startHerd(options)
  const load = startLoad({ port: herd.port, connections: CONNECTIONS })
  try {
    const screen = createScreen(process.stdout, { ...options, connections: CONNECTIONS, url: herd.url })
    const watch = new Watch(herd.url)
    await runLoad({ options, screen, watch })
    screen.say('Waiting for the last responses ...')
    const { received, broken } = await load.finish()
    const counted = await settledCount(herd.url)
    const result = compare({ received, broken, counted, kills: watch.kills, connections: CONNECTIONS })
    for (const line of verdictLines(result)) screen.say(line)
    return result.lost === 0 ? 0 : 1
  } finally {
    await load.stop()
    await herd.stop()
  }
}

/** Scrapes, kills workers and shows the state until the time is over or the user stops the demo. */
async function runLoad({ options: { seconds }, screen, watch }) {
  let nextKill = seconds === undefined ? KILL_EVERY_SECONDS : seconds / 2
  while (!interrupted.signal.aborted && watch.elapsed < (seconds ?? Number.POSITIVE_INFINITY)) {
    const state = await watch.look()
    if (watch.elapsed >= nextKill) {
      nextKill = seconds === undefined ? nextKill + KILL_EVERY_SECONDS : Number.POSITIVE_INFINITY
      tell(screen, watch.kill())
    }
    tell(screen, watch.replaced())
    screen.show(state)
    await pause(
      Math.min(LOOK_EVERY_MS, ((seconds ?? nextKill + 1) - watch.elapsed) * 1000, (nextKill - watch.elapsed) * 1000),
    )
  }
}

function tell(screen, event) {
  if (event !== undefined) screen.tell(event)
}

async function pause(ms) {
  await delay(Math.max(ms, 20), undefined, { signal: interrupted.signal }).catch(() => {})
}

/** The first signal stops the load and shows the verdict. A later signal stops the demo at once. */
function interrupt() {
  // npm forwards a signal that the terminal has already sent, so the same signal can arrive more than once.
  if (interrupted.signal.aborted && Date.now() - interrupted.at > 1_000) process.exit(130)
  interrupted.at ??= Date.now()
  interrupted.abort()
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt)
process.stdout.on('error', () => {}) // stdout is closed. The running processes must still be stopped.

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof BadOption ? error.message : error.stack}\n`)
  process.exitCode = error instanceof BadOption ? 2 : 1
}
