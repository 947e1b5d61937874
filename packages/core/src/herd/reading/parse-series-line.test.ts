import { describe, expect, it } from 'vitest'
import { decodeLine } from '../../store/catalog.ts'
import { parseSeriesLine } from './parse-series-line.ts'

/** The series that is found in a line between others, where the families 0 to 9 have these values. */
function parsed(text: string, values: readonly string[]): unknown {
  const other = '{"s":99,"f":3,"v":["other"]}'
  const lines = `${other}\n${text}\n${other}\n`
  let seen: unknown
  const addAt = (family: number, named: string, slot: number): boolean => {
    if (family >= 10 || named !== JSON.stringify(values)) return false
    seen = { kind: 'series', slot, family, values }
    return true
  }
  const isKnown = parseSeriesLine(lines, other.length + 1, other.length + 1 + text.length, { addAt })
  expect(isKnown).toBe(seen !== undefined)
  return seen
}

const PLAIN = [
  ['{"s":16,"f":0,"v":["GET","/a"]}', ['GET', '/a']],
  ['{"s":123456789,"f":7,"v":["GET","/a"]}', ['GET', '/a']],
  ['{"s":34,"f":0,"v":[]}', []],
  ['{"s":35,"f":0,"v":["a\\"]}","\\\\","\\n","ü","\u2028"]}', ['a"]}', '\\', '\n', 'ü', '\u2028']],
] as const

const OTHERS = [
  '{"s":33,"f":7,"v":["GET","/a"],"o":1}',
  '{"s":33,"f":7,"v":["GET","/a"],"g":4}',
  '{"s":36,"f":0,"v":[ "GET","/a"]}',
  '{"s":37,"f":0,"v":["GET","/a"],"v":["b"]}',
  '{"s":37,"f":0,"v":["b"],"v":["GET","/a"]}',
  '{"s":37,"f":0,"v":["GET","/a"],"x":["b"]}',
  '{"s":15,"f":0,"v":["GET","/a"]}',
  '{"s":01,"f":0,"v":["GET","/a"]}',
  '{"s":40,"f":-1,"v":["GET","/a"]}',
  '{"s":40,"f":1e0,"v":["GET","/a"]}',
  '{"s":,"f":0,"v":["GET","/a"]}',
  '{"s":41,"f":0,"v":["GET",1]}',
  '{"s":42,"f":0,"v":["GET","/a"]',
  '{"s":42,"f":0,"v":["GET","/a"]}]',
  'x{"s":42,"f":0,"v":["GET","/a"]}',
  '{"s":99999999999,"f":0,"v":["GET","/a"]}',
  '{"d":42,"f":0}',
  '{"kind":"owner","nodeVersion":"v1"}',
  'nonsense',
]

describe('a line whose values are known', () => {
  it.each(PLAIN)('is parsed as the decoder reads it: %s', (text, values) => {
    expect(parsed(text, values)).toEqual(decodeLine(text))
  })

  it.each(OTHERS)('is left to the decoder if it is not plain: %s', text => {
    expect(parsed(text, ['GET', '/a'])).toBeUndefined()
  })

  it('is left to the decoder if its family or its values are unknown', () => {
    expect(parsed('{"s":16,"f":10,"v":["GET","/a"]}', ['GET', '/a'])).toBeUndefined()
    expect(parsed('{"s":16,"f":0,"v":["GET","/b"]}', ['GET', '/a'])).toBeUndefined()
  })
})
