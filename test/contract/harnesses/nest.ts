import 'reflect-metadata'
import {
  Controller,
  Get,
  HttpCode,
  HttpException,
  type INestApplication,
  Module,
  Post,
  StreamableFile,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { closing, listening, type Stage } from '../stage.ts'
import type { Harness } from '../world.ts'

/** NestJS has no adapter. It responds to thrown errors itself. */
export const NEST: readonly Harness[] = [
  harness('NestJS 12 on Express', () => new ExpressAdapter()),
  harness('NestJS 12 on Fastify', () => new FastifyAdapter()),
]

function harness(name: string, adapter: () => object): Harness {
  return {
    name,
    thrown: 'exception',
    async start(_options, stage) {
      const app: INestApplication = await NestFactory.create(rootOf(stage), adapter() as never, { logger: false })
      await app.listen(0, '127.0.0.1')
      const server = app.getHttpServer()
      return { url: await listening(server), close: () => closing(server) }
    },
  }
}

/** The handlers, by the name of the method: its decorators, those of its parameters, and the function. */
export type Answers = Readonly<
  Record<
    string,
    readonly [
      decorators: readonly MethodDecorator[],
      answer: (...given: never[]) => unknown,
      parameters?: readonly ParameterDecorator[],
    ]
  >
>

function rootOf(stage: Stage): object {
  const controllers = [
    controller('/', {
      item: [[Get('items/:id')], () => 'item'],
      made: [[Post('items')], () => 'made'],
      nothing: [[Get('nothing'), HttpCode(204)], () => undefined],
      unchanged: [[Get('unchanged'), HttpCode(304)], () => undefined],
      teapot: [
        [Get('teapot')],
        () => {
          throw new HttpException('I am a teapot', 418)
        },
      ],
      hold: [[Get('hold')], () => stage.hold()],
      stream: [[Get('stream')], () => new StreamableFile(stage.stream())],
    }),
    controller('api/v1', {
      item: [[Get('items/:id')], () => 'item'],
      broken: [
        [Get('broken')],
        () => {
          throw new Error('broken')
        },
      ],
    }),
    controller('users/:id', { post: [[Get('posts/:post')], () => 'post'] }),
  ]
  return rootWith(controllers)
}

/** A module with these controllers. */
export function rootWith(controllers: readonly (new () => object)[]): new () => object {
  class Root {}
  Module({ controllers: [...controllers] })(Root)
  return Root
}

/** Applies decorators without their syntax. */
export function controller(path: string, answers: Answers): new () => object {
  class Answering {}
  for (const [name, [decorators, answer, parameters = []]] of Object.entries(answers)) {
    const descriptor = { value: answer, writable: true, configurable: true, enumerable: false }
    Object.defineProperty(Answering.prototype, name, descriptor)
    for (const [i, decorate] of parameters.entries()) decorate(Answering.prototype, name, i)
    for (const decorate of decorators) {
      decorate(Answering.prototype, name, Object.getOwnPropertyDescriptor(Answering.prototype, name)!)
    }
  }
  Controller(path)(Answering)
  return Answering
}
