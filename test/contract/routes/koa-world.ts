import type Router from '@koa/router'
import type Koa from 'koa'
import type { RouterClass } from '../harnesses/koa.ts'
import { Routes } from './asking.ts'

/** A Koa application, and its router. */
export class OnKoa extends Routes<Koa> {
  Router!: RouterClass

  /** Adds routers in this order. */
  use(...routers: Router[]): void {
    for (const router of routers) this.app.use(router.routes() as never)
  }
}
