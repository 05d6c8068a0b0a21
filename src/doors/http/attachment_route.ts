/** `/attachments`: takes a file, as the body of a request, for a later task. */
import { ATTACHMENT_MAX_BYTES } from "../../domain/attachment_bounds.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Attachments } from "../../engine/attachments.ts";
import type { Route } from "./route.ts";

export interface AttachmentRouteOptions {
  /** Undefined if this server keeps no files. */
  attachments: Pick<Attachments, "add"> | undefined;
}

export function attachmentRoute({ attachments }: AttachmentRouteOptions): Route {
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
      return await attachments.add({
        body: body ?? new Blob().stream(),
        name: fileName(headers.get("x-filename") ?? ""),
        mime_type,
      }, session.actor);
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
