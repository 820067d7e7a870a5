import t from "tap";
import fc from "fast-check";
import { maskSet, type MaskSet } from "../../../src/run/mask/borders.ts";
import { forms, bytesToText } from "../../../src/run/mask/forms.ts";
import { maskable } from "../../../src/scan/entropy.ts";
import { MaskStream } from "../../../src/run/mask/stream.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** Deterministic values of many kinds; nothing that looks like a provider's key. */
function secrets(count: number): { name: string; bytes: Uint8Array }[] {
  let state = 12345;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  const alphabets = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "0123456789abcdef",
    "abcdefghijkmnpqrstuvwxyz23456789+/=",
    "AbCdEfGhJkLmNpQr23456789!@#$%^&*()'\"\\ {}<>?;:,",
    "äöüßéàabcdefgh1234567890€",
  ];
  const made: { name: string; bytes: Uint8Array }[] = [];
  for (let i = 0; made.length < count; i++) {
    const alphabet = [...(alphabets[i % alphabets.length] ?? "")];
    const line = () => Array.from({ length: 12 + random(40) }, () => alphabet[random(alphabet.length)]).join("");
    const value = bytes(i % 10 === 9 ? `${line()}\n${line()}\n${line()}\n` : line());
    // what the scanner's test leaves out is not this room's matter
    if (maskable(value) === "mask") made.push({ name: `S${i}`, bytes: value });
  }
  return made;
}

function mask(set: MaskSet, pieces: Uint8Array[], terminal = false): string {
  const stream = new MaskStream(set, terminal);
  const out = pieces.map((piece) => Buffer.from(stream.push(piece)));
  return Buffer.concat([...out, Buffer.from(stream.flush())]).toString("latin1");
}

const label = (name: string) => Buffer.from(`‹zvault:${name}›`).toString("latin1");
const latin = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

t.test("every form of 50 secrets is masked at every split", (t) => {
  const all = secrets(50);
  const set = maskSet(all);
  let cases = 0;
  let wrong = 0;
  for (const secret of all) {
    for (const form of forms(secret.bytes)) {
      const text = latin(`<< ${form} >>`);
      const whole = mask(set, [text]);
      for (let at = 0; at <= text.length; at++) {
        cases++;
        if (mask(set, [text.slice(0, at), text.slice(at)]) !== whole) wrong++;
      }
      if (whole.includes(form) || !whole.startsWith("<< ") || !whole.endsWith(">>") || !whole.includes(label(secret.name))) wrong++;
      // nothing but marks, blanks, line ends and padding stays
      const rest = whole.replaceAll(/\xe2\x80\xb9zvault:S\d+\xe2\x80\xba/g, "").replaceAll(/[<> \r\n=\\]/g, "");
      if (rest.length > 3) wrong++;
    }
  }
  t.equal(wrong, 0);
  t.ok(cases > 40_000, `${cases} cases`);
  t.end();
});

t.test("a byte at a time gives what one piece gives", (t) => {
  const all = secrets(50);
  const set = maskSet(all);
  for (const secret of all) {
    const text = latin(`a ${forms(secret.bytes).join(" | ")} z`);
    t.equal(
      mask(
        set,
        Array.from(text, (_, i) => text.slice(i, i + 1)),
      ),
      mask(set, [text]),
    );
  }
  t.end();
});

t.test("base64 and hex wrapped at 60, 64 and 76 columns are masked wherever the break falls", (t) => {
  const set = maskSet(secrets(20));
  for (const secret of secrets(20).filter((_, i) => i % 10 !== 9)) {
    for (let before = 0; before < 90; before++) {
      const body = new Uint8Array([...new Uint8Array(before).fill(65), ...secret.bytes, ...new Uint8Array(40).fill(66)]);
      for (const [encoded, width] of [
        [body.toBase64(), 76],
        [body.toBase64(), 64],
        [body.toHex(), 60],
      ] as const) {
        const text = encoded.replaceAll(new RegExp(`(.{${width}})`, "g"), "$1\n") + "\n";
        const whole = mask(set, [latin(text)]);
        if (!whole.includes(label(secret.name))) t.fail(`not masked: ${secret.name} before ${before} width ${width}`);
        for (const at of [1, 30, 59, 60, 61, 64, 65, 76, 77, 80, 100]) {
          if (mask(set, [latin(text.slice(0, at)), latin(text.slice(at))]) !== whole) t.fail(`split ${at} differs`);
        }
      }
    }
  }
  t.end();
});

t.test("ANSI sequences inside a value are looked through", (t) => {
  const value = "hX7-pq9!Lm2zRt4k";
  const set = maskSet([{ name: "KEY", bytes: bytes(value) }]);
  const coloured = [...value].map((c) => `\x1b[01;3${c.charCodeAt(0) % 8}m${c}\x1b[0m`).join("");
  const text = bytes(`a ${coloured} b \x1b]8;;http://u:${value}@h\x1b\\link\x1b]8;;\x1b\\ \x1b[31mred\x1b[0m\n`);
  const whole = mask(set, [text]);
  for (const c of [value, "hX7", "Rt4k"]) t.notOk(whole.includes(c));
  t.match(whole, "\x1b[31mred\x1b[0m\n", "other sequences stay");
  for (let at = 0; at <= text.length; at++) {
    const split = mask(set, [text.slice(0, at), text.slice(at)]);
    t.equal(split.split(label("KEY")).length, 3, `split at ${at}`);
  }
  t.end();
});

t.test("on a terminal a value is found where a long line is wrapped, at every place and every split", (t) => {
  const value = "hX7-pq9!Lm22zRt4k";
  const set = maskSet([{ name: "KEY", bytes: bytes(value) }]);
  const wraps: Record<string, (a: string, b: string) => string> = {
    less: (a, b) => `${a} \b${b}`,
    vim: (a, b) => `${a}${a.at(-1)}\x1b[7;1H${b}`,
    "vim, with line numbers": (a, b) => `${a}${a.at(-1)}\x1b[7H\x1b[33m    \x1b[0m${b}`,
    "line end": (a, b) => `${a}\r\n${b}`,
    "line end and margin": (a, b) => `${a}\r\n  ${b}`,
    "a move": (a, b) => `${a}\x1b[7;1H${b}`,
    NUL: (a, b) => `${a}\0\0${b}`,
  };
  for (const [name, wrap] of Object.entries(wraps)) {
    for (let at = 1; at < value.length; at++) {
      const text = bytes(`row ${wrap(value.slice(0, at), value.slice(at))} end`);
      const whole = mask(set, [text], true);
      t.equal(whole.split(label("KEY")).length, 2, `${name} at ${at}`);
      t.ok(whole.startsWith(`row ${label("KEY")}`) && whole.endsWith(" end"));
      for (let cut = 1; cut < text.length; cut++) {
        if (mask(set, [text.slice(0, cut), text.slice(cut)], true) !== whole) t.fail(`${name} at ${at}, split at ${cut}`);
      }
    }
  }
  t.end();
});

t.test("what moves, colours or erases inside a value stays when it is masked", (t) => {
  const set = maskSet([{ name: "KEY", bytes: bytes("hX7-pq9!Lm2zRt4k") }]);
  const text = bytes("\x1b[31mhX7-\x1b[0mpq9!\x1b[5;1HLm2\x1b7zRt4k.");
  t.equal(mask(set, [text], true), `\x1b[31m${label("KEY")}\x1b[0m\x1b[5;1H\x1b7.`);
  t.end();
});

t.test("struck over twice, as bold text of man pages is, a value is masked", (t) => {
  const value = "hX7-pq9!Lm2zRt4k";
  const set = maskSet([{ name: "KEY", bytes: bytes(value) }]);
  const text = bytes(`a ${[...value].map((c) => `${c}\b${c}`).join("")} b`);
  for (const terminal of [false, true]) {
    for (let cut = 0; cut <= text.length; cut++) {
      const out = mask(set, [text.slice(0, cut), text.slice(cut)], terminal);
      if (!out.includes(label("KEY")) || /[7-9]/.test(out.replaceAll(label("KEY"), ""))) t.fail(`split at ${cut}: ${out}`);
    }
  }
  t.end();
});

t.test("text without a secret passes byte for byte, in any pieces, also on a terminal", (t) => {
  const set = maskSet(secrets(50));
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fc.constantFrom(27, 91, 49, 59, 72, 8, 32, 10, 13, 65), { maxLength: 60 }).map((some) => Uint8Array.from(some)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, terminal) => {
      return mask(set, pieces, terminal) === Buffer.concat(pieces).toString("latin1");
    }),
    { numRuns: 1000 },
  );
  t.end();
});

t.test("what almost is a secret passes byte for byte, in any pieces", (t) => {
  const all = secrets(12);
  const set = maskSet(all);
  const near = fc
    .constantFrom(...all)
    .chain(({ bytes: value }) => fc.nat({ max: value.length - 1 }).map((at) => bytesToText(value.slice(0, Math.min(at, 7)))));
  const filler = fc.constantFrom("\x1b[0m", "\n", " ", "\x00", "‹");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(near, filler), { maxLength: 12 }),
      fc.array(fc.nat({ max: 200 }), { maxLength: 6 }),
      (parts, cuts) => {
        const text = latin(parts.flatMap(([a, b]) => [a, b]).join("#"));
        const sorted = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const pieces = sorted.slice(1).map((cut, i) => text.slice(sorted[i], cut));
        return mask(set, pieces) === bytesToText(text);
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

t.test("overlapping secrets and a secret that begins another are masked whole", (t) => {
  const [a, b, c] = ["k9Xw2mQ7pL4z", "pL4zT6vB8nR3", "k9Xw2mQ7pL4zAAh5Gd"];
  const set = maskSet([
    { name: "A", bytes: bytes(a) },
    { name: "B", bytes: bytes(b) },
    { name: "C", bytes: bytes(c) },
  ]);
  const cases: [string, string][] = [
    [`x${a}T6vB8nR3y`, `x${label("A")}${label("B")}y`],
    [`x${c}y`, `x${label("C")}y`],
    [`x${c.slice(0, -1)}y`, `x${label("A")}AAh5Gy`],
    [`x${a}${a}y`, `x${label("A")}${label("A")}y`],
  ];
  for (const [text, wanted] of cases) {
    for (let at = 0; at <= text.length; at++) t.equal(mask(set, [latin(text.slice(0, at)), latin(text.slice(at))]), wanted);
  }
  t.end();
});

t.test("a short or guessable secret is masked as a whole word only; a common word never", (t) => {
  const set = maskSet([
    { name: "PIN", bytes: bytes("x7Kq2") },
    { name: "MODE", bytes: bytes("production") },
  ]);
  t.equal(mask(set, [bytes("pin=x7Kq2, ax7Kq2 x7Kq2b production")]), `pin=${label("PIN")}, ax7Kq2 x7Kq2b production`);
  t.equal(mask(set, [bytes("pin=x7K"), bytes("q2")]), `pin=${label("PIN")}`);
  t.equal(mask(set, [bytes("pin=x7Kq2"), bytes("b")]), "pin=x7Kq2b");
  t.end();
});

t.test("a weak secret that everybody may read is not masked, a strong one is", (t) => {
  const all = [
    { name: "DB_PASSWORD", bytes: bytes("alice\n") },
    { name: "TOKEN", bytes: bytes("k9Xw2mQ7pL4z") },
  ];
  const text = "user=alice token=k9Xw2mQ7pL4z";
  t.equal(mask(maskSet(all, new Set(["alice", "k9Xw2mQ7pL4z"])), [bytes(text)]), `user=alice token=${label("TOKEN")}`);
  t.equal(mask(maskSet(all, new Set(["bob"])), [bytes(text)]), `user=${label("DB_PASSWORD")} token=${label("TOKEN")}`);
  t.end();
});

t.test("a stall releases at most min(3, length / 4) bytes of a value, and matching goes on", (t) => {
  const value = "Zq8mT4vWx1Lr7Kp2";
  const set = maskSet([{ name: "KEY", bytes: bytes(value) }]);
  for (let shown = 1; shown < value.length; shown++) {
    const stream = new MaskStream(set);
    let out = Buffer.from(stream.push(bytes(`Password: ${value.slice(0, shown)}`))).toString();
    t.equal(out, "Password: ");
    t.equal(stream.release(10).length, 0, "not before 50 ms");
    out += Buffer.from(stream.release(50)).toString();
    t.equal(out, `Password: ${value.slice(0, Math.min(3, shown))}`, `after ${shown}`);
    t.equal(stream.release(100).length, 0, "no second helping");
    out += Buffer.from(stream.push(bytes(`${value.slice(shown)}!`))).toString();
    out += Buffer.from(stream.flush()).toString();
    t.equal(out, `Password: ${value.slice(0, Math.min(3, shown))}‹zvault:KEY›!`);
  }
  const stream = new MaskStream(set);
  const parts = [stream.push(bytes("Password: Zq8")), stream.release(50), stream.push(bytes(" no\n")), stream.flush()];
  t.equal(Buffer.concat(parts.map((part) => Buffer.from(part))).toString(), "Password: Zq8 no\n", "nothing is lost or doubled");
  t.end();
});

t.test("with stalls anywhere no value leaks more than min(3, length / 4) bytes, and other text is whole", (t) => {
  const all = secrets(8).filter((_, i) => i !== 9);
  const set = maskSet(all);
  const word = fc.oneof(fc.constantFrom(...all.map((one) => bytesToText(one.bytes))), fc.constantFrom("ok", "\n", "Zq", " "));
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 10 }),
      fc.array(fc.tuple(fc.nat({ max: 300 }), fc.boolean()), { maxLength: 12 }),
      (words, cuts) => {
        const text = words.join("~");
        const stream = new MaskStream(set);
        let out = "";
        let from = 0;
        for (const [cut, stall] of [...cuts].sort((a, b) => a[0] - b[0])) {
          out += bytesToText(stream.push(latin(text.slice(from, Math.max(from, cut)))).slice());
          if (stall) out += bytesToText(stream.release(50).slice());
          from = Math.max(from, Math.min(cut, text.length));
        }
        out += bytesToText(stream.push(latin(text.slice(from))).slice()) + bytesToText(stream.flush().slice());
        const leaks = all.some((one) => {
          const value = bytesToText(one.bytes);
          const least = Math.min(3, Math.floor(value.length / 4));
          return words.includes(value) && value.length > 11 && out.includes(value.slice(0, least + 1));
        });
        return !leaks;
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

t.test("hundreds of values with one long common prefix stay linear", (t) => {
  const prefix = "https://hooks.example.test/services/T0001/" + "kq7Zp2".repeat(30);
  const values = Array.from({ length: 300 }, (_, i) => ({ name: `H${i}`, bytes: bytes(`${prefix}${i}xYz`) }));
  // a short value makes the window short, so that the prefix is met and walked at its every beginning
  const set = maskSet([...values, { name: "SHORT", bytes: bytes("t9Kx3Qw8") }]);
  const steps = (text: Uint8Array) => {
    const before = set.tables.reduce((sum, one) => sum + one.steps, 0);
    mask(set, [text]);
    return set.tables.reduce((sum, one) => sum + one.steps, 0) - before;
  };
  const text = (times: number) => bytes(`${prefix}no `.repeat(times));
  const [small, large] = [steps(text(500)), steps(text(4000))];
  t.ok(large < small * 9, `${small} steps for 500, ${large} for 4000`);
  t.ok(large < text(4000).length * 8, `${large} steps for ${text(4000).length} bytes`);
  t.end();
});

t.test("a repeated value without end is shown in parts and does not pile up", (t) => {
  const set = maskSet([{ name: "R", bytes: bytes("abAB12abAB12abAB12") }]);
  const stream = new MaskStream(set);
  let shown = 0;
  for (let i = 0; i < 2000; i++) shown += stream.push(bytes("abAB12".repeat(10))).length;
  t.ok(shown > 0);
  t.notMatch(Buffer.from(stream.flush()).toString(), /abAB12abAB/);
  t.end();
});
