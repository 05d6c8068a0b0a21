/** A filter that is typed: kept in the address under its name, and sent once the typing pauses. */
import { usePlace } from "../hash_location.ts";
import { useAhead } from "./ahead.ts";

/** A typed text is sent after this pause, so the server does not search for every prefix. */
const SETTLED_MS = 600;

/**
 * `id` is the input's; `class` is that of the pair of label and input. `maxLength` is in characters:
 * the limit of the request's field.
 */
export function TextFilter(
  { name, id, label, placeholder = "", maxLength, class: classes }: {
    name: string;
    id: string;
    label: string;
    placeholder?: string;
    maxLength: number;
    class: string;
  },
) {
  const [place, setPlace] = usePlace();
  const ahead = useAhead(
    place.get(name) ?? "",
    (value) => setPlace({ [name]: value }),
    SETTLED_MS,
    (value) => value.trim(),
  );
  return (
    <div class={classes}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="search"
        maxLength={maxLength}
        autoComplete="off"
        spellcheck={false}
        placeholder={placeholder}
        value={ahead.value}
        onInput={(event) => ahead.change(event.currentTarget.value)}
        onBlur={(event) => ahead.settle(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && ahead.settle(event.currentTarget.value)}
      />
    </div>
  );
}
