import type { Express as App, Request, Response } from 'express'
import type { Express } from '../harnesses/express.ts'
import { Routes } from './asking.ts'

/** An Express application, and its version of Express. */
export class OnExpress extends Routes<App> {
  express!: Express
}

export function ok(_request: Request, response: Response): void {
  response.send('ok')
}

export function broken(): never {
  throw new Error('broken')
}
