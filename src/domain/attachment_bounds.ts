/** How much clients may attach. Separate from the schemas, which are too large for the dashboard. */

/** The most bytes of one file. */
export const ATTACHMENT_MAX_BYTES = 20 * 1024 * 1024;
/** The most bytes of all files of one actor that no task uses. */
export const UNUSED_MAX_BYTES = 200 * 1024 * 1024;
/** How long a file is kept that no task uses. */
export const UNUSED_KEPT_MS = 3_600_000;
