import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createGzip } from 'node:zlib'
import type { Stage } from './stage.ts'

/** Responses of Node handlers, which are mounted in every framework: their ends must be recorded in the same way. */

export type RawHandler = (request: IncomingMessage, response: ServerResponse, stage: Stage) => void

/** A file that is long enough for several chunks. */
export const FILE = fileURLToPath(new URL('../../pnpm-lock.yaml', import.meta.url))

const ignoring = (): void => {}

export const HANDLERS: Readonly<Record<string, RawHandler>> = {
  item: (_request, response) => void response.end('item'),
  // The result of `writeHead` is not used: that of restify returns undefined.
  nothing: (_request, response) => {
    response.writeHead(204)
    response.end()
  },
  unchanged: (_request, response) => {
    response.writeHead(304)
    response.end()
  },
  file: (_request, response) => void pipeline(createReadStream(FILE), response, ignoring),
  stream: (_request, response, stage) => void pipeline(stage.stream(), response, ignoring),
  hold: (_request, response, stage) => void stage.hold().then(text => response.end(text)),
  packed: (_request, response, stage) => {
    response.setHeader('content-encoding', 'gzip')
    pipeline(stage.stream(), createGzip({ flush: 2 }), response, ignoring)
  },
  hinted: (_request, response, stage) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.writeProcessing()
    void stage.hold().then(text => response.end(text))
  },
  upload: (request, response, stage) => {
    stage.entered++
    request.on('error', ignoring)
    request.resume().on('end', () => response.end('taken'))
  },
  destroyed: (_request, response) => void response.destroy(),
  cut: (_request, response) => {
    response.write('first', () => response.destroy())
  },
  // As hapi does.
  'late-end': (request, response) => {
    request.once('aborted', () => response.end('late'))
    response.write('first')
  },
  broken: (_request, response) => void pipeline(breaking(), response, ignoring),
  failed: (_request, response) => {
    response.writeHead(500)
    response.end('failed')
  },
  events: (_request, response, stage) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
    void stage.hold().then(() => response.end('data: 2\n\n'))
  },
  'set-events': (_request, response, stage) => {
    response.setHeader('content-type', 'text/event-stream; charset=utf-8')
    response.flushHeaders()
    void stage.hold().then(() => response.end('data: 2\n\n'))
  },
  'broken-events': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    pipeline(breaking(), response, ignoring)
  },
}

function breaking(): Readable {
  return Readable.from(
    (async function* () {
      yield 'first '
      await new Promise(resolve => setImmediate(resolve))
      throw new TypeError('in the middle')
    })(),
  )
}
