/** The interface of a way to reach people. Each has its own file in `carriers`. */
import type { Clock } from "../clock/clock.ts";
import type { NotificationTarget } from "../domain/notification.ts";
import type { RunProgram } from "../host/processes/contained_program.ts";

/** A notice, ready to be handed over. */
export interface Parcel {
  id: string;
  event: string;
  /** The whole notice as JSON. */
  body: string;
  title: string;
  text: string;
  /** The page of the dashboard where a person answers. */
  url: string;
  isUrgent: boolean;
}

/** How a delivery went. `status`: of HTTP, or the program's exit code. `error`: why it failed, in words. */
export interface Carried {
  delivered: boolean;
  status?: number;
  error?: string;
}

export interface CarrierContext {
  clock: Clock;
  run: RunProgram;
  /** The server's own environment. */
  env: Readonly<Record<string, string>>;
  /** Aborts when the server stops. */
  signal: AbortSignal;
}

type TargetOf<Name> = Extract<NotificationTarget, { channel: Name }>;

/** Never rejects. */
export type Carrier<Name extends NotificationTarget["channel"]> = (
  target: TargetOf<Name>,
  parcel: Parcel,
  secret: string | undefined,
  context: CarrierContext,
) => Promise<Carried>;
