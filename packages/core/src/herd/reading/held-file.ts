import { closeSync, fstatSync } from 'node:fs'
import { isScarce } from '../../files/descriptors.ts'
import { openFile, statFile } from '../../files/files.ts'

/**
 * A file that is read at each scrape. It stays open, and can therefore be read after it was unlinked. If descriptors
 * are scarce, it is opened for each use until there are enough.
 */
export class HeldFile {
  readonly path: string
  readonly inode: number
  readonly #isAlwaysHeld: boolean
  #fd: number | undefined

  /** Throws the errors of the file system. The caller closes it. */
  constructor(path: string, { isAlwaysHeld = false }: { readonly isAlwaysHeld?: boolean | undefined } = {}) {
    this.path = path
    this.#isAlwaysHeld = isAlwaysHeld
    const fd = openFile(path)
    this.#fd = fd
    this.inode = fstatSync(fd).ino
    this.#letGoIfScarce(fd)
  }

  /** The descriptor; undefined while it is not held. */
  get fd(): number | undefined {
    return this.#fd
  }

  /** Calls `read` with a descriptor, which must not be used afterwards. Throws the errors of the file system. */
  use<T>(read: (fd: number) => T): T {
    if (this.#fd !== undefined) return read(this.#fd)
    const fd = openFile(this.path)
    this.#fd = fd
    try {
      if (fstatSync(fd).ino !== this.inode) throw new Error(`${this.path} is another file by now`)
      return read(fd)
    } finally {
      this.#letGoIfScarce(fd)
    }
  }

  /**
   * True once the file has been unlinked, or its name belongs to another file. Throws the errors of the file system.
   */
  isUnlinked(): boolean {
    if (this.#fd !== undefined) return fstatSync(this.#fd).nlink === 0
    return statFile(this.path)?.ino !== this.inode
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #letGoIfScarce(fd: number): void {
    if (!this.#isAlwaysHeld && isScarce(fd)) this.close()
  }
}
