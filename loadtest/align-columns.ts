// Columns of a terminal's table: the first to the left, numbers to the right.

/** `shown` is the text with colours, which have no width. */
export type TextCell = { text: string; shown?: string }

export function alignColumns(rows: TextCell[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.text.length)))
  return rows.map((cells) =>
    cells
      .map(({ text, shown = text }, column) => {
        const blank = ' '.repeat(widths[column]! - text.length)
        return column === 0 ? shown + blank : blank + shown
      })
      .join('  ')
      .trimEnd(),
  )
}
