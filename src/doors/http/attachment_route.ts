/** `/attachments`: takes a file, as the body of a request, for a later task. */
import type { Auditor } from "../../access/auditor.ts";
import { recordAction } from "../../store/audit/audited_action.ts";
import { ATTACHMENT_MAX_BYTES } from "../../domain/attachment_bounds.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Attachments } from "../../engine/attachments.ts";
import type { Route } from "./route.ts";

export interface AttachmentRouteOptions {
  /** Undefined if this server keeps no files. */
  attachments: Pick<Attachments, "add"> | undefined;
  /** Absent if no audit log is kept. */
  audit?: Pick<Auditor, "during">;
}

export function attachmentRoute({ attachments, audit }: AttachmentRouteOptions): Route {
  return {
    method: "POST",
    path: "/attachments",
    permission: "write",
    handle: async ({ context, session }) => {
      session.limits.message();
      session.limits.operation("file_operations_per_minute");
      if (attachments === undefined) {
        throw new ApiError("SERVICE_UNAVAILABLE", "A server whose store is shared keeps no attachments", {
          missing: "a store of its own",
        });
      }
      const { headers, body } = context.req.raw;
      if (Number(headers.get("content-length") ?? 0) > ATTACHMENT_MAX_BYTES) {
        const expected = `at most ${ATTACHMENT_MAX_BYTES} bytes`;
        throw new ApiError("INVALID_FIELD_VALUE", `An attachment has ${expected}`, {
          field: "(body)",
          value: null,
          expected,
        });
      }
      const mime_type = headers.get("content-type") ?? undefined;
      // What a browser's form sends holds the file in an envelope, which no agent could read.
      if (mime_type?.toLowerCase().startsWith("multipart/form-data")) {
        throw new ApiError("INVALID_FIELD_VALUE", "Send the file itself as the body, not a form", {
          field: "Content-Type",
          value: mime_type.slice(0, 200),
          expected: "the type of the file; with curl, use --data-binary @FILE instead of --form",
        });
      }
      const file = {
        body: body ?? new Blob().stream(),
        name: fileName(headers.get("x-filename") ?? ""),
        mime_type,
      };
      const add = () => attachments.add(file, session.actor);
      if (!audit) return await add();
      const details = { name: file.name, mime_type };
      const asked = { actor: session.actor, ip: session.limits.client, action: "add_attachment", details };
      return await audit.during(asked, async () => {
        await recordAction();
        return await add();
      });
    },
  };
}

/** A header holds only ASCII, so clients encode other names as in a URL. */
function fileName(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    // It is no encoded name, but one with a percent sign.
    return header;
  }
}
