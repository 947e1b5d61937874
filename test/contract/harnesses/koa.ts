import { createRequire } from 'node:module'
import Router15 from '@koa/router'
import { prometheus } from '@promherd/koa'
import Koa, { type Context } from 'koa'
import { type Stage, teapot } from '../stage.ts'
import type { Harness } from '../world.ts'
import { serving } from './serving.ts'

/** Version 15, or the common part of the others. */
export type RouterClass = typeof Router15

// Installed under other names, which have no types of their own.
const require = createRequire(import.meta.url)

/** The versions of @koa/router, by their names in the laws. */
export const ROUTERS: Readonly<Record<string, RouterClass>> = {
  'Koa 3, @koa/router 15': Router15,
  'Koa 3, @koa/router 14': require('koa-router-14') as RouterClass,
  'Koa 3, @koa/router 13': require('koa-router-13') as RouterClass,
}

/** The previous version, with the last @koa/router for it. */
export const KOA_2 = 'Koa 2, @koa/router 13'
export const Koa2: typeof Koa = require('koa2') as typeof Koa

/** The harness without routes. */
export const NO_ROUTER = 'Koa 3 without a router'

export const KOA: readonly Harness[] = [
  ...Object.entries(ROUTERS).map(([name, Router]) => harness(name, app => withRouters(app, Router))),
  harness(KOA_2, app => withRouters(app, ROUTERS['Koa 3, @koa/router 13']!), Koa2),
  { ...harness('Koa 3, HTTP/2', app => withRouters(app, Router15)), protocol: 'HTTP/2' },
  {
    ...harness(NO_ROUTER, withoutRouter),
    instead: wasFound => (wasFound ? '_middleware' : '_unmatched'),
  },
]

function harness(name: string, addRoutes: (app: Koa) => (stage: Stage) => void, Version = Koa): Harness {
  return {
    name,
    thrown: 'exception',
    async start(options, stage) {
      const app = new Version()
      app.silent = true
      if (options !== undefined) app.use(prometheus(options))
      addRoutes(app)(stage)
      return serving(this.protocol ?? 'HTTP/1.1', app.callback())
    },
  }
}

type Answer = (context: Context, stage: Stage) => void | Promise<void>

const ANSWERS: Readonly<Record<string, Answer>> = {
  'GET /items/:id': context => {
    context.body = 'item'
  },
  'POST /items': context => {
    context.status = 201
  },
  'GET /nothing': context => {
    context.status = 204
  },
  'GET /unchanged': context => {
    context.status = 304
  },
  'GET /teapot': () => {
    throw teapot()
  },
  'GET /hold': async (context, stage) => {
    context.body = await stage.hold()
  },
  'GET /stream': (context, stage) => {
    context.body = stage.stream()
  },
}

const INNER: Readonly<Record<string, Answer>> = {
  'GET /items/:id': context => {
    context.body = 'item'
  },
  'GET /broken': () => {
    throw new Error('broken')
  },
}

const POSTS: Readonly<Record<string, Answer>> = {
  'GET /posts/:post': context => {
    context.body = 'post'
  },
}

function withRouters(app: Koa, Router: RouterClass): (stage: Stage) => void {
  return stage => {
    const router = (answers: Readonly<Record<string, Answer>>, prefix = ''): Router15 => {
      const made = prefix === '' ? new Router() : new Router({ prefix })
      for (const [route, answer] of Object.entries(answers)) {
        const [method, path] = route.split(' ')
        made.register(path!, [method!], (context: unknown) => answer(context as Context, stage))
      }
      return made
    }
    const all = new Router()
    all.use(router({}, '/api').use('/v1', router(INNER).routes()).routes())
    all.use('/users/:id', router(POSTS).routes())
    app.use(router(ANSWERS).routes() as never).use(all.routes() as never)
  }
}

/** Middleware of an application without a router. */
function withoutRouter(app: Koa): (stage: Stage) => void {
  const mounted = (prefix: string, answers: Readonly<Record<string, Answer>>): [string, Answer][] =>
    Object.entries(answers).map(([route, answer]) => [route.replace(' ', ` ${prefix}`), answer])
  const all = [...Object.entries(ANSWERS), ...mounted('/api/v1', INNER), ...mounted('/users/:id', POSTS)].map(
    ([route, answer]) => [new RegExp(`^${route.replaceAll(/:\w+/g, '[^/]+')}$`), answer] as const,
  )
  return stage =>
    void app.use(async context => {
      const asked = `${context.method.replace('HEAD', 'GET')} ${context.path}`
      await all.find(([pattern]) => pattern.test(asked))?.[1](context, stage)
    })
}
