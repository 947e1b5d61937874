const Koa = require('koa')
const Router = require('@koa/router')

const app = new Koa()
app.silent = true
const router = new Router()
router.get('/items/:id', context => {
  context.body = { id: context.params.id, middleware: app.middleware.map(({ name }) => name) }
})
router.get('/fail', () => {
  throw new Error('thrown by the route')
})
app.use(router.routes()).use(router.allowedMethods())
const server = app.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => {
  console.log('SIGTERM')
  server.close(() => console.log('closed'))
})
