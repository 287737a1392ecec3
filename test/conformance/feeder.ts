// What feeds the source of the hop under test.

/** What became of events that were offered once. */
export type Fed = {
  /** The ids of those that were acknowledged. */
  accepted: string[]
  /** Why the others were not, one each. */
  refused: string[]
}

export type Feeder = {
  /** Offers events, each once; resolves when each is answered. */
  feed(count: number): Promise<Fed>
  /** Offers what was refused once more, as whoever owns it does. */
  again(): Promise<Fed>
  /** Offers more than the source may take at once; why it was refused. */
  feedTooMuch(): Promise<string>
  /**
   * Offers again what was accepted long ago, alone and together with what is new (the
   * answer is about that); absent where that cannot be.
   */
  repeat?: () => Promise<Fed>
  close(): Promise<void>
}

/** Of a source whose clients hold nothing back: what was refused is offered again as events that are new. */
export function offering(offer: (count: number) => Promise<Fed>): Pick<Feeder, 'feed' | 'again'> {
  let refused = 0
  const feed = async (count: number) => {
    const fed = await offer(count)
    refused += fed.refused.length
    return fed
  }
  return {
    feed,
    again() {
      const count = refused
      refused = 0
      return feed(count)
    },
  }
}

export const joinFed = (parts: Fed[]): Fed => ({
  accepted: parts.flatMap(({ accepted }) => accepted),
  refused: parts.flatMap(({ refused }) => refused),
})
