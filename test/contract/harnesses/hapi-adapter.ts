import { server as hapi } from '@hapi/hapi'
import type { AdapterOptions } from '@promherd/core/adapter'
import { prometheus } from '../../../examples/custom-adapter/adapter.js'
import { closing } from '../stage.ts'
import type { Harness } from '../world.ts'
import { addRoutes, inBraces } from './hapi.ts'

/** The adapter of `examples/custom-adapter`, which is written from docs/writing-an-adapter.md. */
export const HAPI_ADAPTER: readonly Harness[] = [
  {
    name: 'hapi 21, examples/custom-adapter',
    thrown: 'exception',
    templateOf: inBraces,
    async start(options, stage) {
      const app = hapi({ host: '127.0.0.1', port: 0, debug: false })
      if (options !== undefined) await app.register({ plugin: prometheus, options: options as AdapterOptions })
      await addRoutes(app, stage)
      await app.start()
      return { url: `http://127.0.0.1:${app.info.port}`, close: () => closing(app.listener) }
    },
  },
]
