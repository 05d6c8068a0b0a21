/** The commands that need no running server, in the order of the help. Each is loaded when it is called, or for the help. */
import type { Command } from "commander";
import type { Cli } from "../cli/cli.ts";
import type { Handlers } from "./handlers.ts";

type AddCommand = (program: Command, cli: Cli, handlers: Handlers) => void;

export interface BootCommand {
  name: string;
  load(): Promise<AddCommand>;
}

export const SERVE: BootCommand = {
  name: "serve",
  load: async () => (await import("./commands/serve.ts")).addServe,
};

export const BOOT_COMMANDS: readonly BootCommand[] = [
  { name: "mcp", load: async () => (await import("./commands/mcp.ts")).addMcp },
  { name: "doctor", load: async () => (await import("./commands/doctor.ts")).addDoctor },
  { name: "backup", load: async () => (await import("./commands/backup.ts")).addBackup },
  { name: "restore", load: async () => (await import("./commands/restore.ts")).addRestore },
  { name: "export", load: async () => (await import("./commands/export.ts")).addExport },
  { name: "import", load: async () => (await import("./commands/import.ts")).addImport },
  { name: "keys", load: async () => (await import("./commands/keys.ts")).addKeys },
  { name: "tls", load: async () => (await import("./commands/tls.ts")).addTls },
];
