/** The result of one check. */
export interface Finding {
  readonly level: 'good' | 'note' | 'bad'
  /** The checked part, in a word or two. */
  readonly subject: string
  readonly text: string
}

export const good = (subject: string, text: string): Finding => ({ level: 'good', subject, text })
export const note = (subject: string, text: string): Finding => ({ level: 'note', subject, text })
export const bad = (subject: string, text: string): Finding => ({ level: 'bad', subject, text })
