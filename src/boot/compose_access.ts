/** Wires access control: keys, sessions, limits, and alerts about attacks. */
import { resolve } from "node:path";
import { getLogger } from "@logtape/logtape";
import { SecurityWatch } from "../access/alerts.ts";
import { Authentication } from "../access/authentication.ts";
import type { AddressRules } from "../access/client_addresses.ts";
import { Keys } from "../access/keys.ts";
import { LimitControl } from "../access/limit_control.ts";
import { RateLimits } from "../access/limits.ts";
import { LoadScaling } from "../access/load_scale.ts";
import { PlainAddresses } from "../access/plain_addresses.ts";
import type { TaskTokens } from "../access/task_tokens.ts";
import type { Clock } from "../clock/clock.ts";
import type { CertificateWatch, CertificateWatchOptions } from "../doors/tls/certificate_watch.ts";
import type { EventBus } from "../engine/events.ts";
import { loadPerCore } from "../host/resources/load.ts";
import { isTenant } from "../domain/tenant.ts";
import type { Config } from "../protocol/config.ts";
import type { Store } from "../store/open.ts";
import type { ComposeOptions } from "./compose_options.ts";

const log = getLogger(["opencode-agents", "security"]);

export type Access = Awaited<ReturnType<typeof composeAccess>>;

export async function composeAccess(
  { clock, config, base, owner_token, owners_certificate }: ComposeOptions,
  store: Store,
  bus: EventBus,
  tokens: TaskTokens,
) {
  const watch = new SecurityWatch(clock, (alert) => {
    bus.publish({ kind: "security.alert", alert });
    log.warn("{alert_type} from {client_ip}: {attempts} times within a minute", {
      alert_type: alert.alert_type,
      severity: alert.severity,
      ...alert.details,
    });
  });
  const keys = new Keys(store.keys, clock);
  const auth = new Authentication({
    clock,
    keys,
    tasks: tokens,
    required: config.security.auth === "required",
    certificates: config.server.tls?.client_permissions,
    certificate_tenants: config.server.tls?.client_tenants,
    session_ms: config.security.session_minutes * 60_000,
    jwt: await jwtUnder(config, clock, base),
    note: (alert, client, details) => watch.note(alert, client, details),
  });
  const limits = new RateLimits(config.limits, clock, {
    isKeyRequired: auth.isRequired,
    onRefused: (client, limit) => watch.note("rate_limit_exceeded", client, { limit }),
  });
  const scaling = new LoadScaling({
    clock,
    load: loadPerCore,
    apply: (factor) => limits.policy.factor = factor,
  });
  const { tls, host } = config.server;
  return {
    watch,
    certificate: tls && await watchedCertificate({
      clock,
      tls,
      host,
      owners: owners_certificate,
      note: (ip, details) => watch.note("certificate_error", ip, details),
    }),
    keys,
    tokens,
    auth,
    limits,
    scaling,
    control: new LimitControl(limits, scaling),
    addresses: await addressesUnder({ ...config.server, ...config.security }),
    owner_token: await auth.openForOwner(owner_token),
  };
}

/** The library that reads tokens is loaded only where they are taken. Throws `CONFIGURATION_ERROR`. */
async function jwtUnder({ security, tenants }: Config, clock: Clock, base: string) {
  if (security.jwt === undefined) return undefined;
  const { JwtVerifier } = await import("../access/jwt/verifier.ts");
  const read = (path: string) => Deno.readTextFile(resolve(base, path));
  return await JwtVerifier.open(security.jwt, clock, {
    env: Deno.env.toObject(),
    read,
    isTenant: (name) => isTenant(name, tenants),
  });
}

/** Loaded only if there is a certificate. */
async function watchedCertificate(options: CertificateWatchOptions): Promise<CertificateWatch> {
  const { CertificateWatch } = await import("../doors/tls/certificate_watch.ts");
  return await CertificateWatch.open(options);
}

/** The library that reads addresses and networks is loaded only for rules about them. */
async function addressesUnder(rules: AddressRules) {
  const { trusted_proxies, ip_whitelist, ip_blacklist } = rules;
  if ([trusted_proxies, ip_whitelist, ip_blacklist].every((list) => list.length === 0)) {
    return new PlainAddresses();
  }
  const { ClientAddresses } = await import("../access/client_addresses.ts");
  return new ClientAddresses(rules);
}
