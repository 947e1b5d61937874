import { createServer } from 'node:http'
import Router from '@koa/router'
import { prometheus } from '@promherd/koa'
import Koa from 'koa'
import { fulfilsTheContract } from './contract.ts'
import { closing, listening, type Stage, teapot } from './stage.ts'

fulfilsTheContract('Koa', {
  thrown: 'exception',
  async start(options, stage) {
    const app = new Koa()
    app.silent = true
    app.use(prometheus(options))
    app.use(routes(stage).routes())
    app.use(nested().routes())
    const server = createServer(app.callback())
    return { url: await listening(server), close: () => closing(server) }
  },
})

function routes(stage: Stage): Router {
  const router = new Router()
  router.get('/items/:id', context => {
    context.body = 'item'
  })
  router.post('/items', context => {
    context.status = 201
  })
  router.get('/nothing', context => {
    context.status = 204
  })
  router.get('/unchanged', context => {
    context.status = 304
  })
  router.get('/teapot', () => {
    throw teapot()
  })
  router.get('/hold', async context => {
    context.body = await stage.hold()
  })
  router.get('/stream', context => {
    context.body = stage.stream()
  })
  return router
}

function nested(): Router {
  const v1 = new Router()
  v1.get('/items/:id', context => {
    context.body = 'item'
  })
  v1.get('/broken', () => {
    throw new Error('broken')
  })
  const posts = new Router()
  posts.get('/posts/:post', context => {
    context.body = 'post'
  })
  const api = new Router({ prefix: '/api' })
  api.use('/v1', v1.routes())
  const all = new Router()
  all.use(api.routes())
  all.use('/users/:id', posts.routes())
  return all
}
