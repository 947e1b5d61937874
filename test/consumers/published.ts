import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { describe, expect, test } from 'vitest'
import { runProcess } from '../support/process.ts'
import type { Project } from './project.ts'

/** The manifests of the packages are correct for every way to resolve them. */
export function publishedTests(project: () => Project): void {
  describe('the published package', { timeout: 120_000 }, () => {
    test('has a manifest that publint accepts', async () => {
      for (const name of project().tarballs.keys()) {
        const pkgDir = join(project().folder, 'node_modules', name)
        const { messages } = await publint({ pkgDir, strict: true, pack: false })
        expect({ name, messages: messages.filter(({ type }) => type !== 'suggestion') }).toEqual({ name, messages: [] })
      }
    })

    test('has types that resolve for ESM, CommonJS, node10 and bundlers', async () => {
      for (const [name, file] of project().tarballs) {
        const tarball = createPackageFromTarballData(readFileSync(file))
        const checked = await checkPackage(tarball)
        expect(checked).toMatchObject({ packageName: name, types: { kind: 'included' }, problems: [] })
      }
    })

    test('has one monitor and one exchange if ESM and CommonJS are mixed, in either order', async () => {
      for (const file of ['esm-first.mjs', 'commonjs-first.cjs']) {
        project().write('both.cjs', COMMONJS_HALF)
        project().write('both.mjs', ESM_HALF)
        const path = project().write(file, file.endsWith('.mjs') ? ESM_FIRST : COMMONJS_FIRST)
        const { code, output } = await runProcess(process.execPath, [path], { cwd: project().folder })
        expect(output).toContain('{"requests":["/:name 3"],"same":true,"inFlight":"0"}\n')
        expect(output).toContain('is used twice in one application')
        expect(code).toBe(0)
      }
    })

    test.each(['sending.mjs', 'sending.cjs'])('sends by OTLP from %s', async file => {
      const path = project().write(file, file.endsWith('.mjs') ? ESM_SENDING : COMMONJS_SENDING)
      const { output } = await runProcess(process.execPath, [path], { cwd: project().folder })
      expect(output).toBe('/v1/metrics application/x-protobuf true\n')
    })

    test.each(['--import', '--require'])('is a preload for %s', async flag => {
      const path = project().write('preloaded.cjs', PRELOADED)
      const env = { PROMETHEUS_METRICS_PORT: '0' }
      const args = [flag, '@promherd/core/auto', path]
      const { output } = await runProcess(process.execPath, args, { cwd: project().folder, env })
      expect(output).toBe('/:name 3\n')
    })

    test('is a preload by --require that reads each kind of configuration file', async () => {
      const path = project().write('preloaded.cjs', PRELOADED)
      const args = ['--require', '@promherd/core/auto', path]
      const http = "{ http: { normalizeRoute: route => 'configured ' + route } }"
      const files = {
        'promherd.config.mjs': `export default ${http}`,
        'promherd.config.cjs': `module.exports = ${http}`,
        'promherd.config.ts': `export default ${http.replace('route =>', '(route: string) =>')}`,
      }
      for (const [name, text] of Object.entries(files)) {
        const file = project().write(`configured/${name}`, text)
        const env = { PROMETHEUS_METRICS_PORT: '0', PROMHERD_CONFIG: file }
        const { output } = await runProcess(process.execPath, args, { cwd: project().folder, env })
        expect(`${name}: ${output}`).toBe(`${name}: configured /:name 3\n`)
      }
      const waiting = project().write('configured/promherd.config.mjs', 'await null\nexport default {}')
      const env = { PROMETHEUS_METRICS_PORT: '0', PROMHERD_CONFIG: waiting }
      const { output } = await runProcess(process.execPath, args, { cwd: project().folder, env })
      expect(output).toContain('Load the preload with --import')
    })
  })
}

/** Three requests for /:name, and the series that they created. */
const ASKS = `
async function ask(server) {
  const { once } = require('node:events')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  for (const name of ['a', 'b', 'c']) {
    await (await fetch('http://127.0.0.1:' + server.address().port + '/' + name, { headers: { connection: 'close' } })).text()
  }
  await new Promise(resolve => server.close(resolve))
}
const seriesOf = text =>
  [...text.matchAll(/^http_requests_total\\{.*?route="(.+?)".*?\\} (\\d+)$/gm)].map(([, route, n]) => route + ' ' + n)
`

const COMMONJS_HALF = `${ASKS}
const { instrumentServer, defaultMonitor } = require('@promherd/core')
const { prometheus } = require('@promherd/express')
module.exports = { ask, seriesOf, instrumentServer, defaultMonitor, prometheus }
`
const ESM_HALF = `
export { instrumentServer, defaultMonitor } from '@promherd/core'
export { prometheus } from '@promherd/express'
`
const MEETING = `
  const app = express().use(first.prometheus()).use(second.prometheus())
  app.get('/:name', (request, response) => response.send('hello'))
  const server = createServer(app)
  first.instrumentServer(server)
  second.instrumentServer(server)
  await commonJs.ask(server)
  const text = await second.defaultMonitor().metrics()
  console.log(JSON.stringify({
    requests: commonJs.seriesOf(text),
    same: first.defaultMonitor() === second.defaultMonitor(),
    inFlight: /^http_requests_in_flight (.+)$/m.exec(text)[1],
  }))
`
const ESM_FIRST = `
import { createServer } from 'node:http'
import express from 'express'
import * as first from './both.mjs'
import second from './both.cjs'
const commonJs = second
${MEETING}
`
const COMMONJS_FIRST = `
const { createServer } = require('node:http')
const express = require('express')
const first = require('./both.cjs')
const commonJs = first
async function main() {
  const second = await import('./both.mjs')
  ${MEETING}
}
main()
`
/** Sends once, to a receiver in the same process. */
const SENDING = `
const receiver = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  console.log(request.url, request.headers['content-type'], body.includes('jobs_total'))
  response.end()
})
receiver.listen(0, '127.0.0.1', async () => {
  counter({ name: 'jobs_total', help: 'Jobs.' }).inc()
  await forward({ otlp: { url: 'http://127.0.0.1:' + receiver.address().port } }).stop()
  receiver.close()
})
`
const ESM_SENDING = `
import { createServer } from 'node:http'
import { counter } from '@promherd/core'
import { forward } from '@promherd/otlp'
${SENDING}`
const COMMONJS_SENDING = `
const { createServer } = require('node:http')
const { counter } = require('@promherd/core')
const { forward } = require('@promherd/otlp')
${SENDING}`
const PRELOADED = `${ASKS}
const express = require('express')
const { createServer } = require('node:http')
const app = express()
app.get('/:name', (request, response) => response.send('hello'))
ask(createServer(app)).then(async () => {
  const { defaultMonitor } = await import('@promherd/core')
  console.log(seriesOf(await defaultMonitor().metrics()).join())
  process.exit()
})
`
