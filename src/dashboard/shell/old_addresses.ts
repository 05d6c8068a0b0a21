/** Addresses that the dashboard had before: links and bookmarks to them still lead to their pages. */
const MOVED: Record<string, string> = {
  "/graph": "/tasks?view=graph",
  "/logs": "/server/logs",
  "/system": "/server/system",
  "/health": "/server/health",
  "/limits": "/server/limits",
  "/metrics": "/server/api",
};
const HOME = "/tasks";

/** Where the page of an old address is now, with its parameters; the tasks for an address that never was. */
export function movedTo(path: string, search: string): string {
  const [to, own = ""] = (MOVED[path] ?? HOME).split("?");
  const parameters = [own, search].filter((part) => part !== "").join("&");
  return parameters === "" ? to! : `${to}?${parameters}`;
}
