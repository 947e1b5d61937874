import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Running, startNode } from '../cli/running.ts'
import { ROOT } from '../support/process.ts'
import { until } from '../support/until.ts'

/** Programs that nobody here wrote, as their users start them, and the same under `promherd start`. */

/** A program of a package that the tests depend on. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** The words that start a program: `node` and its file, or promherd's before them. */
export type Starter = (program: Program) => readonly string[]

/** As its users start it. */
export const alone: Starter = ({ file, args }) => [file, ...args]

/** Under promherd, which says what it has to say on stderr only. */
export function herded(metricsPort: number, ...options: string[]): Starter {
  const command = join(ROOT, 'packages/cli/bin/promherd.js')
  const own = ['--workers', '1', '--port', String(metricsPort), ...options]
  return ({ file, args }) => [command, 'start', ...own, file, '--', ...args]
}

/** The file of a package that the tests depend on. */
export function fileOf(path: string): string {
  return join(ROOT, 'test/node_modules', path)
}

/** Starts a program; when it has ended, its stderr is without the lines of promherd. */
export function run(program: Program, starter: Starter): Running {
  const { cwd, env } = program
  const running = startNode(starter(program), { ...(cwd && { cwd }), ...(env && { env }) })
  const ended = running.ended.then(end => ({ ...end, stderr: end.stderr.replace(/^promherd: .*\n/gm, '') }))
  return { ...running, ended }
}

/** Waits until a server takes connections on a port. */
export async function listening(port: number, running: Running): Promise<void> {
  const isTaken = (): Promise<boolean> =>
    new Promise(answer => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => answer(true)).once('error', () => answer(false))
      socket.once('connect', () => socket.destroy())
    })
  await until(isTaken, { what: `a server to listen on ${port}: ${running.stderr()}`, deadlineMs: 25_000 })
}

/** All the bytes that a server answers to these, until it ends the connection. The date is left out. */
export async function answerTo(port: number, requests: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', text => {
    answer += text
  })
  socket.write(requests)
  await once(socket, 'close')
  return answer.replace(/^Date: .*\r$/gm, 'Date: \r')
}

/** A request as bytes. The last one of a connection says that it is. */
export function request(line: string, { headers = {}, body = '', isLast = true }: RequestParts = {}): string {
  const all = {
    Host: 'localhost',
    ...headers,
    ...(body !== '' && { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...(isLast && { Connection: 'close' }),
  }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${head.join('')}\r\n${body}`
}

export interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** @default true */
  readonly isLast?: boolean
}
