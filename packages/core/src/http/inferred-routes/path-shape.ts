/**
 * The shape of a path: what each of its segments looks like. A pure function of the string, so that every process names
 * the same path in the same way, whatever it served before. It makes one pass over the characters, without regular
 * expressions, and reads at most the first `MOST_READ` of them in a segment: a hostile path costs no more than a long
 * one.
 */

/** The placeholder of a segment that is not a word. */
type SegmentKind = ':number' | ':date' | ':uuid' | ':hash' | ':email' | ':file' | ':slug' | ':id' | ':token' | ':value'

/** The number of segments that are distinguished; all further ones become `*`. */
const DEEPEST = 8

/** Stands for all segments that follow. */
const REST = '*'

/**
 * The segments of a path, each as itself if it is a word, else as its kind. Empty segments, which double slashes
 * produce, are omitted. Undefined if the string is no path: `*`, or the authority of CONNECT.
 */
export function shapeOf(path: string): string[] | undefined {
  if (path.charCodeAt(0) !== SLASH) return undefined
  const segments: string[] = []
  let start = 1
  while (start <= path.length) {
    const next = path.indexOf('/', start)
    const end = next < 0 ? path.length : next
    if (end > start) {
      if (segments.length === DEEPEST) {
        segments.push(REST)
        break
      }
      segments.push(segmentOf(path, start, end))
    }
    start = end + 1
  }
  return segments
}

function segmentOf(path: string, start: number, end: number): string {
  const facts = read(path, start, Math.min(end, start + MOST_READ))
  if (facts.others > 0) return ':value'
  if (facts.ats === 1 && facts.dots > 0) return ':email'
  if (facts.ats > 0) return ':value'
  if (end - start > LONGEST_WORD) return facts.hexes === MOST_READ ? ':hash' : longKind(facts)
  return kindOf(facts, end - start) ?? path.slice(start, end)
}

function longKind({ hyphens, digits }: Facts): SegmentKind {
  return hyphens > MOST_HYPHENS && digits < hyphens ? ':slug' : ':token'
}

/** Undefined for a word: letters, optionally with one digit at the end, or a version such as `v1`. */
function kindOf(facts: Facts, length: number): SegmentKind | undefined {
  const { digits, letters, hexes, hyphens, dots, colons, lasts } = facts
  if (isUuid(facts, length)) return ':uuid'
  if (digits > 0 && letters === 0) return hyphens === 2 && digits >= 6 && digits <= 8 ? ':date' : ':number'
  if (isTime(facts)) return ':date'
  if (digits > 0 && hexes === length && length >= SHORTEST_HASH) return ':hash'
  if (colons > 0) return ':id'
  if (hyphens > MOST_HYPHENS) return ':slug'
  if (digits === 0) return undefined
  if (dots > 0 && facts.isFile) return ':file'
  if (facts.isVersion && digits <= 2) return undefined
  return digits === 1 && lasts === 1 && letters > 1 ? undefined : ':id'
}

/** As RFC 9562 writes it: 8, 4, 4, 4 and 12 hexadecimal digits. */
function isUuid({ hexes, hyphens, firstHyphen }: Facts, length: number): boolean {
  return length === 36 && hyphens === 4 && hexes === 32 && firstHyphen === 8
}

/** A date with a time, as in ISO 8601: `2026-11-29T08:00:00.000Z`. */
function isTime({ digits, letters, hyphens, firstHyphen, colons, hasT }: Facts): boolean {
  return hasT && letters <= 2 && digits >= 8 && firstHyphen === 4 && hyphens >= 2 && colons <= 3
}

/** What is counted in a segment in one pass. */
interface Facts {
  letters: number
  digits: number
  hexes: number
  hyphens: number
  dots: number
  colons: number
  ats: number
  /** Characters that no word and no identifier contains. */
  others: number
  /** Digits at the end. */
  lasts: number
  /** The position of the first hyphen; -1 if there is none. */
  firstHyphen: number
  hasT: boolean
  /** True if one to five characters follow the last dot and the first of them is a letter. */
  isFile: boolean
  /** True if it begins with a `v` followed by a digit. */
  isVersion: boolean
}

function read(path: string, start: number, end: number): Facts {
  const facts: Facts = {
    letters: 0,
    digits: 0,
    hexes: 0,
    hyphens: 0,
    dots: 0,
    colons: 0,
    ats: 0,
    others: 0,
    lasts: 0,
    firstHyphen: -1,
    hasT: false,
    isFile: false,
    isVersion: (path.charCodeAt(start) | LOWER) === V && isDigit(path.charCodeAt(start + 1)),
  }
  for (let i = start; i < end; i++) {
    const code = path.charCodeAt(i)
    if (code === PERCENT && path.startsWith('40', i + 1)) {
      // The form in which `encodeURIComponent` writes an at sign.
      facts.ats++
      i += 2
    } else count(facts, code, i - start)
  }
  const dot = path.lastIndexOf('.', end - 1)
  facts.isFile = dot > start && end - dot > 1 && end - dot <= 6 && isLetter(path.charCodeAt(dot + 1))
  return facts
}

function count(facts: Facts, code: number, at: number): void {
  if (isDigit(code)) {
    facts.digits++
    facts.hexes++
    facts.lasts++
    return
  }
  facts.lasts = 0
  if (isLetter(code)) {
    facts.letters++
    if ((code | LOWER) <= F) facts.hexes++
    if (code === T) facts.hasT = true
  } else if (code === HYPHEN) {
    if (facts.firstHyphen < 0) facts.firstHyphen = at
    facts.hyphens++
  } else if (code === DOT) facts.dots++
  else if (code === COLON) facts.colons++
  else if (code === AT) facts.ats++
  else if (code !== UNDERSCORE && code !== TILDE && code !== PLUS) facts.others++
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isLetter(code: number): boolean {
  const lower = code | LOWER
  return lower >= 97 && lower <= 122
}

const MOST_READ = 64
const LONGEST_WORD = 40
const SHORTEST_HASH = 8
/** A word with more hyphens is a title: `how-to-bake-bread`. */
const MOST_HYPHENS = 2

const PERCENT = 37
const SLASH = 47
const HYPHEN = 45
const DOT = 46
const COLON = 58
const AT = 64
const PLUS = 43
const UNDERSCORE = 95
const TILDE = 126
const T = 84
const F = 102
const V = 118
/** The bit that makes an ASCII letter lower case. */
const LOWER = 32
