/** Moments as we write them into files that anybody may have changed since: what is read from there is shown to people. */

/** RFC 3339 in UTC, as `toISOString` has it. */
export function isMoment(text: unknown): text is string {
  return typeof text === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}
