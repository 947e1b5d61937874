import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { scrape, sum } from './numbers.js'

/** The processes of the demo: the herd and its load generator. They never run longer than the demo. */

const here = path => fileURLToPath(new URL(path, import.meta.url))

/** Starts an example through its cluster.js, on free ports and in a new directory. */
export async function startHerd({ framework, workers }) {
  const [port, metricsPort] = [await freePort(0), await freePort(9091)]
  const directory = makeDirectory()
  const env = {
    ...process.env,
    PORT: String(port),
    PROMETHEUS_METRICS_PORT: String(metricsPort),
    PROMETHEUS_BIND_ADDRESS: '127.0.0.1',
    PROMETHEUS_MULTIPROC_DIR: directory,
    WEB_CONCURRENCY: String(workers),
  }
  const child = startChild(here(`../${framework}/cluster.js`), [], { env, execArgv: ['--import', here('./leash.js')] })
  child.onEnd(() => rmSync(directory, { recursive: true, force: true }))
  const herd = {
    port,
    url: `http://127.0.0.1:${metricsPort}`,
    pid: child.process.pid,
    stop: () => child.stop('SIGTERM'),
  }
  try {
    await untilReady(herd, workers, child)
  } catch (error) {
    await herd.stop()
    throw error
  }
  return herd
}

/** Starts the load generator. `tally` is its last report. */
export function startLoad({ port, connections, pauseMs = 0 }) {
  const child = startChild(here('./load.js'), [port, connections, pauseMs].map(String), {})
  const load = { tally: { received: 0, broken: 0, refused: 0 }, finish, stop: () => child.stop('SIGKILL') }
  const lastTally = new Promise(resolve => {
    child.process.on('message', tally => {
      load.tally = tally
      if (tally.done) resolve()
    })
    // The last message of the process can arrive after its exit event.
    child.process.on('close', () => setTimeout(resolve, 500))
  })
  /** Waits for the requests in flight, and returns the final tally. */
  async function finish() {
    if (child.process.connected) child.process.send('stop', () => {})
    await Promise.race([lastTally, delay(15_000, undefined, { ref: false })])
    if (!load.tally.done) throw new Error(`The load generator did not end as it should.\n${child.lastWords()}`)
    return load.tally
  }
  return load
}

async function untilReady(herd, workers, child) {
  const deadline = Date.now() + 30_000
  for (;;) {
    if (child.hasEnded()) throw new Error(`The example ended at once.\n${child.lastWords()}`)
    try {
      const samples = await scrape(`${herd.url}/metrics`)
      const running = sum(samples, 'promherd_workers', ({ state }) => state === 'running')
      if (running === workers && (await accepts(herd.port))) return
    } catch {
      // Not there yet.
    }
    if (Date.now() > deadline) throw new Error(`The example was not ready within 30 s.\n${child.lastWords()}`)
    await delay(50)
  }
}

/** Forks a script that does not receive Ctrl-C of the terminal: only the demo receives it. */
function startChild(script, args, options) {
  const child = fork(script, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const endings = []
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output = (output + text).slice(-2_000)
    })
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const end = () => {
    process.off('exit', kill)
    for (const ending of endings.splice(0)) ending()
  }
  const kill = () => {
    if (!hasEnded()) child.kill('SIGKILL')
    end()
  }
  process.on('exit', kill)
  child.on('error', () => {})
  const exited = new Promise(resolve => child.on('exit', resolve))

  async function ended(deadlineMs) {
    const timer = new AbortController()
    await Promise.race([exited, delay(deadlineMs, undefined, { signal: timer.signal })])
    timer.abort()
    return hasEnded()
  }

  async function stop(signal) {
    if (!hasEnded()) child.kill(signal)
    if (!(await ended(15_000))) child.kill('SIGKILL')
    await exited
    end()
  }
  return { process: child, hasEnded, ended, stop, onEnd: ending => endings.push(ending), lastWords: () => output }
}

/** The wanted port if it is free, else any free port. */
export function freePort(wanted) {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', error => (wanted === 0 ? reject(error) : resolve(freePort(0))))
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function accepts(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

function makeDirectory() {
  try {
    return mkdtempSync('/dev/shm/promherd-demo-')
  } catch {
    return mkdtempSync(join(tmpdir(), 'promherd-demo-'))
  }
}
