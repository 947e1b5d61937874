import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { CatalogWriter } from './catalog.ts'
import { openSlab, type Slab, type SlabKind } from './slab.ts'

/** The files of one store: what they are called, and in which order they are made. */

export interface StorePaths {
  readonly values: string
  readonly catalog: string
  /** There only once somebody has given an exemplar. */
  readonly exemplars: string
}

/** The files of a store. The name carries what a reader needs to know before it opens them. */
export function storePaths(directory: string, worker: number, id: number): StorePaths {
  const base = join(directory, `${worker}-${id.toString(36)}`)
  return { values: `${base}.values`, catalog: `${base}.catalog`, exemplars: `${base}.exemplars` }
}

/** The catalog comes first: a store is found by its values, and must not be found without its names. */
export function openFiles(
  kind: SlabKind,
  paths: StorePaths | undefined,
): { slab: Slab; catalog: CatalogWriter | undefined } {
  const catalog = paths && new CatalogWriter(paths.catalog)
  try {
    return { slab: openSlab(kind, paths?.values), catalog }
  } catch (error) {
    catalog?.close()
    removePaths(paths)
    throw error
  }
}

export function removePaths(paths: StorePaths | undefined): void {
  if (paths === undefined) return
  rmSync(paths.values, { force: true })
  rmSync(paths.catalog, { force: true })
}
