/**
 * The whole version of a test runs with ZVAULT_TEST_SLOW=1. ZVAULT_TEST_PART=3/8 takes the third of eight pieces of the long ones, so
 * that they can be run in several sittings.
 */
export const slow: boolean = process.env["ZVAULT_TEST_SLOW"] === "1";

const [, number = "1", of = "1"] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(process.env["ZVAULT_TEST_PART"] ?? "") ?? [];
/** From 0 on. */
export const part: { at: number; of: number } = { at: Number(number) - 1, of: Number(of) };

/** This piece's share of `total` things: from (inclusive), to (exclusive). All of them in the quick version. */
export function share(total: number): { from: number; to: number } {
  if (!slow) return { from: 0, to: total };
  return { from: Math.floor((total * part.at) / part.of), to: Math.floor((total * (part.at + 1)) / part.of) };
}
