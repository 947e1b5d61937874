/** The result of one check. */
export interface Finding {
  readonly level: 'good' | 'note' | 'bad'
  /** What was checked, in a word or two. */
  readonly what: string
  readonly says: string
}

export const good = (what: string, says: string): Finding => ({ level: 'good', what, says })
export const note = (what: string, says: string): Finding => ({ level: 'note', what, says })
export const bad = (what: string, says: string): Finding => ({ level: 'bad', what, says })
