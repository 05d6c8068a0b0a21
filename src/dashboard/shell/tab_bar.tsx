/** The tab bar of phones: the main pages; More opens the rest. */
import { Keyboard, Menu } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { useHashPath } from "../hash_location.ts";
import { isWithin, PAGES } from "../pages/registry.ts";
import { Dialog } from "../ui/dialog.tsx";
import { PageLink, ThemeButton } from "./navigation.tsx";
import "./tab_bar.css";

const UNDER_THE_THUMB = PAGES.filter(({ isUnderThumb }) => isUnderThumb);
const REST = PAGES.filter(({ group, isUnderThumb }) => group !== undefined && !isUnderThumb);

export function TabBar({ showKeys }: { showKeys: () => void }) {
  const [here] = useHashPath();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [here]);
  const isElsewhere = REST.some((page) => isWithin(here, page));
  return (
    <>
      <nav class="tab-bar" aria-label="Pages">
        {UNDER_THE_THUMB.map((page) => <PageLink key={page.path} page={page} size={20} />)}
        <button
          type="button"
          aria-expanded={isOpen}
          class={isElsewhere ? "is-current" : undefined}
          onClick={() => setOpen(true)}
        >
          <Menu size={20} aria-hidden="true" />
          <span>More</span>
        </button>
      </nav>
      {isOpen && (
        <Dialog title="More" onClose={() => setOpen(false)}>
          <nav class="more-pages" aria-label="More pages">
            {REST.map((page) => <PageLink key={page.path} page={page} size={20} />)}
          </nav>
          <div class="buttons">
            <ThemeButton />
            <button
              type="button"
              class="icon-button"
              aria-label="Keys"
              onClick={() => {
                setOpen(false);
                showKeys();
              }}
            >
              <Keyboard size={16} aria-hidden="true" />
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
