import fc from "fast-check";
import t from "tap";
import { age, clean, duration, table } from "../../src/cli/output.ts";

t.test("no control, bidi or zero-width character of a name reaches the terminal", async (t) => {
  t.equal(clean("\x1b]0;title\x07red\x1b[31m"), "\\x1b]0;title\\x07red\\x1b[31m");
  t.equal(clean("a\u202eb\u200bc\ufeffd\u2028e\u009bf\ud800g"), "a\\u{202e}b\\u{200b}c\\u{feff}d\\u{2028}e\\u{9b}f\\u{d800}g");
  t.equal(clean("grün 漢字 ‹zvault:A›"), "grün 漢字 ‹zvault:A›");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(clean(text))),
    { numRuns: 500 },
  );
  t.strictSame(
    table([
      ["a\x1b[2J", "b"],
      ["c", ""],
    ]),
    ["a\\x1b[2J  b", "c"],
  );
});

t.test("times are told in two units at most", async (t) => {
  t.strictSame(
    [0, 59, 60, 3599, 3600, 11_520, 172_800].map((one) => duration(one)),
    ["0 s", "59 s", "1 min", "1 h", "1 h", "3 h 12 min", "2 days"],
  );
  t.equal(age("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:00:02Z")), "just now");
  t.equal(age("2026-01-01T00:00:10Z", Date.parse("2026-01-01T00:00:02Z")), "just now");
});
