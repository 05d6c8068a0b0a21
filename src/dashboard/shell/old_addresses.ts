/** Former addresses of pages, so that old links and bookmarks still work. */
const MOVED: Record<string, string> = {
  "/graph": "/tasks?view=graph",
  "/logs": "/server/logs",
  "/system": "/server/system",
  "/health": "/server/health",
  "/limits": "/server/limits",
  "/metrics": "/server/api",
};
const HOME = "/tasks";

/** The new address of an old one, with its parameters. Unknown addresses lead to the tasks. */
export function movedTo(path: string, search: string): string {
  const [to, own = ""] = (MOVED[path] ?? HOME).split("?");
  const parameters = [own, search].filter((part) => part !== "").join("&");
  return parameters === "" ? to! : `${to}?${parameters}`;
}
