/** Deliveries of webhooks: signed requests that start tasks from templates. */
import { getLogger } from "@logtape/logtape";
import { type Clock, epochOf, type Timer } from "../../clock/clock.ts";
import { type Actor, hookActor, SERVER } from "../../domain/actor.ts";
import { DELIVERIES_KEPT, type Delivery, outdated, SAME_FOR_MS } from "../../domain/delivery.ts";
import { ApiError, type ErrorCode, ERRORS } from "../../domain/errors.ts";
import { fieldProblem } from "../../domain/field_problem.ts";
import { sha256 } from "../../domain/sha256.ts";
import { exactJson } from "../../domain/exact_json.ts";
import { ignoredBecause, triggeredParams } from "../../domain/template.ts";
import type { Store } from "../../store/open.ts";
import type { StoredDelivery } from "../../store/deliveries.ts";
import { OneAtATime } from "../one_at_a_time.ts";
import { isSigned } from "./signature.ts";
import type { LoadedTemplate, Templates } from "./templates.ts";

const log = getLogger(["opencode-agents", "engine"]);

const SWEEP_MS = 3_600_000;
const ID_MAX = 200;
const DIGEST_CHARS = 12;
/** How many replays a delivery remembers. */
const REPLAYS_KEPT = 10;
/** How many old deliveries one commit removes. */
const TOGETHER = 20;
/** Refusals that have nothing to do with the delivery. Few senders try again, so that a person may want to replay it. */
const FOR_NOW: readonly ErrorCode[] = ["RATE_LIMIT_EXCEEDED", "SERVICE_UNAVAILABLE"];

/** A request to a hook, as it came. */
export interface Arrived {
  body: Uint8Array<ArrayBuffer>;
  signature: string | undefined;
  event: string | undefined;
  delivery_id: string | undefined;
}

export type HookAnswer =
  /** `isNew`: false for a delivery that has come before. */
  | { kind: "task"; task_id: string; isNew: boolean }
  | { kind: "ignored" }
  /** No task can be made of it. */
  | { kind: "refused"; error: ApiError };

export interface HooksContext {
  clock: Clock;
  templates: Templates;
  store: Pick<Store, "tasks" | "deliveries">;
}

/** How a delivery counts against the limits of its sender. */
export interface Counting {
  signed(): void;
  count(): void;
}

export class Hooks {
  readonly #context: HooksContext;
  readonly #turns = new OneAtATime();
  /** How many deliveries of a template were stored since its old ones were removed. */
  readonly #fresh = new Map<string, number>();
  #sweep: Timer | undefined;

  constructor(context: HooksContext) {
    this.#context = context;
  }

  start(): void {
    this.#sweep = this.#context.clock.every(SWEEP_MS, () => this.#sweepSoon());
    this.#sweepSoon();
  }

  stop(): void {
    this.#sweep?.cancel();
  }

  /** The template that `POST /hooks/NAME` starts; undefined if there is none. */
  find(name: string): LoadedTemplate | undefined {
    const found = this.#context.templates.find(name);
    return found?.secret === undefined ? undefined : found;
  }

  /**
   * Carries out a delivery, once for each id and day. `signed` is called once its signature is known to be right, `count` before
   * a task is made; each throws if there are too many. Throws `INVALID_AUTH_TOKEN` for a wrong signature, `INVALID_JSON`, and what a later delivery may be spared.
   */
  async receive(hook: LoadedTemplate, arrived: Arrived, { signed, count }: Counting): Promise<HookAnswer> {
    const { name, secret } = hook;
    if (secret === undefined || !await isSigned(secret, arrived)) {
      log.warn("A delivery to {hook} has no valid signature", { hook: `/hooks/${name}` });
      throw new ApiError("INVALID_AUTH_TOKEN", "X-Hub-Signature-256 is not the signature of this body", {
        hook: name,
      });
    }
    signed();
    const { delivery_id } = arrived;
    if (delivery_id !== undefined && delivery_id.length > ID_MAX) {
      throw fieldProblem("INVALID_FIELD_VALUE", "X-Delivery-Id", delivery_id, `at most ${ID_MAX} characters`);
    }
    if (delivery_id === undefined) {
      return await this.#carryOut(hook, arrived, `${name}-${crypto.randomUUID()}`, count);
    }
    const thing = JSON.stringify([name, delivery_id]);
    return await this.#turns.in(thing, () => this.#carryOut(hook, arrived, delivery_id, count));
  }

  async #carryOut(
    hook: LoadedTemplate,
    { body, event }: Arrived,
    delivery_id: string,
    count: () => void,
  ): Promise<HookAnswer> {
    const before = await this.#context.store.deliveries.get(hook.name, delivery_id);
    const known = this.#startedBy(before);
    if (known !== undefined) return { kind: "task", task_id: known, isNew: false };
    const noted = { delivery_id, template: hook.name, time: this.#context.templates.now(), event };
    const note = (what: Pick<Delivery, "outcome" | "reason">) =>
      this.#note({ ...noted, ...what }, body, before);
    if (event === "ping") {
      await note({ outcome: "ignored", reason: "ping" });
      return { kind: "ignored" };
    }
    const refused = async (error: unknown): Promise<HookAnswer> => {
      const isOwn = error instanceof ApiError && ERRORS[error.code].status === 400;
      if (!isOwn && !(error instanceof ApiError && FOR_NOW.includes(error.code))) throw error;
      await note({ outcome: "refused", reason: error.message });
      if (!isOwn || error.code === "INVALID_JSON") throw error;
      return { kind: "refused", error };
    };
    try {
      const delivery = parsed(body);
      const reason = ignoredBecause(hook.template, event, delivery);
      if (reason !== undefined) {
        await note({ outcome: "ignored", reason });
        return { kind: "ignored" };
      }
      count();
      const id = await this.#taskId(hook.name, delivery_id);
      const task = this.#context.templates.taskOf(hook, triggeredParams(hook.template, delivery), id);
      const started = { ...noted, outcome: "started" as const, task_id: id };
      const besides = this.#context.store.deliveries.entries(started, body, before);
      await this.#context.templates.create(task, hookActor(hook.name), besides);
      this.#stored(hook.name);
      return { kind: "task", task_id: id, isNew: true };
    } catch (error) {
      // On a shared store, another node may have been faster.
      const taken = error instanceof ApiError && error.code === "TASK_ALREADY_EXISTS"
        ? this.#startedBy(await this.#context.store.deliveries.get(hook.name, delivery_id))
        : undefined;
      return taken === undefined ? await refused(error) : { kind: "task", task_id: taken, isNew: false };
    }
  }

  /** The newest deliveries of a template. */
  async list(template: string, limit: number): Promise<Delivery[]> {
    this.#context.templates.get(template);
    const all = await this.#context.store.deliveries.list(template);
    return all.slice(0, limit).map(({ body_parts: _, ...delivery }) => delivery);
  }

  /** Makes another task of a delivery, as the configuration is now. */
  async replay(
    delivery_id: string,
    template: string | undefined,
    by: Actor,
  ): Promise<{ template: string; task_id: string }> {
    const { templates, store } = this.#context;
    const found = await this.#find(delivery_id, template);
    const hook = templates.get(found.template);
    if (found.body_parts === 0) {
      throw notReplayable(delivery_id, "Its body was too large to be kept");
    }
    const delivery = parsed(await store.deliveries.body(found));
    const reason = ignoredBecause(hook.template, found.event, delivery);
    if (reason !== undefined) throw notReplayable(delivery_id, `It starts no task: ${reason}`);
    const task = templates.taskOf(hook, triggeredParams(hook.template, delivery));
    const outcome = found.outcome === "started"
      ? { replays: [...found.replays ?? [], task.id].slice(-REPLAYS_KEPT) }
      : { outcome: "started" as const, reason: undefined, task_id: task.id };
    await templates.create(task, by, { sets: [store.deliveries.changed({ ...found, ...outcome })] });
    return { template: found.template, task_id: task.id };
  }

  /** A busy sender would fill the store until the next sweep. */
  #stored(template: string): void {
    const fresh = (this.#fresh.get(template) ?? 0) + 1;
    this.#fresh.set(template, fresh);
    if (fresh === DELIVERIES_KEPT) this.#sweepSoon([template]);
  }

  #sweepSoon(names?: readonly string[]): void {
    void this.sweep(names).catch((error) =>
      log.error("Old deliveries could not be removed: {error}", { error })
    );
  }

  /** Removes old deliveries of these templates, or of all. */
  async sweep(
    names: readonly string[] = this.#context.templates.list().map(({ name }) => name),
  ): Promise<void> {
    const { templates, store } = this.#context;
    for (const name of names) {
      this.#fresh.delete(name);
      const old = outdated(await store.deliveries.list(name), templates.now());
      for (let at = 0; at < old.length; at += TOGETHER) {
        const deletes = old.slice(at, at + TOGETHER).flatMap((one) => store.deliveries.keysOf(one));
        await store.tasks.update(() => ({ deletes }), SERVER);
      }
    }
  }

  /** The task that the delivery has started within a day. */
  #startedBy(known: Delivery | undefined): string | undefined {
    const isSame = known?.outcome === "started" &&
      this.#context.clock.now() - epochOf(known.time) < SAME_FOR_MS;
    return isSame ? known.task_id : undefined;
  }

  /** Made of the delivery's id, so that nodes that share a store make one task of it. */
  async #taskId(template: string, delivery_id: string): Promise<string> {
    const { store, templates } = this.#context;
    const digest = await sha256(new TextEncoder().encode(delivery_id));
    const id = `${template}_${digest.slice(0, DIGEST_CHARS)}`;
    return store.tasks.get(id) ? templates.newId(template) : id;
  }

  async #note(
    delivery: Delivery,
    body: Uint8Array<ArrayBuffer>,
    before: StoredDelivery | undefined,
  ): Promise<void> {
    const { store } = this.#context;
    const besides = store.deliveries.entries(delivery, body, before);
    await store.tasks.update(() => besides, SERVER);
    this.#stored(delivery.template);
  }

  async #find(delivery_id: string, template: string | undefined): Promise<StoredDelivery> {
    const { templates, store } = this.#context;
    const names = template === undefined
      ? templates.list().map(({ name }) => name)
      : [templates.get(template).name];
    const all = await Promise.all(names.map((name) => store.deliveries.get(name, delivery_id)));
    const found = all.filter((one) => one !== undefined);
    if (found.length > 1) {
      throw fieldProblem("INVALID_FIELD_VALUE", "template", undefined, found.map((one) => one.template));
    }
    if (found[0]) return found[0];
    throw fieldProblem("INVALID_FIELD_VALUE", "delivery_id", delivery_id, "a delivery of list_deliveries");
  }
}

function notReplayable(delivery_id: string, why: string): ApiError {
  const message = `Delivery '${delivery_id}' cannot be replayed. ${why}`;
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    "delivery_id",
    delivery_id,
    "a delivery that starts a task",
    message,
  );
}

function parsed(body: Uint8Array): unknown {
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return exactJson(text);
  } catch (error) {
    const why = text.startsWith("payload=")
      ? "it is a form. Choose the content type application/json where the webhook is set up"
      : (error as Error).message;
    throw new ApiError("INVALID_JSON", `The body is not JSON: ${why}`);
  }
}
