import { describe, expect, it } from 'vitest'
import { KnownNames } from './names.ts'

const LINES = [
  '{"s":16,"f":0,"v":["GET","/a"]}',
  '{"s":33,"f":7,"v":["GET","/a"]}',
  '{"s":33,"f":7,"v":["GET","/a"],"o":1}',
  '{"s":34,"f":0,"v":[]}',
  '{"s":35,"f":0,"v":["a\\"]}","\\\\","\\n","ü","\u2028"]}',
  '{"s":36,"f":0,"v":[ "GET","/a"]}',
  '{"s":37,"f":0,"v":["GET","/a"],"v":["b"]}',
  '{"s":37,"f":0,"v":["GET","/a"],"x":["b"]}',
  '{"s":0,"f":0,"v":["GET","/a"]}',
  '{"s":01,"f":0,"v":["GET","/a"]}',
  '{"s":40,"f":-1,"v":["GET","/a"]}',
  '{"s":41,"f":0,"v":["GET",1]}',
  '{"s":42,"f":0,"v":["GET","/a"',
  '{"s":99999999999,"f":0,"v":["GET","/a"]}',
  '{"kind":"owner","nodeVersion":"v1"}',
  'nonsense',
]

describe('the memory of names', () => {
  it('reads what it knows as it reads what is new', () => {
    const names = new KnownNames()
    for (const line of LINES) names.decode(line)
    for (const line of LINES) expect([line, names.decode(line)]).toEqual([line, new KnownNames().decode(line)])
  })

  it('reads a line that only looks like one that it knows as what it says', () => {
    const names = new KnownNames()
    for (const line of LINES) names.decode(line)
    expect(names.decode('{"s":37,"f":0,"v":["GET","/a"],"v":["b"]}')).toMatchObject({ values: ['b'] })
    expect(names.decode('{"s":37,"f":0,"v":["GET","/a"],"x":["b"]}')).toMatchObject({ values: ['GET', '/a'] })
    expect(names.decode('{"s":37,"f":0,"v":["GET","/a"],"o":1}')).toMatchObject({ overflow: true })
    expect(names.decode('{"s":01,"f":0,"v":["GET","/a"]}')).toBeUndefined()
  })

  it('answers the same array for the same values, whatever the slot and the family', () => {
    const names = new KnownNames()
    const first = names.decode('{"s":16,"f":0,"v":["GET","/a"]}')
    const second = names.decode('{"s":90,"f":3,"v":["GET","/a"]}')
    expect(second).toEqual({ kind: 'series', slot: 90, family: 3, values: ['GET', '/a'] })
    expect(second?.kind === 'series' && first?.kind === 'series' && second.values === first.values).toBe(true)
  })
})
