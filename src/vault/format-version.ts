/**
 * What a later zvault wrote is told apart from what is damaged: nothing is wrong with it, nothing is to be restored, and the vault is left
 * as it is. Where the format stands is the same in all formats to come (docs/format.md, "Later formats").
 */
import { ZvaultError } from "../errors.ts";

/** Of everything that this build writes. */
export const format = 1;
/** A number beyond it is damage: nobody gets there one by one. */
const latest = 255;

/** True for a version that a later build may write. */
export function isNewer(found: unknown): found is number {
  return Number.isSafeInteger(found) && (found as number) > format && (found as number) <= latest;
}

/** `what`: "the vault file"; `found`: its format, where it is known. */
export function newerFormat(what: string, found?: number): ZvaultError {
  const known = `this build knows format ${format}`;
  const message =
    found === undefined ? `${what} was written by a newer zvault, ${known}` : `${what} is of format ${found}, ${known}`;
  return new ZvaultError("newer-format", message, {
    hint: "use the zvault that wrote it, or a newer one; nothing is damaged, and nothing was changed",
  });
}
