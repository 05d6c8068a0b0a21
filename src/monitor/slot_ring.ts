/** Numbers per slot of time, for the most recent slots: a ring, so it never grows. */
export class SlotRing {
  readonly #slots: number;
  readonly #width: number;
  readonly #values: Float64Array | Uint32Array;

  private constructor(slots: number, width: number, values: Float64Array | Uint32Array) {
    this.#slots = slots;
    this.#width = width;
    this.#values = values;
  }

  /** A ring of `width` counts per slot, which take half the memory of sums. */
  static ofCounts(slots: number, width: number): SlotRing {
    return new SlotRing(slots, width, new Uint32Array(slots * width));
  }

  /** A ring of `width` sums per slot. */
  static ofSums(slots: number, width: number): SlotRing {
    return new SlotRing(slots, width, new Float64Array(slots * width));
  }

  add(slot: number, index: number, amount: number): void {
    this.#values[(slot % this.#slots) * this.#width + index]! += amount;
  }

  clear(slot: number): void {
    const at = (slot % this.#slots) * this.#width;
    this.#values.fill(0, at, at + this.#width);
  }

  /** The sum of each number over the last `count` slots up to `last`. */
  sums(last: number, count: number): number[] {
    const sums = new Array<number>(this.#width).fill(0);
    for (let slot = last - count + 1; slot <= last; slot++) {
      const at = ((slot + this.#slots) % this.#slots) * this.#width;
      for (let i = 0; i < this.#width; i++) sums[i]! += this.#values[at + i]!;
    }
    return sums;
  }
}
