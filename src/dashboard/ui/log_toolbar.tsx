/** The log's toolbar: find a text, follow, wrap lines, go to the ends, download. */
import {
  ArrowDownToLine,
  ArrowUpToLine,
  ChevronDown,
  ChevronUp,
  Download,
  ListEnd,
  TextWrap,
} from "lucide-preact";
import type { LogLine } from "../data/log_window.ts";
import { saveFile } from "./log_download.ts";
import type { Find } from "./log_find.ts";
import { count } from "../../protocol/formats.ts";
import "./log_toolbar.css";

export interface LogToolbarProps {
  find: Find;
  onStep: (direction: 1 | -1) => void;
  isFollowing: boolean;
  canFollow: boolean;
  onFollow: () => void;
  isWrapped: boolean;
  onWrap: () => void;
  onStart: () => void;
  onEnd: () => void;
  lines: readonly LogLine[];
  /** The file's name, without its extension. */
  name: string;
}

export function LogToolbar(props: LogToolbarProps) {
  const { find, isFollowing, isWrapped, lines } = props;
  return (
    <div class="log-tools">
      <FindField {...props} />
      <div class="buttons log-buttons">
        {props.canFollow && (
          <button type="button" aria-pressed={isFollowing} onClick={props.onFollow} title="Follow (f)">
            <ListEnd size={16} aria-hidden="true" />
            <span>Follow</span>
          </button>
        )}
        <button type="button" aria-pressed={isWrapped} onClick={props.onWrap} title="Wrap long lines (w)">
          <TextWrap size={16} aria-hidden="true" />
          <span>Wrap</span>
        </button>
        <IconButton
          name="To the start"
          title="To the start (Home)"
          onClick={props.onStart}
          icon={ArrowUpToLine}
        />
        <IconButton name="To the end" title="To the end (End)" onClick={props.onEnd} icon={ArrowDownToLine} />
        <details class="log-menu">
          <summary class="button" title="Download the loaded lines">
            <Download size={16} aria-hidden="true" />
            <span class="visually-hidden">Download</span>
          </summary>
          <div class="log-menu-list">
            <button type="button" onClick={() => saveFile(lines, props.name, "text")}>As text</button>
            <button type="button" onClick={() => saveFile(lines, props.name, "json")}>As JSON lines</button>
          </div>
        </details>
      </div>
      <span class="visually-hidden" role="status">
        {find.text === "" ? "" : `${count(find.count)} lines contain the text`}
      </span>
    </div>
  );
}

function IconButton(
  { name, title, onClick, icon: Icon }: {
    name: string;
    title: string;
    onClick: () => void;
    icon: typeof ArrowUpToLine;
  },
) {
  return (
    <button type="button" aria-label={name} title={title} onClick={onClick}>
      <Icon size={16} aria-hidden="true" />
    </button>
  );
}

function FindField({ find, onStep }: Pick<LogToolbarProps, "find" | "onStep">) {
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      find.settle(find.text);
      onStep(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && find.text !== "") {
      find.setText("");
      find.settle("");
    }
  };
  return (
    <div class="log-find" role="search">
      <input
        type="search"
        aria-label="Find in the loaded lines"
        placeholder="Find in lines"
        autoComplete="off"
        spellcheck={false}
        value={find.text}
        onInput={(event) => find.setText(event.currentTarget.value)}
        onBlur={(event) => find.settle(event.currentTarget.value)}
        onKeyDown={press}
      />
      {find.text !== "" && (
        <>
          <span class="figure log-hits" aria-hidden="true">
            {find.count === 0 ? "no line" : `${find.at === 0 ? "–" : count(find.at)} / ${count(find.count)}`}
          </span>
          <button
            type="button"
            class="icon-button"
            aria-label="Previous hit"
            title="Previous (Shift+Enter, N)"
            disabled={find.count === 0}
            onClick={() => onStep(-1)}
          >
            <ChevronUp size={16} aria-hidden="true" />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Next hit"
            title="Next (Enter, n)"
            disabled={find.count === 0}
            onClick={() => onStep(1)}
          >
            <ChevronDown size={16} aria-hidden="true" />
          </button>
        </>
      )}
    </div>
  );
}
