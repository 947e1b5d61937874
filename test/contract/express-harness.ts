import { createServer } from 'node:http'
import { pipeline } from 'node:stream'
import { prometheus } from '@promherd/express'
import type { Router } from 'express'
import type { Application, Harness } from './contract.ts'
import { closing, listening, type Stage, teapot } from './stage.ts'

/** Version 5, or what version 4 has in common with it. */
export type Express = typeof import('express')

export function expressHarness(express: Express): Harness {
  return {
    thrown: 'exception',
    async start(options, stage): Promise<Application> {
      const app = express()
      app.set('env', 'test')
      app.use(prometheus(options))
      app.use('/api', express.Router().use('/v1', inner(express)))
      app.use('/users/:id', posts(express))
      addRoutes(app, stage)
      const server = createServer(app)
      return { url: await listening(server), close: () => closing(server) }
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
