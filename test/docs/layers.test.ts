import { describe, expect, test } from 'vitest'
import { circles, crowded, documentedLayers, folders, importsOf, layerOf, packageNames } from '../../scripts/layers.mjs'

/** The structure of the packages is the one of docs/architecture.md: layers, no circles, no crowded folder. */

describe.each(packageNames())('package %s', name => {
  const imports = importsOf(name)

  test('no files import each other in a circle', () => {
    expect(circles(imports)).toEqual([])
  })

  test('no folders import each other in a circle', () => {
    expect(circles(folders(imports))).toEqual([])
  })

  test('no folder has more than twelve source files side by side', () => {
    expect(crowded(imports)).toEqual([])
  })
})

describe('layers of core', () => {
  const documented = documentedLayers()
  const layers = folders(importsOf('core'), layerOf)

  test('each folder is a row of the table, and each row is a folder', () => {
    expect([...documented.keys()].sort()).toEqual([...layers.keys()].filter(layer => layer !== '.').sort())
  })

  test.each([...documented.keys()])('%s imports the folders that its row names', layer => {
    expect(layers.get(layer)).toEqual([...documented.get(layer)!].sort())
  })

  test('a row names only folders above it', () => {
    const order = [...documented.keys()]
    const upwards = order.flatMap((layer, i) => documented.get(layer)!.filter(name => order.indexOf(name) >= i))
    expect(upwards).toEqual([])
  })

  test('no layer imports an entry of the package', () => {
    const imports = importsOf('core')
    const found = [...imports].filter(([file, paths]) => file.includes('/') && paths.some(path => !path.includes('/')))
    expect(found).toEqual([])
  })
})

describe('the reading of imports', () => {
  test('a circle of three and a separate circle of two are found', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a', 'd']],
      ['d', ['e']],
      ['e', ['d']],
      ['f', ['a']],
    ])
    expect(circles(graph)).toEqual([
      ['d', 'e'],
      ['a', 'b', 'c'],
    ])
  })

  test('imports of values, of types, of later and in types count', () => {
    const imports = importsOf('core')
    expect(imports.get('auto.ts')).toEqual(expect.arrayContaining(['config/process-config.ts', 'auto/parts.ts']))
    expect(imports.get('base/errors.ts')).toEqual([])
  })
})
