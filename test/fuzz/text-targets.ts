/** Texts that people, projects and repositories write: paths, references, dotenv files, names of projects, key files, shares. */
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import dotenv from "dotenv";
import { parseHead, printHead } from "../../src/envfile/head.ts";
import { expressionsOf, valuesOf } from "../../src/envfile/document.ts";
import { fillLayout, makeLayout, pathsOf } from "../../src/envfile/layout.ts";
import { parse } from "../../src/envfile/parse.ts";
import { print } from "../../src/envfile/print.ts";
import { isSlug, lengthen, projectNameFrom, slugOf } from "../../src/envfile/project.ts";
import { hostsOf } from "../../src/envfile/hosts.ts";
import { parseReference, parseValue, printReference, printTemplate } from "../../src/envfile/reference.ts";
import { toBytes, toText } from "../../src/envfile/text.ts";
import { keyFileLength, makeKeyFile, parseKeyFile } from "../../src/key-file.ts";
import { checkPrefix, parsePath } from "../../src/path.ts";
import { scanText } from "../../src/scan/comments.ts";
import { formatPolicy } from "../../src/policy/format.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import { printPolicy } from "../../src/policy/print.ts";
import { checkShares, parseShare, printShare } from "../../src/vault/share.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { mainWorktree } from "../../src/worktree.ts";
import { expect, type Target } from "./driver.ts";

const decoder = new TextDecoder();
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);
const canonical = /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[A-Za-z0-9._-]{1,128}(?:\/[A-Za-z0-9._-]{1,128}){0,15}$/;

const path: Target = {
  name: "path",
  seeds: ["env/shop/DATABASE_URL", "/env/a/B", "zvault://env/a/B", "a", "a/", `${"a/".repeat(15)}b`, "x".repeat(128)],
  words: ["/", ".", "..", "zvault://", "//", "\0", "é", "%2e"],
  max: 700,
  run(bytes) {
    const text = textOf(bytes);
    try {
      const found = parsePath(text);
      expect(canonical.test(found) && found.length <= 512, `${JSON.stringify(found)} is let through`);
      expect(text.endsWith(found), "a path that was repaired");
    } finally {
      const prefix = checkPrefix(text);
      expect(prefix === text && (text === "" || canonical.test(text.replace(/\/$/, ""))), `prefix ${JSON.stringify(text)}`);
    }
  },
};

const policy: Target = {
  name: "policy",
  large: 64 * 1024,
  seeds: [
    'path "env/*" { capabilities = ["list", "use"] } # why\npath "a/+/b*" {\n  capabilities = ["deny",]\n}',
    '{"path": {"env/*": {"capabilities": ["create", "read"]}, "+": {"capabilities": []}}}',
  ],
  words: ["path", "capabilities", '["', '"]', "{", "}", "=", ",", ":", "/*", "*/", "//", "#", "+", "*", '\\"', "\n", "deny", "${"],
  max: 4096,
  run(bytes) {
    const rules = parsePolicy(textOf(bytes));
    expect(
      JSON.stringify(parsePolicy(printPolicy(rules))) === JSON.stringify(rules),
      `${JSON.stringify(rules)} is read back otherwise`,
    );
    const formatted = formatPolicy(textOf(bytes));
    expect(JSON.stringify(parsePolicy(formatted)) === JSON.stringify(rules), `${formatted} means something else`);
    expect(formatPolicy(formatted) === formatted, `${formatted} is formatted otherwise again`);
  },
};

const reference: Target = {
  name: "reference",
  large: 1024 * 1024,
  seeds: [
    "zvault://env/a/B#field?version=3",
    "postgres://u:${zvault://env/a/B}@host:5432/db",
    "${zvault:NAME}x${zvault:OTHER}",
    "plain $HOME",
  ],
  words: ["zvault://", "${zvault:", "${zvault://", "}", "#", "?version=", "://", "@", "\ue000", "\ue001", "//"],
  max: 4096,
  run(bytes) {
    const text = textOf(bytes);
    const found = parseValue(text);
    if (found.kind === "reference") {
      expect(canonical.test(found.ref.path) && printReference(parseReference(text)) === text, `reference ${JSON.stringify(text)}`);
    } else if (found.kind === "template") {
      expect(printTemplate(found.parts) === text, "a template that does not print as it was read");
      expect(!hostsOf(found.parts).some((host) => /[\ue000\ue001\t\r\n]/.test(host)), "a host with marks in it");
    } else expect(!text.startsWith("zvault://") && !text.includes("${zvault:"), `plain ${JSON.stringify(text)}`);
  },
};

const envSeeds = [
  "A=1\nexport B='two' # c\nC=\"x\\ny\"\nD=`a\nb`\n# E=old\r\nF: yaml\n=x\n",
  'KEY="-----BEGIN\nabc\n-----END"\nURL=postgres://u:p@h/db?x=#frag\nU=ünï\n',
  "# zvault 1 project=shop vault=0123456789abcdef0123456789abcdef\nA=zvault://env/shop/A#f\n",
  `# AWS AKIAIOSFODNN7EXAMPLE token=${"ghp"}_0123456789abcdefghijABCDEFGHIJ012345\n`,
];
const envWords = [
  "export ",
  "=",
  ": ",
  "'",
  '"',
  "`",
  "\\",
  "\\n",
  "#",
  "\r",
  "\r\n",
  "\u2028",
  "\ufeff",
  "\0",
  "__proto__=1",
  "zvault://a/b",
];

const env: Target = {
  name: "env",
  large: 1024 * 1024,
  seeds: envSeeds,
  words: envWords,
  run(bytes) {
    const document = parse(bytes);
    expect(Buffer.compare(print(document), bytes) === 0, "a file that does not print as it was read");
    // dotenv's own expression takes quadratic time on blank lines
    const theirs = bytes.length > 4096 ? [] : Object.entries(dotenv.parse(Buffer.from(bytes)));
    const same = JSON.stringify([...valuesOf(document)]) === JSON.stringify(theirs) || integerNames(theirs, document);
    expect(bytes.length > 4096 || same, "not as dotenv reads it");
    expressionsOf(document);
    const layout = makeLayout(document, (one) => (one.name.length < 100 ? `env/shop/${one.line}` : undefined));
    for (const one of pathsOf(layout.bytes)) expect(canonical.test(one), "a hole without a path");
  },
};

/** An object of dotenv's sorts names that are whole numbers first. */
function integerNames(theirs: [string, string][], document: ReturnType<typeof parse>): boolean {
  const ours = valuesOf(document);
  return theirs.length === ours.size && theirs.every(([name, value]) => ours.get(name) === value);
}

const layout: Target = {
  name: "layout",
  large: 1024 * 1024,
  seeds: envSeeds.map((seed) => makeLayout(parse(toBytes(seed)), (one) => `env/shop/P${one.line}`).bytes),
  words: [
    ...envWords,
    "zvault layout 1\n",
    '\0{"path":"env/a/B","quote":"","ends":"","escapes":false}\0',
    '"quote":"\'"',
    '"ends":"nr"',
    "\0\0",
  ],
  run(bytes) {
    const paths = pathsOf(bytes);
    const values = new Map(paths.map((one, at) => [one, toBytes(["x", "a b", "l1\nl2", "'\"`", "#", "\\n"][at % 6] ?? "")]));
    expect(fillLayout(bytes, values).length <= 40 * bytes.length + 4096, "a file far larger than its layout");
  },
};

const comments: Target = {
  name: "comments",
  large: 1024 * 1024,
  seeds: [...envSeeds, "xoxb-1-2-abc eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijklmnop"],
  words: ["AKIA", "ghp_", "sk_live_", "eyJ", "xoxb-", "-----BEGIN ", "AIza", "password=", "://", "@", "."],
  run(bytes) {
    let end = 0;
    for (const hit of scanText(bytes)) {
      expect(hit.start >= end && hit.end > hit.start && hit.end <= bytes.length && hit.line >= 1, "hits out of bounds or order");
      end = hit.end;
    }
  },
};

const envHead: Target = {
  name: "env-head",
  large: 1024 * 1024,
  seeds: [
    envSeeds[2] ?? "",
    "\ufeff# zvault 1 project=a.b-c vault=00000000000000000000000000000000\r\n",
    "# zvault 2 x",
    "# zvault is nice",
  ],
  words: ["# zvault 1 ", "project=", "vault=", "\ufeff", " ", "\n"],
  max: 2048,
  run(bytes) {
    const head = parseHead(textOf(bytes));
    if (head)
      expect(
        isSlug(head.project) && /^[0-9a-f]{32}$/.test(head.vault) && textOf(bytes).includes(printHead(head)),
        "a head that is none",
      );
  },
};

const projectFiles: Target = {
  name: "project-names",
  large: 1024 * 1024,
  seeds: [
    '0{"name":"@acme/Web App","version":"1.0.0"}',
    "1[project]\nname = \"shop\"\n[tool.poetry]\nname = 'x'\n",
    '2[package]\nname = "crate-name" # c\n',
    "3module example.com/shop/v2\n\ngo 1.22\n",
  ],
  words: ['"name":', "[project]", "[package]", "name = ", "module ", '"', "/", "..", "\0", "{", "[", "é"],
  json: false,
  run(bytes) {
    const text = textOf(bytes.subarray(1));
    const kind = (["packageJson", "pyproject", "cargo", "goMod"] as const)[(bytes[0] ?? 0) % 4] ?? "goMod";
    const name = projectNameFrom({ [kind]: text });
    expect(name === undefined || typeof name === "string", "a name that is no text");
    const slug = slugOf(name ?? text);
    expect(isSlug(slug), `slug ${JSON.stringify(slug)}`);
    const long = lengthen(slug, text.slice(0, 300));
    expect(isSlug(long), `slug ${JSON.stringify(long)}`);
  },
};

const keyFile: Target = {
  name: "key-file",
  seeds: [makeKeyFile(), makeKeyFile().subarray(0, keyFileLength - 1)],
  words: ["zvault-key-1 ", " ", "\n", "0", "f", "F", "\r"],
  max: 400,
  run(bytes) {
    const key = parseKeyFile(bytes);
    expect(key.length === 32, "a key of another length");
    expect(bytes.length >= keyFileLength - 1 && bytes.length <= keyFileLength, "more than one spelling");
  },
};

const vaultId = "0123456789abcdef".repeat(2);
const share = (index: number): string =>
  printShare({ vault: vaultId, slot: "01234567", index, threshold: 2, part: Secret.take(new Uint8Array(33).fill(index)) });

const shareText: Target = {
  name: "share",
  seeds: [share(1), share(255), `  ${share(3)}\n`, share(2).toUpperCase()],
  words: ["zvault-share:1:", ":", "0", "255", "256", " "],
  max: 600,
  run(bytes) {
    const text = textOf(bytes);
    const found = parseShare(text, "share 1");
    try {
      expect(printShare(found) === text.trim(), "more than one spelling");
      checkShares([found], vaultId, "01234567", 1);
    } finally {
      found.part.wipe();
    }
  },
};

/** A real worktree on disk whose `.git` file and back link are written anew for each input. */
function makeWorktree(): { folder: string; run(bytes: Uint8Array): void } {
  const base = fs.realpathSync(fs.mkdtempSync(join(os.tmpdir(), "zvault-fuzz-")));
  process.on("exit", () => fs.rmSync(base, { recursive: true, force: true }));
  const admin = `${base}/main/.git/worktrees/tree`;
  fs.mkdirSync(admin, { recursive: true });
  fs.mkdirSync(`${base}/tree`);
  return {
    folder: base,
    run(bytes) {
      const at = Buffer.from(bytes).indexOf("|");
      const [file, back] =
        at === -1 ? [bytes, new TextEncoder().encode(`${base}/tree/.git\n`)] : [bytes.subarray(0, at), bytes.subarray(at + 1)];
      const placed = (part: Uint8Array): Buffer =>
        Buffer.from(Buffer.from(part).toString("latin1").replaceAll("BASE", base), "latin1");
      fs.writeFileSync(`${base}/tree/.git`, placed(file));
      fs.writeFileSync(`${admin}/gitdir`, placed(back));
      const found = mainWorktree(`${base}/tree`);
      expect(found === undefined || found === `${base}/main`, `a main checkout in ${found}`);
    },
  };
}

let worktree: ReturnType<typeof makeWorktree> | undefined;
const gitFile: Target = {
  name: "git-file",
  seeds: [
    "gitdir: BASE/main/.git/worktrees/tree\n",
    "gitdir: ../main/.git/worktrees/tree\n|BASE/tree/.git\n",
    "gitdir: BASE/main/.git|../../../../tree/.git",
  ],
  words: ["gitdir: ", "BASE", "/worktrees/", "../", "\n", "\0", "|", "/.git"],
  max: 10_000,
  run(bytes) {
    worktree ??= makeWorktree();
    worktree.run(bytes);
  },
};

const byteText: Target = {
  name: "byte-text",
  seeds: ["ünï", new Uint8Array([0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0xc0, 0x80])],
  run: (bytes) => expect(Buffer.compare(toBytes(toText(bytes)), bytes) === 0, "bytes that do not come back"),
};

export const textTargets: readonly Target[] = [
  path,
  policy,
  reference,
  env,
  layout,
  comments,
  envHead,
  projectFiles,
  keyFile,
  shareText,
  gitFile,
  byteText,
];
