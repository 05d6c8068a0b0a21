/** An element that takes dropped and pasted files. */
import { useState } from "preact/hooks";

/** The handlers of such an element, and whether files are held over it. */
export function useFileDrop(add: (files: Iterable<File>) => void) {
  const [isOver, setOver] = useState(false);
  const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files") ?? false;
  return {
    isOver,
    handlers: {
      onDragOver(event: DragEvent) {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave(event: DragEvent) {
        const { currentTarget, relatedTarget } = event;
        if (!(currentTarget as Node).contains(relatedTarget as Node | null)) setOver(false);
      },
      onDrop(event: DragEvent) {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(false);
        add(event.dataTransfer!.files);
      },
      onPaste(event: ClipboardEvent) {
        const pasted = event.clipboardData?.files ?? [];
        // Text that is copied from an editor may come with a picture of it.
        if (pasted.length === 0 || event.clipboardData!.types.includes("text/plain")) return;
        event.preventDefault();
        add(pasted);
      },
    },
  };
}
