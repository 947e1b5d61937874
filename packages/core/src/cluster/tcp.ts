import { endianness } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { requireInstalled } from '../base/node-require.ts'

/**
 * TCP socket functions that Node does not offer: calls of the C library through koffi, on Linux. If they are missing,
 * nothing is changed and nothing is known.
 */

/**
 * Stops new connections on a listening socket, and resolves when those that have begun are accepted, after a second at
 * the latest: connections in the queue of the kernel are lost when the last process closes the socket. Other clients
 * receive no answer; they repeat their first packet after a second, and find the port closed. Resolves to false if this
 * cannot be done.
 */
export async function acceptLast(fd: number): Promise<boolean> {
  if (queueOf(fd) === undefined || call(({ attachFilter }) => attachFilter(fd)) !== 0) return false
  const deadline = performance.now() + MOST_ACCEPTING_MS
  while (queueOf(fd) !== 0 && performance.now() < deadline) await wait(POLL_INTERVAL_MS)
  return true
}

/** The number of connections of a listening socket that wait to be accepted. */
function queueOf(fd: number): number | undefined {
  const info = infoOf(fd)
  return info?.getUint8(STATE) === LISTEN ? info.getUint32(QUEUED, IS_LITTLE_ENDIAN) : undefined
}

/** Whether a process has read from a connection. Returns false if that is not known. */
export function wasRead(fd: number): boolean {
  const info = infoOf(fd)
  const unread = call(({ unreadOf }) => unreadOf(fd))
  if (info === undefined || unread === undefined) return false
  // The end of the client's data counts as one byte.
  const received = Number(info.getBigUint64(RECEIVED, IS_LITTLE_ENDIAN)) - (info.getUint8(STATE) === CLOSE_WAIT ? 1 : 0)
  return received > unread
}

interface Calls {
  readonly attachFilter: (fd: number) => number
  readonly infoOf: (fd: number, info: Uint8Array) => number
  readonly unreadOf: (fd: number) => number | undefined
}

let calls: Calls | undefined

function call<T>(ask: (calls: Calls) => T): T | undefined {
  if (process.platform !== 'linux' || !ARCHITECTURES.has(process.arch)) return undefined
  try {
    calls ??= findCalls()
    return ask(calls)
  } catch {
    // koffi is not installed, or the C library has no such function.
    return undefined
  }
}

function infoOf(fd: number): DataView | undefined {
  const info = new Uint8Array(INFO_BYTES)
  return call(calls => calls.infoOf(fd, info)) === 0 ? new DataView(info.buffer) : undefined
}

function findCalls(): Calls {
  const koffi = requireInstalled<typeof import('koffi')>('koffi')
  const library = koffi.load(null)
  const program = koffi.struct({ length: 'uint16_t', instructions: 'uint16_t *' })
  const setsockopt = library.func('setsockopt', 'int', ['int', 'int', 'int', koffi.pointer(program), 'uint32_t'])
  const getsockopt = library.func('int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)')
  const ioctl = library.func('int ioctl(int, unsigned long, _Out_ int *)')
  const filter = { length: BEGINS_NOTHING.length / 4, instructions: BEGINS_NOTHING }
  return {
    attachFilter: fd => setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, koffi.sizeof(program)),
    infoOf: (fd, info) => getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, [info.length]),
    unreadOf: fd => {
      const unread = [0]
      return ioctl(fd, FIONREAD, unread) === 0 ? unread[0] : undefined
    },
  }
}

const MOST_ACCEPTING_MS = 1000
const POLL_INTERVAL_MS = 1

/** Architectures on which the constants below have these values. */
const ARCHITECTURES: ReadonlySet<string> = new Set(['x64', 'arm64', 'arm', 'ia32', 'riscv64', 'loong64', 's390x'])
const SOL_SOCKET = 1
const SO_ATTACH_FILTER = 26
const IPPROTO_TCP = 6
const TCP_INFO = 11
const FIONREAD = 0x541b

/** Of `struct tcp_info`: the size up to the last field that is read, and the offsets of the fields. */
const INFO_BYTES = 136
const STATE = 0
const QUEUED = 24
const RECEIVED = 128
const CLOSE_WAIT = 8
const LISTEN = 10
const IS_LITTLE_ENDIAN = endianness() === 'LE'

/** A kernel filter (BPF), four 16-bit numbers for each instruction: drops segments that have the flag SYN. */

const BEGINS_NOTHING = instructions([
  [0x30, 0, 0, 13], // the flags
  [0x45, 0, 1, 0x02], // with SYN the next instruction, else the one after it
  [0x06, 0, 0, 0],
  [0x06, 0, 0, 0xffff_ffff],
])

function instructions(list: readonly (readonly [code: number, jt: number, jf: number, k: number])[]): Uint16Array {
  const view = new DataView(new ArrayBuffer(list.length * 8))
  for (const [index, [code, jt, jf, k]] of list.entries()) {
    view.setUint16(index * 8, code, IS_LITTLE_ENDIAN)
    view.setUint8(index * 8 + 2, jt)
    view.setUint8(index * 8 + 3, jf)
    view.setUint32(index * 8 + 4, k, IS_LITTLE_ENDIAN)
  }
  return new Uint16Array(view.buffer)
}
