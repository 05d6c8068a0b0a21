/** What hooks were sent. Kept only in the store, because it is asked for one template at a time. */
import * as z from "zod";
import { joinedBytes } from "../domain/bytes.ts";
import { Delivery } from "../domain/delivery.ts";
import { stored } from "../domain/stored.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { decodeStored, encodeStored } from "./stored_values.ts";
import { parted } from "./value_parts.ts";

const DELIVERIES: Key = ["delivery"];
const BODIES: Key = ["delivery_body"];
const BATCH = 100;
/** A larger body is not kept, so that the delivery cannot be replayed. */
const BODY_KEPT_BYTES = 240_000;

const StoredDelivery = Delivery.extend({
  body_parts: z.int().describe("0: the body was too large to be kept."),
});
export type StoredDelivery = z.infer<typeof StoredDelivery>;

const STORED = stored("delivery", StoredDelivery);

export class Deliveries {
  readonly #kv: KeyValue;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  /** What a commit changes for a new delivery. `before`: the one with its id that it replaces. */
  entries(
    delivery: Delivery,
    body: Uint8Array,
    before: StoredDelivery | undefined,
  ): { sets: { key: Key; value: Uint8Array }[]; deletes: Key[] } {
    const { template, delivery_id } = delivery;
    const parts = body.length > BODY_KEPT_BYTES ? [] : parted(body);
    const keyOf = (part: number) => [...BODIES, template, delivery_id, part];
    return {
      sets: [
        this.changed({ ...delivery, body_parts: parts.length }),
        ...parts.map((value, part) => ({ key: keyOf(part), value })),
      ],
      deletes: Array.from({ length: before?.body_parts ?? 0 }, (_, part) => part)
        .slice(parts.length).map(keyOf),
    };
  }

  /** The key of a delivery whose body stays. */
  changed(delivery: StoredDelivery): { key: Key; value: Uint8Array } {
    const { template, delivery_id } = delivery;
    return { key: [...DELIVERIES, template, delivery_id], value: encodeStored(delivery) };
  }

  async get(template: string, delivery_id: string): Promise<StoredDelivery | undefined> {
    const found = await this.#kv.get([...DELIVERIES, template, delivery_id]);
    return found && decodeStored(STORED, `delivery '${delivery_id}'`, found.value);
  }

  async body({ template, delivery_id, body_parts }: StoredDelivery): Promise<Uint8Array> {
    const keys = Array.from({ length: body_parts }, (_, part) => [...BODIES, template, delivery_id, part]);
    const found = await Promise.all(keys.map((key) => this.#kv.get(key)));
    return joinedBytes(found.map((part) => part?.value ?? new Uint8Array()));
  }

  /** Those of one template, the newest first. */
  async list(template: string): Promise<StoredDelivery[]> {
    const found: StoredDelivery[] = [];
    for await (const { key, value } of this.#kv.list({ prefix: [...DELIVERIES, template], batch: BATCH })) {
      found.push(decodeStored(STORED, `delivery '${String(key[2])}'`, value));
    }
    return found.sort((a, b) => a.time < b.time ? 1 : a.time > b.time ? -1 : 0);
  }

  /** All keys of a delivery. */
  keysOf({ template, delivery_id, body_parts }: StoredDelivery): Key[] {
    const bodies = Array.from({ length: body_parts }, (_, part) => [...BODIES, template, delivery_id, part]);
    return [[...DELIVERIES, template, delivery_id], ...bodies];
  }
}
