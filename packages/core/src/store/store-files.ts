import { join } from 'node:path'
import { removeFile, replaceFile } from '../files/files.ts'
import { CatalogWriter } from './catalog.ts'
import { type FileStorageKind, openStorage, type Storage, type StorageKind } from './storage.ts'

/** The files of one store: their names, and the order in which they are created. */

export interface StorePaths {
  readonly values: string
  readonly catalog: string
  /** Exists only once an exemplar was recorded. */
  readonly exemplars: string
}

/** The files of a store. The name contains what a reader needs before it opens them. */
export function storePaths(directory: string, worker: number, id: number): StorePaths {
  const base = join(directory, `${worker}-${id.toString(36)}`)
  return { values: `${base}.values`, catalog: `${base}.catalog`, exemplars: `${base}.exemplars` }
}

/** Creates the catalog first: readers find a store by its values file, and must not find one without its names. */
export function openFiles(
  kind: StorageKind,
  paths: StorePaths | undefined,
): { storage: Storage; catalog: CatalogWriter | undefined } {
  const catalog = paths && new CatalogWriter(paths.catalog)
  try {
    return { storage: openStorage(kind, paths?.values), catalog }
  } catch (error) {
    catalog?.close()
    removePaths(paths)
    throw error
  }
}

/** New files for an existing store, under draft names: readers see them only when they are complete. */
export function draftFiles(kind: FileStorageKind, paths: StorePaths): { storage: Storage; catalog: CatalogWriter } {
  removeDrafts(paths)
  const catalog = new CatalogWriter(draftOf(paths.catalog))
  try {
    return { storage: openStorage(kind, draftOf(paths.values)), catalog }
  } catch (error) {
    catalog.close()
    removeDrafts(paths)
    throw error
  }
}

/** Renames the drafts to their final names, the catalog first: see `openFiles`. */
export function nameDrafts(paths: StorePaths): void {
  for (const path of [paths.catalog, paths.values]) replaceFile(draftOf(path), path)
}

export function removeDrafts(paths: StorePaths): void {
  for (const path of [paths.catalog, paths.values]) removeFile(draftOf(path))
}

function draftOf(path: string): string {
  return `${path}.draft`
}

export function removePaths(paths: StorePaths | undefined): void {
  if (paths === undefined) return
  removeFile(paths.values)
  removeFile(paths.catalog)
}
