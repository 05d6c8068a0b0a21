/** Wires the audit log. Loaded only where it is kept. */
import { Auditor } from "../access/auditor.ts";
import { AuditRetention } from "../access/audit_retention.ts";
import type { Masker } from "../domain/masking.ts";
import type { Store } from "../store/open.ts";
import type { ComposeOptions } from "./compose_options.ts";
import type { Part } from "./parts.ts";

const DAY_MS = 86_400_000;

export interface Audit {
  auditor: Auditor;
  part: Part;
}

/** Rejects with what the store throws. */
export async function composeAudit(
  { clock, config }: ComposeOptions,
  store: Store,
  masker: Masker,
): Promise<Audit> {
  const log = await store.openAudit();
  const auditor = new Auditor({ log, masker, clock });
  const { retention_days, max_bytes } = config.audit;
  const retention = new AuditRetention(log, clock, { retention_ms: retention_days * DAY_MS, max_bytes });
  return {
    auditor,
    part: {
      name: "audit log",
      start: () => retention.start(),
      async stop() {
        await retention.stop();
        await auditor.close();
      },
    },
  };
}
