/** The dashboard: one connection, the state kept from it, and the pages that show it. */
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { keepNotices } from "./data/browser_notices.ts";
import { keepMachine } from "./data/machine.ts";
import { takeSignInToken } from "./data/key.ts";
import { listen } from "./data/pushes.ts";
import { report } from "./data/report.ts";
import { client } from "./data/server.ts";
import { signIn } from "./data/sign_in.ts";
import { keepTasks } from "./data/tasks.ts";
import "./style/tokens.css";
import "./style/base.css";
import "./style/controls.css";
import "./style/blocks.css";
import { App } from "./shell/app.tsx";
import { applyTheme } from "./ui/theme.ts";
import { toastError } from "./ui/toast.tsx";

applyTheme();
globalThis.addEventListener("error", ({ error, message }) => {
  // A harmless notice of the browser: it delivers some resize observations with the next frame.
  if (!message.startsWith("ResizeObserver loop")) toastError(error ?? message);
});
globalThis.addEventListener("unhandledrejection", ({ reason }) => toastError(reason));

void begin().catch(report);

/** The link in the address signs in first: whatever a page asks before that is refused. */
async function begin(): Promise<void> {
  const token = takeSignInToken();
  const opening = client.open();
  if (token !== undefined) await opening.then(() => signIn(token)).catch(report);
  keepTasks();
  keepMachine();
  keepNotices();
  render(<App />, document.getElementById("app")!);
  void listen();
  await opening;
}
