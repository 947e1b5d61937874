require('reflect-metadata')
const { Controller, Get, Module } = require('@nestjs/common')
const { NestFactory } = require('@nestjs/core')
const { Transport } = require('@nestjs/microservices')

/** A class in a language without decorators: each is called as TypeScript would call it. */
class Items {
  one() {
    return { item: true }
  }
  fail() {
    throw new Error('thrown by the handler')
  }
  onModuleDestroy() {
    console.log('onModuleDestroy')
  }
  beforeApplicationShutdown(signal) {
    console.log('beforeApplicationShutdown', signal)
  }
  onApplicationShutdown(signal) {
    console.log('onApplicationShutdown', signal)
  }
}
for (const [name, path] of Object.entries({ one: 'items/:id', fail: 'fail' })) {
  Get(path)(Items.prototype, name, Object.getOwnPropertyDescriptor(Items.prototype, name))
}
Controller()(Items)
class App {}
Module({ controllers: [Items] })(App)

NestFactory.create(App, { logger: false }).then(async app => {
  app.setGlobalPrefix('api')
  app.enableShutdownHooks()
  app.connectMicroservice({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: Number(process.env.OTHER_PORT) },
  })
  await app.startAllMicroservices()
  return app.listen(Number(process.env.PORT), '127.0.0.1')
})
