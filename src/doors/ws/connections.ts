/** The WebSocket connections that are open. */
import { getLogger } from "@logtape/logtape";
import type { ApiVersion } from "../../protocol/api_version.ts";
import type { ClientLimits } from "../../access/client_limits.ts";
import type { Connecting } from "../../access/limits.ts";
import type { Standing } from "../../access/shares.ts";
import type { SubscriptionHub } from "../../api/channels/hub.ts";
import type { Router } from "../../api/router.ts";
import type { Clock } from "../../clock/clock.ts";
import type { Identity } from "../../access/identity.ts";
import type { RequestMetrics } from "../../monitor/request_metrics.ts";
import type { Caller } from "../transport/listener.ts";
import { CLOSE, Connection, type ConnectionAuth } from "./connection.ts";

const log = getLogger(["opencode-agents", "server"]);

export interface ConnectionsOptions {
  router: Router;
  hub: SubscriptionHub;
  clock: Clock;
  version: string;
  api: ApiVersion;
  max_message_bytes: number;
  auth: ConnectionAuth & { standingOf(identity: Identity): Standing };
  metrics: Pick<RequestMetrics, "connected" | "disconnected">;
  limits: {
    /** Throws the `ApiError` of a limit that is reached. */
    connect(ip: string, connecting: Connecting): ClientLimits;
    /** The client has shown a key. Throws if there is no place for it among those who have. */
    identified(limits: ClientLimits, standing: Standing): void;
    disconnected(limits: ClientLimits): void;
  };
}

export interface NewClient {
  ip: string;
  identity: Identity;
  /** Whether its reconnections are not counted. */
  isTrusted: boolean;
  /** Whether it keeps this identity, whatever it shows later. */
  isBound: boolean;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Set<Connection>();
  #serial = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Answers a request for a WebSocket. Throws the `ApiError` of a limit that is reached. */
  accept({ ip, identity, isTrusted, isBound }: NewClient, upgrade: Caller["upgrade"]): Response {
    const { limits: rates, metrics, auth, router, hub, clock, version, api, max_message_bytes } =
      this.#options;
    const limits = rates.connect(ip, { standing: auth.standingOf(identity), isTrusted });
    let upgraded: ReturnType<Caller["upgrade"]>;
    try {
      upgraded = upgrade();
    } catch (error) {
      // A failed upgrade must not count as a connection.
      rates.disconnected(limits);
      log.debug("No upgrade for {ip}: {error}", { ip, error });
      return new Response("This is no WebSocket handshake", { status: 400 });
    }
    const { socket, response } = upgraded;
    const connection = new Connection({
      id: String(++this.#serial),
      socket,
      router,
      hub,
      clock,
      limits,
      auth,
      identity,
      isBound,
      server_version: version,
      api_version: api,
      max_message_bytes,
      ip,
      clientsOf: (tenant) => [...this.#open].filter((one) => one.actor.tenant === tenant).length,
      identified: (known) => rates.identified(limits, auth.standingOf(known)),
      closed: (one) => {
        this.#open.delete(one);
        rates.disconnected(limits);
        metrics.disconnected();
        log.info("Client {id} from {ip} has gone", { id: one.id, ip });
      },
    });
    log.info("Client {id} connected from {ip}", { id: connection.id, ip });
    metrics.connected();
    this.#open.add(connection);
    return response;
  }

  /** Closes the connections whose key or session is no longer valid. */
  recheck(): void {
    for (const connection of [...this.#open]) connection.recheck();
  }

  /** Closes all connections with 1001. */
  close(): void {
    for (const connection of [...this.#open]) connection.close(CLOSE.going_away, "server stops");
  }
}
