/** The tokens by which the agents of running tasks are known. Each ends with its attempt, and none is stored. */
import { agentActor } from "../domain/actor.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import type { Identity } from "./identity.ts";
import { newSecret } from "./secrets.ts";

const FORM = /^task_([0-9a-z]+)_([\w-]{32})$/;

interface Issued {
  secret: string;
  identity: Identity;
}

export class TaskTokens {
  readonly #issued = new Map<string, Issued>();
  readonly #onEnd: (() => void)[] = [];
  #serial = 0;

  /** A token for the agent of this task, until `end` is called. `projects`: the only ones that it sees; undefined for all. */
  issue(task_id: string, agent: string, projects?: readonly string[]): { token: string; end(): void } {
    const serial = (++this.#serial).toString(36);
    const secret = newSecret("");
    const actor = agentActor(task_id, agent, tenantOf(task_id));
    this.#issued.set(serial, {
      secret,
      identity: { actor, permissions: ["read", "write"], projects, expires_ms: Infinity },
    });
    return {
      token: `task_${serial}_${secret}`,
      end: () => {
        if (!this.#issued.delete(serial)) return;
        for (const ended of this.#onEnd) ended();
      },
    };
  }

  /** Called whenever a token has ended. */
  onEnd(ended: () => void): void {
    this.#onEnd.push(ended);
  }

  /** The agent that shows the token; undefined if it has ended or is none. */
  find(token: string): Identity | undefined {
    const [, serial = "", secret = ""] = FORM.exec(token) ?? [];
    const issued = this.#issued.get(serial);
    return issued && isSame(issued.secret, secret) ? issued.identity : undefined;
  }

  /** The agent that works on this task now. */
  ofTask(task_id: string): Identity | undefined {
    for (const { identity } of this.#issued.values()) if (identity.actor.id === task_id) return identity;
    return undefined;
  }

  isValid(identity: Identity): boolean {
    for (const issued of this.#issued.values()) if (issued.identity === identity) return true;
    return false;
  }
}

/** Whether a text has the form of a task's token. */
export function isTaskToken(text: string): boolean {
  return FORM.test(text);
}

/** Compares in a time that does not tell where texts differ. Both have the length of a secret. */
function isSame(a: string, b: string): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
