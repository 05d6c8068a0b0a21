/** Says why something cannot be shown, and what to do about it. */
import { ApiError } from "../../domain/errors.ts";

/** `what`: the beginning of a sentence that says what cannot be shown. */
export function Problem({ what, error }: { what: string; error: unknown }) {
  const { title, text, remedy } = described(error);
  return (
    <div class="notice notice-warning" role="alert">
      <strong>{what}{title === undefined ? "" : `: ${title}`}</strong>
      <div>{text}</div>
      {remedy && <div>{remedy}</div>}
    </div>
  );
}

function described(error: unknown): { title?: string; text: string; remedy?: string } {
  if (!(error instanceof ApiError)) return { text: error instanceof Error ? error.message : String(error) };
  const { permission, setting } = error.details;
  const remedy = typeof permission === "string"
    ? `Start the server with ${permission}, or with the permissions that \`deno task start\` gives it.`
    : typeof setting === "string"
    ? `Change ${setting} in the configuration file and start the server again.`
    : undefined;
  return { title: error.code, text: error.message, remedy };
}
