/** A binary heap: the item with the lowest place comes first. */

export interface Placed<Item> {
  item: Item;
  place: number;
}

export class Heap<Item> {
  readonly #entries: Placed<Item>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  get first(): Placed<Item> | undefined {
    return this.#entries[0];
  }

  push(item: Item, place: number): void {
    const entries = this.#entries;
    let at = entries.push({ item, place }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (entries[parent]!.place <= entries[at]!.place) break;
      [entries[parent], entries[at]] = [entries[at]!, entries[parent]!];
      at = parent;
    }
  }

  /** Adds many at once, which takes less time. */
  pushAll(added: Iterable<Placed<Item>>): void {
    for (const entry of added) this.#entries.push(entry);
    for (let at = this.#entries.length >> 1; at-- > 0;) this.#sink(at);
  }

  /** Removes and returns the first. */
  pop(): Placed<Item> | undefined {
    const entries = this.#entries;
    const [first] = entries;
    const last = entries.pop();
    if (!first || !last) return undefined;
    if (entries.length > 0) {
      entries[0] = last;
      this.#sink(0);
    }
    return first;
  }

  /** Moves an item down until none below it goes before it. */
  #sink(at: number): void {
    const entries = this.#entries;
    for (;;) {
      let first = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < entries.length; child++) {
        if (entries[child]!.place < entries[first]!.place) first = child;
      }
      if (first === at) return;
      [entries[first], entries[at]] = [entries[at]!, entries[first]!];
      at = first;
    }
  }
}
