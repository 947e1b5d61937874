import { prometheus } from '@promherd/fastify'
import fastify from 'fastify'
import { fulfilsTheContract } from './contract.ts'
import { listening, teapot } from './stage.ts'

fulfilsTheContract('Fastify', {
  thrown: 'exception',
  async start(options, stage) {
    const app = fastify({ forceCloseConnections: true })
    await app.register(prometheus, options)
    app.get('/items/:id', async () => 'item')
    app.post('/items', async (_request, reply) => reply.code(201).send('made'))
    app.get('/nothing', async (_request, reply) => reply.code(204).send())
    app.get('/unchanged', async (_request, reply) => reply.code(304).send())
    app.get('/teapot', async () => {
      throw teapot()
    })
    app.get('/hold', async () => stage.hold())
    app.get('/stream', async (_request, reply) => reply.send(stage.stream()))
    await app.register(
      async api => {
        await api.register(
          async v1 => {
            v1.get('/items/:id', async () => 'item')
            v1.get('/broken', async () => {
              throw new Error('broken')
            })
          },
          { prefix: '/v1' },
        )
      },
      { prefix: '/api' },
    )
    await app.register(async users => void users.get('/posts/:post', async () => 'post'), { prefix: '/users/:id' })
    await app.listen({ host: '127.0.0.1', port: 0 })
    return { url: await listening(app.server), close: () => app.close() }
  },
})
