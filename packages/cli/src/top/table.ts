import type { Paint } from '../common/paint.ts'

/** One column of a table of rows. */
export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => string
  /** The style of a cell, if it shows a meaning. */
  readonly style?: (row: Row, paint: Paint) => (text: string) => string
  readonly isText?: boolean
  /** May be cut to the remaining width of the line; one column of a table. */
  readonly isElastic?: boolean
  /** If the line is too short, columns are removed from the highest number on; 0 stays. */
  readonly removalOrder: number
}

const GAP = '  '
/** An elastic column that is narrower than this is not useful. */
const LEAST_ELASTIC = 12

/** The table as lines that are at most `width` wide: header, then rows. */
export function tableOf<Row>(all: readonly Column<Row>[], rows: readonly Row[], width: number, paint: Paint): string[] {
  const columns = [...all]
  while (leastWidth(columns, rows) > width && columns.some(({ removalOrder }) => removalOrder > 0)) {
    const last = Math.max(...columns.map(({ removalOrder }) => removalOrder))
    columns.splice(
      columns.findIndex(({ removalOrder }) => removalOrder === last),
      1,
    )
  }
  const rest = width - leastWidth(columns, rows)
  const widths = columns.map(column => {
    const full = naturalWidth(column, rows)
    return column.isElastic ? Math.max(1, Math.min(full, leastOf(column, rows) + rest)) : full
  })
  const line = (cells: readonly string[]): string => cells.join(GAP).trimEnd()
  const head = columns.map(({ head, isText }, i) => paint.dim(fit(head, widths[i]!, isText)))
  const body = rows.map(row =>
    line(
      columns.map(({ cell, style, isText }, i) => {
        const text = fit(cell(row), widths[i]!, isText)
        return style === undefined ? text : style(row, paint)(text)
      }),
    ),
  )
  return [line(head), ...body]
}

function leastWidth<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number {
  const widths = columns.map(column => leastOf(column, rows))
  return widths.reduce((total, width) => total + width, 0) + GAP.length * (columns.length - 1)
}

function leastOf<Row>(column: Column<Row>, rows: readonly Row[]): number {
  const full = naturalWidth(column, rows)
  return column.isElastic ? Math.min(full, LEAST_ELASTIC) : full
}

function naturalWidth<Row>({ head, cell }: Column<Row>, rows: readonly Row[]): number {
  return Math.max(head.length, ...rows.map(row => cell(row).length))
}

/** Pads or cuts to this width: text to the left, numbers to the right. */
function fit(text: string, width: number, isText = false): string {
  const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text
  return isText ? cut.padEnd(width) : cut.padStart(width)
}
