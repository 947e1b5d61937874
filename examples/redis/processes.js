import { fork, spawn, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The processes of the example. They are stopped with it, even if it is killed. */

const here = path => fileURLToPath(new URL(path, import.meta.url))

/** Stops Redis and removes the folder when stdin is closed. The kernel closes it if the parent is killed. */
const SUPERVISE = 'folder=$1; shift; redis-server "$@" & read _; kill $!; wait $!; rm -rf "$folder"'

/** True if redis-server is installed. */
export function hasRedis() {
  return spawnSync('redis-server', ['--version']).error === undefined
}

/** Starts the installed redis-server, with its data in the folder. The folder is removed when it stops. */
export function startRedis(port, folder) {
  if (!hasRedis()) {
    throw new Error(
      'Expected redis-server to be installed, but it was not found. Debian: apt-get install redis-server.',
    )
  }
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', loglevel: 'warning' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  // Detached: Ctrl-C in the terminal stops the hosts first.
  const child = spawn('sh', ['-c', SUPERVISE, 'sh', folder, ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  return { stop: () => ended(child, () => child.stdin.end()) }
}

/** Starts a host of two workers. Its directory is removed when it stops; if the example is killed, by the leash. */
export function startHost(env) {
  const child = fork(here('./host.js'), {
    env: { ...process.env, ...env },
    execArgv: ['--import', here('../demo/leash.js')],
    detached: true,
  })
  const stop = async () => {
    await ended(child, () => child.kill('SIGTERM'))
    rmSync(env.PROMETHEUS_MULTIPROC_DIR, { recursive: true, force: true })
  }
  return { stop }
}

function ended(child, end) {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.on('exit', resolve)
    end()
  })
}
