/** The parts of a server. A test may replace any of them. */
import type { Clock } from "../clock/clock.ts";
import type { ClientPem } from "../domain/agent_access.ts";
import type { AgentRunner } from "../domain/agent_runner.ts";
import type { OwnersCertificate } from "../doors/tls/certificate_watch.ts";
import type { ProcessAbility } from "../host/processes/ability.ts";
import type { Sandboxes } from "../host/sandbox/sandboxes.ts";
import type { Config } from "../protocol/config.ts";
import type { HealthFinding } from "../protocol/system_messages.ts";
import type { Store } from "../store/open.ts";
import type { Part } from "./parts.ts";
import type { ServerLog } from "./server_log.ts";

export interface ComposeOptions {
  clock: Clock;
  /** As `effectiveConfig` returns it. */
  config: Config;
  /** The folder that relative paths in the configuration start from. */
  base: string;
  /** What `~` stands for in the working folder of a task. By default it is refused. */
  home?(): string | undefined;
  /** The data folder. */
  folder: string;
  /** Opens the store. The server closes it when it stops. */
  openStore(clock: Clock): Promise<Store>;
  /** Opens the runner of agents. The ids mark the processes of this store and of this run of the server. */
  openRunner(ids: { store_id: string; instance_id: string }): AgentRunner;
  /** Makes the sandboxes of agents that are to have one. Absent: their tasks are refused. */
  sandboxes?: Sandboxes;
  /** Whether this machine's processes can be listed and signalled. What needs that is refused if not. By default they can. */
  ability?: ProcessAbility;
  /** The problems of the process that the server runs in, for the health report. */
  processFindings?(): HealthFinding[];
  /**
   * Its records become entries of the server's log. A sink belongs to the process, so the code that configures LogTape
   * adds it.
   */
  serverLog?: ServerLog;
  /** The owner's token of an earlier run, which stays valid. By default a new one is made. */
  owner_token?: string;
  /** What the owner's own commands, and agents, show where clients must show a certificate. */
  owners_certificate?: OwnersCertificate & { certificate: ClientPem };
  /** A part that starts once the server listens, and stops before the server does. */
  announce?(listening: Listening): Part;
}

export interface Listening {
  /** `http://HOST:PORT`, or https, once the server has started. */
  readonly url: string;
  /** Of the certificate that the server shows now; undefined without TLS. */
  readonly fingerprint: string | undefined;
  /** Calls `changed` whenever the fingerprint is another one, until the function that it returns is called. */
  onFingerprint(changed: () => void): () => void;
  /** A token with all permissions, for those who can read the owner's files. */
  readonly owner_token: string;
}
