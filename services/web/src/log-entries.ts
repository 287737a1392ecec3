// The entries that the log page holds: newest first, without holes, and no more than a browser likes.

export type Entry = { id: string; time: string; route: string } & Record<string, unknown>
export type Page = { events: Entry[]; next: string | null }
export type Entries = {
  list: Entry[]
  /** Where the next older page begins; null when there is none. */
  next: string | null
}

export const MOST_ENTRIES = 200_000

/** Puts the newest page before what is held. When the two do not touch, only the page is kept: a hole would be a lie. */
export function prepend({ list, next }: Entries, page: Page): Entries & { added: number } {
  const newest = list[0]
  const known = newest === undefined ? -1 : page.events.findIndex(({ id }) => id === newest.id)
  if (known === 0) return { list, next, added: 0 }
  if (known === -1) return { list: page.events, next: page.next, added: page.events.length }
  return { list: [...page.events.slice(0, known), ...list], next, added: known }
}

/** Puts an older page behind what is held. */
export function append({ list }: Entries, page: Page): Entries {
  return { list: [...list, ...page.events], next: page.next }
}
