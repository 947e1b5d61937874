import { answer, settingsOfThisProcess } from '../lib/fresh.js'

/** The time of this process from its start until a package is loaded, and until its middleware is created. */

const { side } = settingsOfThisProcess()

const SIDES = {
  /** A process that imports nothing: the time of Node itself and of this file. */
  empty: async () => () => {},
  promherd: async () => (await import('@promherd/express')).prometheus,
  express_prom_bundle: async () => (await import('express-prom-bundle')).default,
  /** The preload, in a process that serves no HTTP. */
  auto: async () => {
    await import('@promherd/core/auto')
    return () => {}
  },
  prom_client: async () => (await import('prom-client')).default.collectDefaultMetrics,
}

const makeMiddleware = await SIDES[side]()
const imported = taken()
makeMiddleware()
const made = taken()
answer({ imported, made })
// The middleware may have open timers and files, which are not needed any more.
process.on('disconnect', () => process.exit())

function taken() {
  const { user, system } = process.cpuUsage()
  return { wall: performance.now(), cpu: (user + system) / 1000 }
}
