import { promisify } from 'node:util'
import zlib, { constants, type InputType, type ZlibOptions } from 'node:zlib'
import { type Bytes, bytesOf } from './bytes.ts'
import { combinedCrc, crc32 } from './crc.ts'

/**
 * Packs bytes as gzip (RFC 1952), piece by piece on threads of Node's own, and each piece once.
 *
 * Most of what a large herd sends is what it sent before, in the very same buffers. Each piece is deflated by itself to
 * whole bytes and without an end (RFC 1951 lets such parts follow each other), so what was made of it stands wherever
 * it comes again: one stream with one head and one checksum, as every reader takes it. That costs some bytes for each
 * piece, since none refers to the one before; a piece of 200 KB feels nothing of that.
 */
export class GzipPacker {
  readonly #packed = new WeakMap<Buffer, Packed>()

  /** Packs what is new, one piece after the other. Nobody may write into the pieces. */
  async pack({ pieces }: Bytes): Promise<Bytes> {
    const all: Packed[] = []
    for (const piece of pieces) all.push(this.#packed.get(piece) ?? (await this.#pack(piece)))
    let crc = 0
    let length = 0
    for (const packed of all) {
      crc = combinedCrc(crc, packed.crc, packed.length)
      length += packed.length
    }
    return bytesOf([HEAD, ...all.map(({ bytes }) => bytes), tailOf(crc, length)])
  }

  async #pack(piece: Buffer): Promise<Packed> {
    const packed = { bytes: await deflateRaw(piece, PART), crc: crc32(piece), length: piece.length }
    this.#packed.set(piece, packed)
    return packed
  }
}

/** What fits into one packet is not worth packing. */
export const LEAST_TO_PACK = 1400

/** What was made of a piece, and what its checksum and length were. */
interface Packed {
  readonly bytes: Buffer
  readonly crc: number
  readonly length: number
}

const deflateRaw: (input: InputType, options: ZlibOptions) => Promise<Buffer> = promisify(zlib.deflateRaw)

const PART: ZlibOptions = { level: constants.Z_BEST_SPEED, finishFlush: constants.Z_SYNC_FLUSH }

/** Deflate, no name, no time, the fastest level, made on any system. */
const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255])

/** An empty last part, the checksum of all that was packed, and its length modulo 2^32. */
function tailOf(crc: number, length: number): Buffer {
  const tail = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  tail.writeUInt32LE(crc, 2)
  tail.writeUInt32LE(length >>> 0, 6)
  return tail
}
