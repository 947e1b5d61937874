import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { newerNode, withoutNewerNode } from '../../benchmarks/lib/newer-node.js'

const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
const old = join(directory, 'node')
writeFileSync(old, '#!/bin/sh\necho v20.19.0\n', { mode: 0o700 })

it('runs a library that requires a newer Node with this Node if it is new enough', () => {
  expect(newerNode({}, 'v24.0.0')).toEqual({ execPath: process.execPath, version: 'v24.0.0' })
})

it('leaves such a library out, and reports it, if there is no newer Node', () => {
  expect(newerNode({}, 'v20.19.0')).toBeUndefined()
  expect(withoutNewerNode(undefined)['left_out']).toContain('@prometheus-io/client 0.16.1 asks for Node 22')
})

it('rejects a Node that is not newer, and runs one that is', () => {
  expect(() => newerNode({ PROMHERD_BENCH_NODE: old }, 'v20.19.0')).toThrow(`but ${old} is v20.19.0`)
  writeFileSync(old, '#!/bin/sh\necho v24.1.0\n')
  expect(newerNode({ PROMHERD_BENCH_NODE: old }, 'v20.19.0')).toEqual({ execPath: old, version: 'v24.1.0' })
  rmSync(directory, { recursive: true })
})
