/**
 * The certificate that the server shows. Changed files are taken up; if they cannot be used, such as a certificate whose new key
 * is not there yet, the last good ones stay.
 */
import type { SecureContextOptions } from "node:tls";
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../clock/clock.ts";
import { isoTime } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Tls } from "../../protocol/config.ts";
import type { HealthFinding } from "../../protocol/system_messages.ts";
import type { ServedTls } from "../transport/served_tls.ts";
import { type Certificate, readCertificate } from "./certificate_files.ts";
import { certificateFindings } from "./certificate_findings.ts";

const log = getLogger(["opencode-agents", "security"]);

/** How often the files are looked at. */
const LOOK_MS = 10_000;
/** How often an expired or soon expiring certificate raises an alert. */
const ALERT_MS = 86_400_000;

/** The certificate that the owner's own commands show. */
export interface OwnersCertificate {
  /** The authority that has signed it, and nothing else. */
  authority: string;
  fingerprint: string;
}

export interface CertificateWatchOptions {
  clock: Clock;
  tls: Tls;
  owners?: OwnersCertificate;
  /** Where the server listens, for alerts about its own certificate. */
  host: string;
  /** Raises a `certificate_error`. */
  note(client_ip: string, details: Record<string, unknown>): void;
}

export class CertificateWatch implements ServedTls {
  readonly name = "certificate";
  readonly #options: CertificateWatchOptions;
  readonly #changed = new Set<() => void>();
  #current: Certificate;
  /** Why the files as they are now cannot be used. */
  #broken: string | undefined;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #alerted: { code: string; at_ms: number } | undefined;

  private constructor(options: CertificateWatchOptions, certificate: Certificate) {
    this.#options = options;
    this.#current = certificate;
  }

  /** Throws `CONFIGURATION_ERROR` if the files cannot be used. */
  static async open(options: CertificateWatchOptions): Promise<CertificateWatch> {
    return new CertificateWatch(options, await readCertificate(options.tls));
  }

  start(): void {
    this.#alert();
    this.#timer = this.#options.clock.every(LOOK_MS, () => void (this.#looking ??= this.#look()));
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#looking;
  }

  get client_certs(): Tls["client_certs"] {
    return this.#options.tls.client_certs;
  }

  /** By which the owner's commands know this server. */
  get fingerprint(): string {
    return this.#current.fingerprint;
  }

  get context(): SecureContextOptions {
    const { cert, key, client_ca } = this.#current;
    const { tls, owners } = this.#options;
    const authorities = [client_ca, owners?.authority].filter((pem) => pem !== undefined);
    return {
      cert,
      key,
      ca: tls.client_certs === "none" ? undefined : authorities,
      minVersion: tls.min_version,
    };
  }

  onChange(changed: () => void): () => void {
    this.#changed.add(changed);
    return () => void this.#changed.delete(changed);
  }

  isOwners(fingerprint: string): boolean {
    return fingerprint === this.#options.owners?.fingerprint;
  }

  failed(ip: string, reason: string): void {
    this.#options.note(ip, { reason });
  }

  findings(): HealthFinding[] {
    const now_ms = this.#options.clock.now();
    const found = certificateFindings(this.#current, now_ms);
    if (this.#broken === undefined) return found;
    return [...found, {
      code: "CERTIFICATE_UNUSABLE",
      severity: "warning",
      message: `The changed files of server.tls cannot be used, so the last good ones serve: ${this.#broken}`,
    }];
  }

  async #look(): Promise<void> {
    try {
      const read = await readCertificate(this.#options.tls);
      this.#broken = undefined;
      const { cert, key, client_ca } = this.#current;
      if (read.cert === cert && read.key === key && read.client_ca === client_ca) return;
      this.#take(read);
    } catch (error) {
      const reason = error instanceof ApiError ? error.message : String(error);
      if (reason !== this.#broken) {
        log.warn("The changed files of server.tls cannot be used, so the last good ones serve: {reason}", {
          reason,
          code: "CONFIGURATION_ERROR",
        });
      }
      this.#broken = reason;
    } finally {
      this.#looking = undefined;
      this.#alert();
    }
  }

  /** Throws if TLS itself refuses the files; then the last good ones serve on. */
  #take(read: Certificate): void {
    const last = this.#current;
    this.#current = read;
    try {
      for (const changed of this.#changed) changed();
    } catch (error) {
      this.#current = last;
      for (const changed of this.#changed) changed();
      throw error;
    }
    log.info("The certificate has changed; it is valid until {until}", { until: isoTime(read.valid_to_ms) });
  }

  /** Once for each new problem of the certificate, and again each day. */
  #alert(): void {
    const { clock, host, note } = this.#options;
    const [finding] = this.findings();
    const now_ms = clock.monotonic();
    if (finding === undefined) return void (this.#alerted = undefined);
    if (this.#alerted?.code === finding.code && now_ms - this.#alerted.at_ms < ALERT_MS) return;
    this.#alerted = { code: finding.code, at_ms: now_ms };
    log.warn("{message}", { message: finding.message, code: finding.code });
    note(host, { reason: finding.message });
  }
}
