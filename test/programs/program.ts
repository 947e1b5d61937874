import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Running, startNode } from '../cli/running.ts'
import { ROOT } from '../support/process.ts'
import { until } from '../support/until.ts'

/** Programs of other packages, as their users start them, and under `promherd start`. */

/** A program of a package that the tests depend on. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** The arguments of `node` that start a program, with or without promherd. */
export type Starter = (program: Program) => readonly string[]

/** Without promherd. */
export const alone: Starter = ({ file, args }) => [file, ...args]

/** Under promherd, which logs to stderr only. */
export function herded(metricsPort: number, ...options: string[]): Starter {
  const command = join(ROOT, 'packages/cli/bin/promherd.js')
  const own = ['--workers', '1', '--port', String(metricsPort), ...options]
  return ({ file, args }) => [command, 'start', ...own, file, '--', ...args]
}

/** The file of a package that the tests depend on. */
export function fileOf(path: string): string {
  return join(ROOT, 'test/node_modules', path)
}

/** Starts a program. The stderr of its result does not include the lines of promherd. */
export function run(program: Program, starter: Starter): Running {
  const { cwd, env } = program
  const running = startNode(starter(program), { ...(cwd && { cwd }), ...(env && { env }) })
  const ended = running.ended.then(end => ({ ...end, stderr: end.stderr.replace(/^promherd: .*\n/gm, '') }))
  return { ...running, ended }
}

/** Waits until a server accepts connections on a port. */
export async function listening(port: number, running: Running): Promise<void> {
  const isTaken = (): Promise<boolean> =>
    new Promise(answer => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => answer(true)).once('error', () => answer(false))
      socket.once('connect', () => socket.destroy())
    })
  await until(isTaken, { what: `a server to listen on ${port}: ${running.stderr()}`, deadlineMs: 25_000 })
}

/** All bytes that a server sends in response, until it closes the connection. The date is removed. */
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

/** A request as bytes. The last request of a connection has `Connection: close`. */
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
