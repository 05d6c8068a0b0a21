/**
 * Which agent is at the other end of a connection from this machine, whatever key it shows. Agents run as the server's user:
 * they can read the owner's token, but the connection shows which process has it open.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { ProcessOrigin } from "../domain/process_origin.ts";
import {
  connectionTables,
  isLoopback,
  type PeerSocket,
  peerSockets,
  plainAddress,
  socketHolders,
} from "../host/processes/peer_sockets.ts";
import type { Identity } from "./identity.ts";
import type { TaskTokens } from "./task_tokens.ts";

const log = getLogger(["opencode-agents", "security"]);

/** How many sockets are remembered. The one that was seen first is forgotten first. */
const KNOWN_MAX = 1000;
/** Interfaces come and go. */
const ADDRESSES_MS = 10_000;
/** How long no request looks after one that waited in vain. */
const BLIND_MS = 60_000;

export interface Peer {
  ip: string;
  port: number;
}

export interface PeerAgentsOptions {
  clock: Clock;
  tokens: Pick<TaskTokens, "ofTask">;
  /** Whether any agent is at work. If not, nothing is looked at. */
  areAtWork(): boolean;
  /** The task that a process works for. */
  taskOf(process: ProcessOrigin): string | undefined;
}

export class PeerAgents {
  readonly #options: PeerAgentsOptions;
  /** The task of the process that has a socket open, or null, by the socket's inode: no two sockets have the same at a time. */
  readonly #known = new Map<string, string | null>();
  readonly #tables: ReturnType<typeof connectionTables>;
  readonly #holders: ReturnType<typeof socketHolders>;
  #blind_until_ms = -Infinity;
  #cannotSee = Deno.build.os !== "linux";
  #addresses = new Set<string>();
  #addresses_until_ms = -Infinity;

  constructor(options: PeerAgentsOptions) {
    this.#options = options;
    this.#tables = connectionTables(options.clock);
    this.#holders = socketHolders(options.clock);
  }

  /**
   * The agent whose process has the other end open; undefined for any other client, and where that cannot be known. `port`: where
   * this server listens. Throws `PERMISSION_DENIED` for what an ended agent has left, and for a client that has closed its
   * connection: nobody waits for the answer, and it may have been an agent.
   */
  async agentOf(peer: Peer, port: number): Promise<Identity | undefined> {
    if (this.#cannotSee || this.#options.clock.monotonic() < this.#blind_until_ms) return undefined;
    if (!this.#options.areAtWork() || !this.#isLocal(peer.ip)) return undefined;
    const task_id = await this.#taskAt(peer, port);
    if (task_id === undefined) return undefined;
    const agent = this.#options.tokens.ofTask(task_id);
    if (agent !== undefined) return agent;
    throw new ApiError(
      "PERMISSION_DENIED",
      `This process was started for task '${task_id}', whose agent is not at work any more`,
      { task_id },
    );
  }

  async #taskAt(peer: Peer, port: number): Promise<string | undefined> {
    try {
      const sockets = peerSockets(await this.#tables(), peer.port, port);
      if (sockets === undefined || (sockets.length === 0 && !isLoopback(peer.ip))) return undefined;
      if (sockets.length === 0) throw gone();
      for (const socket of sockets) {
        const task_id = await this.#taskWith(socket, peer, port);
        if (task_id !== undefined) return task_id;
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "SERVICE_UNAVAILABLE") throw error;
      // The programs that look are missing. One that only took too long is tried again, but not by each request.
      if (error.details.retry_after_seconds === undefined) this.#cannotSee = true;
      this.#blind_until_ms = this.#options.clock.monotonic() + BLIND_MS;
      log.warn("It cannot be seen whether clients of this machine are agents: {error}", { error });
      return undefined;
    }
  }

  #isLocal(ip: string): boolean {
    if (isLoopback(ip)) return true;
    const now_ms = this.#options.clock.monotonic();
    if (now_ms >= this.#addresses_until_ms) {
      this.#addresses_until_ms = now_ms + ADDRESSES_MS;
      this.#addresses = new Set(ownAddresses());
    }
    return this.#addresses.has(plainAddress(ip));
  }

  async #taskWith({ inode, uid }: PeerSocket, peer: Peer, port: number): Promise<string | undefined> {
    if (inode === "0") throw gone();
    const known = this.#known.get(inode);
    if (known !== undefined) return known ?? undefined;
    const { taskOf } = this.#options;
    const { uid: own, seen, hidden } = await this.#holders(inode);
    // A process that hides its files may have the socket if nobody else is seen to.
    const suspects = uid === own ? hidden : [];
    const task_id = [...seen, ...suspects].map(taskOf).find((one) => one !== undefined);
    if (task_id === undefined && seen.length === 0) {
      // Its process may have ended since. If not, it is one that cannot be seen here, as with containers.
      const sockets = peerSockets(await this.#tables(), peer.port, port);
      if (sockets?.some((one) => one.inode === inode) === false) throw gone();
    }
    this.#known.set(inode, task_id ?? null);
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    return task_id;
  }
}

/** Empty where the server may not know them: then only loopback addresses are local. */
function ownAddresses(): string[] {
  try {
    return Deno.networkInterfaces().map(({ address }) => address);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}

function gone(): ApiError {
  return new ApiError(
    "PERMISSION_DENIED",
    "The client has closed its connection, so that it cannot be told from an agent at work. Keep it open until the answer",
    { reason: "closed" },
  );
}
