import { createMonitor, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { ask } from '../client.ts'
import { preloadedName, preloading } from '../harnesses/preloading.ts'
import type { Subject } from '../law.ts'
import { errorsOf, internalErrorsOf, settled } from '../reading.ts'
import type { Application } from '../world.ts'

/** The environment in which a law of routes is tested: an empty recorded application, to which the law adds its routes. */
export class Routes<App> {
  readonly app: App
  readonly monitor: Monitor
  readonly #serve: (app: App) => Promise<Application>

  constructor(app: App, monitor: Monitor, serve: (app: App) => Promise<Application>) {
    this.app = app
    this.monitor = monitor
    this.#serve = serve
  }

  serve(): Promise<Application> {
    return this.#serve(this.app)
  }

  /** Sends a request for each path (`/items/1`, or `HEAD /items/1`), expects its status, and then exactly these records. */
  async gives(answers: Record<string, number>, requests: Record<string, number>, headers = {}): Promise<void> {
    const { url, close } = await this.#serve(this.app)
    try {
      for (const [asked, status] of Object.entries(answers)) {
        const [path, method = 'GET'] = asked.split(' ').reverse()
        expect([asked, (await ask(url + path, method, undefined, headers)).status]).toEqual([asked, status])
      }
      await settled(this.monitor, requests)
    } finally {
      await close()
    }
  }

  async hasErrors(errors: Record<string, number>): Promise<void> {
    expect(await errorsOf(this.monitor)).toEqual(errors)
  }
}

/** Creates a world whose application has an adapter with this monitor, or no adapter if the preload records it. */
type Make<World> = (monitor: Monitor, isPreloaded: boolean) => World | Promise<World>

/** Frameworks as subjects of laws of routes: with their adapter, and under the preload. */
export function routesSubjects<World>(makes: Readonly<Record<string, Make<World>>>): Subject<World>[] {
  const subjects = Object.entries(makes).map(([name, make]) => routesSubject(name, monitor => make(monitor, false)))
  return [...subjects, ...Object.entries(makes).map(([name, make]) => preloadedRoutes(name, make))]
}

function preloadedRoutes<World>(name: string, make: Make<World>): Subject<World> {
  const { within } = routesSubject(preloadedName(name), monitor => ({ monitor, make: () => make(monitor, true) }))
  return {
    name: preloadedName(name),
    like: name,
    within: use => within(({ monitor, make }) => preloading(monitor, {}, async () => use(await make()))),
  }
}

/** A framework as a subject of laws of routes. Each law also requires that no internal error is counted. */
export function routesSubject<World>(name: string, make: (monitor: Monitor) => World | Promise<World>): Subject<World> {
  return {
    name,
    async within(use) {
      const monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
      try {
        await use(await make(monitor))
        expect(await internalErrorsOf(monitor)).toEqual({})
      } finally {
        await monitor.close()
      }
    },
  }
}
