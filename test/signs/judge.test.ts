/** The table of environments (environments.json): both directions, each row one real case. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type Ancestor, type Evidence, judge } from "../../src/signs/judge.ts";
import { isMark, longestMark, marksIn, marksOf } from "../../src/signs/marks.ts";
import { kindOf, namesOf } from "../../src/signs/program.ts";

type Link = string | { exe: string; comm: string; argv?: string[]; env?: Record<string, string>; started?: number };
type Row = {
  name: string;
  verdict: string;
  tool?: string;
  evidence?: string[];
  known?: boolean;
  terminal?: boolean;
  env?: Record<string, string>;
  login?: number;
  chain: Link[];
};

const rows = JSON.parse(readFileSync(join(import.meta.dirname, "environments.json"), "utf8")) as Row[];

function ancestor(link: Link): Ancestor {
  if (typeof link !== "string")
    return { exe: link.exe, comm: link.comm, argv: link.argv ?? [], marks: marksOf(link.env ?? {}), started: link.started ?? 5000 };
  return { exe: link, comm: link.slice(link.lastIndexOf("/") + 1).slice(0, 15), argv: [link], marks: {}, started: 5000 };
}

const evidenceOf = (row: Row): Evidence => ({
  known: row.known ?? true,
  marks: marksOf(row.env ?? {}),
  terminal: row.terminal ?? true,
  ancestors: row.chain.map(ancestor),
  ...(row.login === undefined ? {} : { login: row.login }),
});

t.test("every environment of the table has its verdict", async (t) => {
  for (const row of rows) {
    const found = judge(evidenceOf(row));
    t.equal(found.verdict, row.verdict, `${row.name}: ${JSON.stringify(found)}`);
    t.equal(found.tool, row.tool ?? (row.verdict === "sign" ? found.tool : undefined), row.name);
    if (row.evidence) t.strictSame(found.evidence, row.evidence, row.name);
    t.equal(found.evidence.length === 0, row.verdict === "plain", `${row.name}: only a doubt or a sign needs a reason`);
  }
  const count = (verdict: string) => rows.filter((row) => row.verdict === verdict).length;
  t.ok(rows.length >= 30 && count("sign") >= 12 && count("plain") >= 12 && count("ambiguous") >= 8);
  t.ok(new Set(rows.map((row) => row.tool)).size > 12, "at least 12 tools");
});

t.test("a sign stays a sign whatever else is seen", async (t) => {
  const signs = rows.filter((row) => row.verdict === "sign" && row.known !== false);
  const persons = rows.filter((row) => row.verdict !== "sign");
  for (const sign of signs)
    for (const person of persons.slice(0, 12)) {
      // under a person's terminal; the conjunction with a missing terminal needs it to be missing
      const both = { ...evidenceOf(sign), ancestors: [...evidenceOf(sign).ancestors, ...evidenceOf(person).ancestors] };
      t.equal(judge(both).verdict, "sign", `${sign.name} in ${person.name}`);
    }
});

t.test("evidence is short, printable, and each mark is named once", async (t) => {
  const marks = { AI_AGENT: `\u001b]0;${"x".repeat(500)}`, CLAUDECODE: "1" };
  const chain = Array.from({ length: 40 }, (_, at): Ancestor => ({ exe: `/bin/a\n${at}`, comm: "b", argv: [], marks, started: 1 }));
  const found = judge({ known: true, marks, terminal: true, ancestors: chain });
  t.strictSame(found.evidence, ["CLAUDECODE", "AI_AGENT"]);
  const other = judge({ known: true, marks: { AI_AGENT: marks.AI_AGENT }, terminal: true, ancestors: [] });
  t.match(other.tool, /^[\x20-\x7e]{1,64}$/);
  t.strictSame(judge({ known: true, marks: {}, terminal: true, ancestors: chain.slice(0, 1) }).evidence, [
    "CLAUDECODE of a?0",
    "AI_AGENT of a?0",
  ]);
});

t.test("of an environment only what says something is taken, never somebody's value", async (t) => {
  const env = { STRIPE_KEY: "sk_live_1", PAGER: "less -R --token=abc", EDITOR: "vim", HOME: "/home/ann", CLAUDECODE: "a-value" };
  t.strictSame({ ...marksOf(env) }, { CLAUDECODE: "1" });
  t.strictSame({ ...marksIn("CLAUDECODE=1\0CLAUDECODE=\0PATH=/bin\0=x\0CI=true\0broken") }, { CLAUDECODE: "1", CI: "1" });
  t.equal(marksOf({ AI_AGENT: "y".repeat(1000) })["AI_AGENT"]?.length, longestMark);
  t.ok(isMark("CLAUDECODE") && isMark("CI") && !isMark("PATH") && !isMark("toString") && !isMark("__proto__"));
});

t.test("a program is its file, its script behind an interpreter, and what it calls itself", async (t) => {
  const names = (exe: string, argv: string[], comm = "x") => namesOf({ exe, argv, comm });
  t.strictSame(names("/usr/bin/claude (deleted)", []), ["claude", "x"]);
  t.strictSame(names("/usr/bin/node", ["node", "--enable-source-maps", "/x/codex"]), ["node", "codex", "x"]);
  t.strictSame(names("/usr/bin/node", ["node", "-e", "claude"]), ["node", "x"], "code is no script");
  t.strictSame(names("/usr/bin/node", ["node", "--require", "claude"]), ["node", "x"], "nor is a module before it");
  t.strictSame(names("/usr/bin/node", ["node", "/a/node_modules/.bin/../opencode-ai/bin.js"]), ["node", "bin.js", "x"]);
  t.strictSame(names("/usr/bin/node", ["node", "/a/node_modules/opencode-ai/bin.js"]), ["node", "opencode", "x"]);
  t.strictSame(names("/usr/bin/vim", ["vim", "claude"]), ["vim", "x"]);
  t.strictSame(names("", [], "tmux: server"), ["tmux"]);
  t.match(kindOf(["bash", "claude"]), { kind: "tool", name: "claude", tool: "Claude Code" });
  t.match(kindOf(["zvault"]), { kind: "other" });
});
