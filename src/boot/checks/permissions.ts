/** Which of Deno's permissions this program has. */
import type { Finding } from "./finding.ts";

const LOST: Record<string, { state: "warn" | "bad"; without: string }> = {
  net: { state: "bad", without: "the server cannot listen" },
  read: { state: "bad", without: "neither the configuration nor the data can be read" },
  write: { state: "bad", without: "nothing can be kept" },
  env: { state: "bad", without: "agents get no PATH and no HOME" },
  sys: { state: "warn", without: "there are no figures of memory and load" },
  run: { state: "warn", without: "no agent can be started" },
};

/** A permission for only some hosts, folders or programs counts as granted: which ones is the caller's choice. */
export async function checkPermissions(): Promise<Finding[]> {
  const findings: Finding[] = [{ what: "deno", state: "ok", found: Deno.version.deno }];
  for (const [name, { state, without }] of Object.entries(LOST)) {
    const status = await Deno.permissions.query(
      { name } as Deno.PermissionDescriptor,
    ) as Deno.PermissionStatus;
    const what = `--allow-${name}`;
    if (status.state === "granted") findings.push({ what, state: "ok", found: "granted" });
    else if (status.partial) findings.push({ what, state: "ok", found: "granted in part" });
    else findings.push({ what, state, found: `not granted: ${without}`, advice: `Start with ${what}.` });
  }
  return findings;
}
