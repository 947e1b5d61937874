import { promisify } from 'node:util'
import zlib, { constants, type InputType, type ZlibOptions } from 'node:zlib'
import { type Bytes, bytesOf } from './bytes.ts'
import { combinedCrc, crc32 } from './crc.ts'

/**
 * Compresses bytes as gzip (RFC 1952), chunk by chunk on Node's own threads, and each chunk once.
 *
 * Most of the output of a large herd is the same as before, in the same buffers. Each chunk is deflated separately, to
 * whole bytes and without an end marker (RFC 1951 allows such parts to follow each other), so the result can be reused
 * wherever the chunk occurs again: one stream with one header and one checksum, which every reader accepts. That costs
 * some bytes per chunk, since no chunk refers to the one before; for a chunk of 200 KB this is negligible.
 */
export class GzipPacker {
  readonly #packed = new WeakMap<Buffer, Packed>()

  /** Compresses new chunks, one after the other. The chunks must not be modified. */
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

/** Compression is not worthwhile below the size of one packet. */
export const LEAST_TO_PACK = 1400

/** A compressed chunk, with the checksum and length of the original. */
interface Packed {
  readonly bytes: Buffer
  readonly crc: number
  readonly length: number
}

const deflateRaw: (input: InputType, options: ZlibOptions) => Promise<Buffer> = promisify(zlib.deflateRaw)

const PART: ZlibOptions = { level: constants.Z_BEST_SPEED, finishFlush: constants.Z_SYNC_FLUSH }

/** Deflate, no name, no time, the fastest level, unknown operating system. */
const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255])

/** An empty last part, the checksum of all uncompressed bytes, and their number modulo 2^32. */
function tailOf(crc: number, length: number): Buffer {
  const tail = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  tail.writeUInt32LE(crc, 2)
  tail.writeUInt32LE(length >>> 0, 6)
  return tail
}
