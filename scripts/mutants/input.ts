/** Bad input: one for each class of test/hostile/classes/index.json. */
import type { Mutants } from "./mutant.ts";

const test = "test/hostile/classes.test.ts";

export const input: Mutants = {
  "input: .. is a segment like another": {
    file: "src/path.ts",
    from: "const whole = /^(?!\\.\\.?(?:\\/|$))[A-Za-z0-9._-]{1,128}(?:\\/(?!\\.\\.?(?:\\/|$))",
    to: "const whole = /^(?!\\.\\.?(?:\\/|$))[A-Za-z0-9._-]{1,128}(?:\\/",
    test,
  },
  "input: a no-break space is trimmed off": {
    file: "src/vault/name.ts",
    from: "if (/[^\\x20-\\x7e]/.test(text))",
    to: "if (/[^\\x20-\\x7e\\u00a0]/.test(text))",
    test,
  },
  "input: a list names what is denied": {
    file: "src/vault/rights.ts",
    from: 'one.grants(["list"], path)',
    to: "one.grants([], path)",
    test,
  },
  "input: a star anywhere in a rule": {
    file: "src/policy/pattern.ts",
    from: 'if (part.includes("*")) return',
    to: 'if (part === "*" && at === 0) return',
    test,
  },
  "input: a second name is as good as the first": {
    file: "src/vault/io.ts",
    from: "if (found.nlink > 1)",
    to: "if (found.nlink > 9)",
    test,
  },
  "input: files that others may read": {
    file: "src/vault/io.ts",
    from: "if ((found.mode & 0o077) !== 0)",
    to: "if ((found.mode & 0o022) !== 0)",
    test,
  },
  "input: bidi and zero-width characters reach the terminal": {
    file: "src/cli/output.ts",
    from: "const unsafe = /[\\p{Cc}\\p{Cf}",
    to: "const unsafe = /[\\p{Cc}",
    test,
  },
  "input: a name twice in JSON, the last one counts": {
    file: "src/frame.ts",
    from: "if (!canonical) throw noFrame(\"the header's JSON",
    to: "if (!canonical && !isRecord(value)) throw noFrame(\"the header's JSON",
    test,
  },
  "input: two shares with one x": {
    file: "src/vault/share.ts",
    from: "for (const key of [`index ${share.index}`, `x ${x}`])",
    to: "for (const key of [`${share.index} ${x}`])",
    test,
  },
  "input: a length below 0": {
    file: "src/frame.ts",
    from: "Number.isSafeInteger(one) && one >= 0 && one <= each",
    to: "Number.isSafeInteger(one) && one <= each",
    test,
  },
  "input: any cost of a passphrase": {
    file: "src/vault/identity.ts",
    from: "kdf[name] < floor[name] || kdf[name] > ceiling[name]",
    to: "kdf[name] < floor[name]",
    test,
  },
  "input: a token from the future": {
    file: "src/vault/tokens/token.ts",
    from: "if (now < token.created - skew)",
    to: "if (now < 0)",
    test,
  },
  "input: a quota is no full disk": {
    file: "src/vault/io.ts",
    from: '    case "EDQUOT":\n',
    to: "",
    test,
  },
  "input: two frames in one packet are one": {
    file: "src/frame-reader.ts",
    from: "while (rest.length > 0 && !this.#dead)",
    to: "while (rest.length > 0 && !this.#dead && done.length === 0)",
    test,
  },
  "input: an agent that can be inspected": {
    file: "src/agent/hardening.ts",
    from: "if (inspectorOpen()) throw",
    to: "if (inspectorOpen() && tracer !== 0) throw",
    test: "test/hostile/executable.test.ts",
  },
  "input: proxies are no danger": {
    file: "src/envfile/dangerous.ts",
    from: "return anyCase.some((pattern) => pattern.test(name));",
    to: "return anyCase.some((pattern) => pattern.test(name) && name === name.toLowerCase());",
    test,
  },
  "input: an error repeats the frame": {
    file: "src/frame.ts",
    from: 'throw noFrame("the header is not JSON");',
    to: "throw noFrame(`the header is not JSON: ${Buffer.from(bytes).toString()}`);",
    test,
  },
  "input: a token is found by its text": {
    file: "src/vault/tokens/text.ts",
    from: "return shaped ? hex(sha256(text)) : undefined;",
    to: 'return shaped ? Buffer.from(text).toString("latin1") : undefined;',
    test: "test/door/tokens.test.ts",
  },
  "input: one value of any size": {
    file: "src/frame.ts",
    from: "one >= 0 && one <= each",
    to: "one >= 0",
    test,
  },
};
