import { createRequire } from 'node:module'
import { pipeline } from 'node:stream'
import { prometheus } from '@promherd/express'
import express5, { type Router } from 'express'
import { type Stage, teapot } from '../stage.ts'
import type { Harness } from '../world.ts'
import { serving } from './serving.ts'

/** Version 5, or the common part of version 4. */
export type Express = typeof import('express')

// Installed under another name, which has no types of its own.
const express4 = createRequire(import.meta.url)('express4') as Express

/** The versions of Express, by their names in the laws. */
export const VERSIONS: Readonly<Record<string, Express>> = { 'Express 5': express5, 'Express 4': express4 }

/** Express has no HTTP/2: its requests inherit from those of HTTP/1. */
export const EXPRESS: readonly Harness[] = Object.entries(VERSIONS).map(([name, express]) => harness(name, express))

function harness(name: string, express: Express): Harness {
  return {
    name,
    thrown: 'exception',
    async start(options, stage) {
      const app = express()
      app.set('env', 'test')
      if (options !== undefined) app.use(prometheus(options))
      app.use('/api', express.Router().use('/v1', inner(express)))
      app.use('/users/:id', posts(express))
      addRoutes(app, stage)
      return serving('HTTP/1.1', app)
    },
  }
}

function inner(express: Express): Router {
  const router = express.Router()
  router.get('/items/:id', (_request, response) => void response.send('item'))
  router.get('/broken', () => {
    throw new Error('broken')
  })
  return router
}

function posts(express: Express): Router {
  const router = express.Router()
  router.get('/posts/:post', (_request, response) => void response.send('post'))
  return router
}

function addRoutes(router: Router, stage: Stage): void {
  router.get('/items/:id', (_request, response) => void response.send('item'))
  router.post('/items', (_request, response) => void response.status(201).send('made'))
  router.get('/nothing', (_request, response) => void response.status(204).end())
  router.get('/unchanged', (_request, response) => void response.status(304).end())
  router.get('/teapot', () => {
    throw teapot()
  })
  router.get('/hold', (_request, response) => void stage.hold().then(text => response.send(text)))
  router.get('/stream', (_request, response) => void pipeline(stage.stream(), response, () => {}))
}
