import { createMonitor, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { ask } from '../client.ts'
import type { Subject } from '../law.ts'
import { errorsOf, settled, troublesOf } from '../reading.ts'
import type { Application } from '../world.ts'

/** Where a law of routes is tried: an empty application that is recorded, which the law adds its routes to. */
export class Routes<App> {
  readonly app: App
  readonly monitor: Monitor
  readonly #serve: (app: App) => Promise<Application>

  constructor(app: App, monitor: Monitor, serve: (app: App) => Promise<Application>) {
    this.app = app
    this.monitor = monitor
    this.#serve = serve
  }

  /** Asks for each path (`/items/1`, or `HEAD /items/1`) and expects its status, then exactly these records. */
  async gives(answers: Record<string, number>, requests: Record<string, number>): Promise<void> {
    const { url, close } = await this.#serve(this.app)
    try {
      for (const [asked, status] of Object.entries(answers)) {
        const [path, method = 'GET'] = asked.split(' ').reverse()
        expect([asked, (await ask(url + path, method)).status]).toEqual([asked, status])
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

/** A framework as somebody who has to keep laws of routes; that nothing goes wrong inside is one of each. */
export function routesSubject<World>(name: string, make: (monitor: Monitor) => World | Promise<World>): Subject<World> {
  return {
    name,
    async within(use) {
      const monitor = createMonitor({ slab: 'heap', onWarning: () => {} })
      try {
        await use(await make(monitor))
        expect(await troublesOf(monitor)).toEqual({})
      } finally {
        await monitor.close()
      }
    },
  }
}
