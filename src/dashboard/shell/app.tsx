/** The frame around all pages: navigation, connection state, keyboard. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Redirect, Route, Router, Switch } from "wouter-preact";
import { navigate, useHashPath, useHashSearch } from "../hash_location.ts";
import { focusSearch, useShortcuts } from "../keys.ts";
import { PAGES } from "../pages/registry.ts";
import { switchTheme } from "../ui/theme.ts";
import { Toasts } from "../ui/toast.tsx";
import { ConnectionBanner } from "./connection_banner.tsx";
import { KeyDialog } from "./key_dialog.tsx";
import { KeyHelp } from "./key_help.tsx";
import { Navigation } from "./navigation.tsx";
import { movedTo } from "./old_addresses.ts";
import { ShownPage } from "./shown_page.tsx";
import { TabBar } from "./tab_bar.tsx";
import "./shell.css";

export function App() {
  return (
    <Router hook={useHashPath} searchHook={useHashSearch} hrefs={(href) => `#${href}`}>
      <Frame />
    </Router>
  );
}

function Frame() {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const showKeys = () => setHelpOpen(true);
  useShortcuts([
    { key: "/", does: "Search", run: search },
    ...PAGES.flatMap(({ path, title, key }) =>
      key === undefined ? [] : [{ key, does: title, run: () => navigate(path) }]
    ),
    { key: "t", does: "Switch the theme: system, light, dark", run: switchTheme },
    { key: "?", does: "All keys", run: showKeys },
  ], []);
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={toMain}>Skip to content</a>
      <Navigation search={search} showKeys={showKeys} />
      <div class="content">
        <ConnectionBanner />
        <Pages />
      </div>
      <TabBar showKeys={showKeys} />
      <Toasts />
      <KeyDialog />
      {isHelpOpen && <KeyHelp onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

/** Focuses the page's search field, or opens the tasks page and focuses its field. */
function search(): void {
  if (focusSearch()) return;
  navigate("/tasks");
}

/** The hash holds the page's address, so a plain link to `#main` would leave the page. */
function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Pages() {
  const [path] = useHashPath();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    // Makes screen readers announce the new page. At the start the browser does so itself. The page may already have
    // taken the focus.
    const hasFocus = main.current?.contains(document.activeElement);
    if (!isFirst.current && !hasFocus) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
    scrollTo(0, 0);
  }, [path]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      <Switch>
        {PAGES.map((page) => (
          <Route key={page.path} path={page.path}>
            {(params) => <ShownPage page={page} params={params as Record<string, string>} />}
          </Route>
        ))}
        <Route>
          <Moved />
        </Route>
      </Switch>
    </main>
  );
}

/** Reads the address itself, since the router picks routes before their parent renders again. */
function Moved() {
  const [path] = useHashPath();
  return <Redirect to={movedTo(path, useHashSearch())} replace />;
}
