/** Numbers for the most recent slots of time. A ring of fixed size. */
export class SlotRing {
  readonly #slots: number;
  readonly #width: number;
  readonly #values: Float64Array | Uint32Array;

  /** `width`: numbers per slot. Counts are whole numbers and take half the memory of sums. */
  constructor(slots: number, width: number, holds: "counts" | "sums") {
    this.#slots = slots;
    this.#width = width;
    this.#values = new (holds === "counts" ? Uint32Array : Float64Array)(slots * width);
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
