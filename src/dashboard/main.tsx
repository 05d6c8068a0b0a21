/** The dashboard: one connection, the state kept from it, and the pages that show it. */
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { keepNotices } from "./data/browser_notices.ts";
import { keepMachine } from "./data/machine.ts";
import { listen } from "./data/pushes.ts";
import { report } from "./data/report.ts";
import { client } from "./data/server.ts";
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

keepTasks();
keepMachine();
keepNotices();
client.open().catch(report);
void listen();
render(<App />, document.getElementById("app")!);
