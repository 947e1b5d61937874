import { readdirSync, readFileSync } from 'node:fs'
import { createMonitor } from '@promherd/core'
import { prometheus } from '@promherd/fastify'
import fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { SERVER_SHAPE } from '../../packages/core/dist/adapter/instrument-server.js'
import { type Check, isAnything, type Shape } from '../../packages/core/dist/base/check-options.js'
import { VARIABLES } from '../../packages/core/dist/base/environment.js'
import { CLUSTER_SHAPE } from '../../packages/core/dist/cluster/options.js'
import { CONFIG_SHAPE } from '../../packages/core/dist/config/config.js'
import { AGGREGATORS } from '../../packages/core/dist/definitions/definition.js'
import { HTTP_SHAPE } from '../../packages/core/dist/http/options/http-options.js'
import { INSTRUMENT_SHAPES } from '../../packages/core/dist/instruments/instrument-options.js'
import { MONITOR_SHAPE } from '../../packages/core/dist/monitor/monitor-options.js'
import { THREADS_SHAPE } from '../../packages/core/dist/program/thread-options.js'
import { SERVE_SHAPE } from '../../packages/core/dist/server/serve-herd.js'
import { OTLP_SHAPE } from '../../packages/otlp/dist/settings/options.js'
import { FORWARD_SHAPE } from '../../packages/redis/dist/forward.js'
import { GROUP_SHAPE } from '../../packages/redis/dist/serve-group.js'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/options.md', root), 'utf8')

const configuration = readFileSync(new URL('docs/configuration.md', root), 'utf8')

/** The first two columns of the first table below a heading. */
function rows(heading: string, text = page): (readonly [name: string, second: string])[] {
  const section = text.split(/^## /m).find(text => text.startsWith(`${heading}\n`)) ?? ''
  const table = section.slice(section.search(/\| (option|key) \|/)).split('\n\n')[0]!
  return [...table.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)].map(([, name, second]) => [name!, second!] as const)
}

/** The first column of the first table below a heading. */
function documented(heading: string, text = page): string[] {
  return rows(heading, text).map(([name]) => name)
}

/** A value of each type. An integer is a number too. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  boolean: true,
  integer: 1,
  number: 1.5,
  string: 'x',
  array: [],
  object: {},
  function: () => {},
}

/** The types in the second column: `array of strings`, `object or false`. */
function typesIn(column: string): Set<string> {
  const types = new Set(column.split(/,? or |, /).map(each => each.split(' ')[0]!))
  if (types.has('number')) types.add('integer')
  return types
}

function accepts(check: Check, value: unknown): boolean {
  try {
    check('option', value)
    return true
  } catch {
    return false
  }
}

describe('docs/options.md', () => {
  test.each<[string, object]>([
    ['createMonitor', MONITOR_SHAPE],
    ['HTTP', HTTP_SHAPE],
    ['Instruments', INSTRUMENT_SHAPES.counter],
    ['serveHerd', SERVE_SHAPE],
    ['startCluster', CLUSTER_SHAPE],
    ['startThreads', THREADS_SHAPE],
    ['OTLP', OTLP_SHAPE],
    ['forward', FORWARD_SHAPE],
    ['serveGroup', GROUP_SHAPE],
  ])('has every option of %s and no other', (heading, shape) => {
    expect(documented(heading).sort()).toEqual(Object.keys(shape).sort())
  })

  test.each<[string, Shape<object>]>([
    ['createMonitor', MONITOR_SHAPE],
    ['HTTP', HTTP_SHAPE],
    ['Instruments', INSTRUMENT_SHAPES.gauge],
    ['Instruments of histograms', INSTRUMENT_SHAPES.histogram],
    ['serveHerd', SERVE_SHAPE],
    ['startCluster', CLUSTER_SHAPE],
    ['startThreads', THREADS_SHAPE],
    ['OTLP', OTLP_SHAPE],
    ['forward', FORWARD_SHAPE],
    ['serveGroup', GROUP_SHAPE],
  ])('has the type of every option of %s: a value of another type is rejected', (heading, shape) => {
    const checks = shape as Readonly<Record<string, Check>>
    const wrong = rows(heading).flatMap(([name, column]) => {
      const types = typesIn(column)
      const unknown = [...types].filter(type => type !== '`false`' && !(type in SAMPLES))
      // `isAnything` leaves the check to the code that uses the option.
      const others = Object.keys(SAMPLES).filter(
        type => checks[name] !== isAnything && !types.has(type) && accepts(checks[name]!, SAMPLES[type]),
      )
      return [...unknown, ...others].map(type => `${name} is documented as ${column}, not as ${type}`)
    })
    expect(wrong).toEqual([])
  })

  test('has what a gauge and a histogram take besides, and the ways to aggregator', () => {
    expect(Object.keys(INSTRUMENT_SHAPES.gauge).sort()).toEqual(documented('Instruments').sort())
    const histogram = [...documented('Instruments'), ...documented('Instruments of histograms')]
    expect(Object.keys(INSTRUMENT_SHAPES.histogram).sort()).toEqual(histogram.sort())
    const merges = page.split('| aggregator |')[1]!.split('\n\n')[0]!
    expect([...merges.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)).toEqual([...AGGREGATORS])
  })

  test('has what instrumentServer takes besides', () => {
    expect([...documented('HTTP'), ...documented('instrumentServer')].sort()).toEqual(Object.keys(SERVER_SHAPE).sort())
  })

  test('has what the adapter of Fastify takes besides', async () => {
    expect(documented('Fastify')).toEqual(['initialize'])
    const monitor = createMonitor({ storage: 'memory' })
    const app = fastify()
    await app.register(prometheus, { monitor, initialize: true })
    await app.close()
    await monitor.close()
  })

  test('has every variable of the environment that the code reads', () => {
    const folders = ['core', 'otlp'].map(name => new URL(`packages/${name}/src/`, root))
    const code = folders.map(sourcesIn).join('\n')
    const read = [...code.matchAll(/'((?:PROM(?:ETHEUS|HERD)|OTEL|WEB|GUNICORN)_[A-Z_]+)'/g)].map(([, name]) => name!)
    expect(read.filter(name => !page.includes(`\`${name}\``))).toEqual([])
    expect(Object.keys(VARIABLES).filter(name => ![page, configuration].join().includes(`\`${name}\``))).toEqual([])
    expect(new Set(read).size).toBeGreaterThan(5)
  })
})

function sourcesIn(folder: URL): string {
  const files = readdirSync(folder, { recursive: true }).filter(name => /(?<!\.test)\.ts$/.test(String(name)))
  return files.map(name => readFileSync(new URL(String(name), folder), 'utf8')).join('\n')
}

test('docs/configuration.md has every key and no other', () => {
  expect(documented('Keys', configuration).sort()).toEqual(Object.keys(CONFIG_SHAPE).sort())
})
