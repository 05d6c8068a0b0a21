/** What commands do with a store's file. Each part is loaded when it is called. */
import type { StoreFiles } from "./commands/store_command.ts";
import { OWNER } from "../domain/actor.ts";
import { systemClock as clock } from "../clock/clock.ts";

export const storeFiles: StoreFiles = {
  check: async (folder) => (await import("../store/open.ts")).checkStore(folder),
  backup: async (options) => (await import("../store/backup.ts")).backupStore(options),
  restore: async (options) => (await import("../store/restore.ts")).restoreStore({ ...options, clock }),
  export: async (options) => (await import("../store/export.ts")).exportStore({ ...options, clock }),
  import: async (options) => (await import("../store/import.ts")).importStore({ ...options, clock }),
  async keys({ folder }) {
    const { Keys } = await import("../access/keys.ts");
    const store = await (await import("../store/open.ts")).openStore({ folder, clock });
    const keys = new Keys(store.keys, clock);
    return {
      create: (key) => keys.create(key, OWNER),
      list: () => Promise.resolve(keys.list()),
      revoke: (id) => keys.revoke(id, OWNER),
      rotate: (id) => keys.rotate(id, OWNER),
      close: () => store.close(),
    };
  },
};
