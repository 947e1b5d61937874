const Koa = require('koa')
const Router = require('@koa/router')
const mount = require('koa-mount')

const inner = new Koa()
inner.silent = true
const router = new Router().get('/items/:id', context => {
  context.body = { mountPath: context.mountPath, path: context.path, originalUrl: context.originalUrl }
})
inner.use(router.routes())
const app = new Koa().use(mount('/a', inner)).use(mount('/b', inner))
const server = app.listen(Number(process.env.PORT), '127.0.0.1')
process.once('SIGTERM', () => server.close(() => console.log('closed')))
