/** The position of a page within all results, as replies show it. */
export function pagination(
  { limit, offset }: { limit: number; offset: number },
  shown: number,
  filtered_count: number,
): { limit: number; offset: number; has_more: boolean; next_offset?: number } {
  const has_more = offset + shown < filtered_count;
  return {
    limit,
    offset,
    has_more: has_more && shown > 0,
    next_offset: has_more && shown > 0 ? offset + shown : undefined,
  };
}
