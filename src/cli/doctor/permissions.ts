/** What Deno lets this program do. */
import type { Finding } from "./finding.ts";

const NEEDED: [name: Deno.PermissionName, level: "warn" | "fail", without: string][] = [
  ["net", "fail", "the server cannot listen"],
  ["read", "fail", "the data folder cannot be read"],
  ["write", "fail", "nothing can be kept"],
  ["run", "warn", "no task can be run, no process listed or ended"],
  ["env", "warn", "agents get no PATH, HOME or keys"],
  ["sys", "warn", "load and memory are unknown"],
];

export async function checkPermissions(): Promise<Finding[]> {
  const findings: Finding[] = [{
    area: "permissions",
    subject: "deno",
    level: "ok",
    message: `Deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch}`,
    details: { ...Deno.version, os: Deno.build.os, arch: Deno.build.arch },
  }];
  for (const [name, level, without] of NEEDED) {
    // `partial` says that some hosts, folders or programs are granted; older typings do not know it.
    const status = await Deno.permissions.query({ name } as Deno.PermissionDescriptor);
    const { state, partial } = status as Deno.PermissionStatus & { partial?: boolean };
    const isGranted = state === "granted";
    const message = isGranted
      ? partial ? "granted for those named" : "granted"
      : partial
      ? "granted for those named"
      : `${state}: ${without}`;
    const details = { state, partial: partial ?? false };
    findings.push(
      isGranted || partial ? { area: "permissions", subject: name, level: "ok", message, details } : {
        area: "permissions",
        subject: name,
        level,
        message,
        advice: `Start it with --allow-${name}, as \`deno task start\` does.`,
        details,
      },
    );
  }
  return findings;
}
