/** What commands do with a store's file. Each part is loaded when it is called. */
import type { StoreFiles } from "./commands/store_command.ts";
import type { AuditedCommand } from "./audited_command.ts";
import { OWNER } from "../domain/actor.ts";
import { systemClock as clock } from "../clock/clock.ts";

export const storeFiles: StoreFiles = {
  check: async (folder) => (await import("../store/open.ts")).checkStore(folder),
  backup: async (options) => (await import("../store/backup.ts")).backupStore(options),
  restore: async (options) => (await import("../store/restore.ts")).restoreStore({ ...options, clock }),
  export: async (options) => (await import("../store/export.ts")).exportStore({ ...options, clock }),
  import: async (options) => (await import("../store/import.ts")).importStore({ ...options, clock }),
  async keys({ folder, isAudited }) {
    const { Keys } = await import("../access/keys.ts");
    const store = await (await import("../store/open.ts")).openStore({ folder, clock });
    const keys = new Keys(store.keys, clock);
    const audited = isAudited
      ? await (await import("./audited_command.ts")).auditedCommand(store, clock)
      : plain;
    return {
      create: (key) => audited({ type: "create_key", key }, () => keys.create(key, OWNER)),
      list: () => Promise.resolve(keys.list()),
      revoke: (key_id) => audited({ type: "revoke_key", key_id }, () => keys.revoke(key_id, OWNER)),
      rotate: (key_id) => audited({ type: "rotate_key", key_id }, () => keys.rotate(key_id, OWNER)),
      close: () => store.close(),
    };
  },
};

const plain: AuditedCommand = (_request, work) => work();
